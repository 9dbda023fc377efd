//! Every case, by what it is about.

mod addressed;
mod amend;
mod change;
mod claim;
mod damage;
mod filter;
mod find;
mod guard;
mod history;
mod insert;
mod invited;
mod list;
mod open_key;
mod recipient_guard;
mod settle;
mod sweep;
mod token_guard;
mod transactions;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [
        insert::CASES,
        open_key::CASES,
        find::CASES,
        guard::CASES,
        token_guard::CASES,
        recipient_guard::CASES,
        change::CASES,
        amend::CASES,
        history::CASES,
        list::CASES,
        filter::CASES,
        addressed::CASES,
        claim::CASES,
        settle::CASES,
        sweep::CASES,
        transactions::CASES,
        damage::CASES,
        invited::CASES,
    ]
    .concat()
}
