//! Cases that call the store directly, and compare its answers with what the contract's own functions say.

mod addressed_to;
mod amend;
mod change;
mod counting;
mod crowd;
mod damage;
pub(crate) mod direct;
mod erasure;
mod filter;
mod find;
mod finding;
mod guard;
mod history;
mod insert;
mod lease;
mod list;
mod notices;
mod of_address;
mod open_key;
mod purge;
mod recipient_guard;
mod reminders;
mod removal;
mod reports;
pub(crate) mod rows;
mod settle;
mod several;
mod sweep;
mod together;
mod token_guard;
mod transactions;
mod turns;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    [
        addressed_to::CASES,
        of_address::CASES,
        amend::CASES,
        change::CASES,
        counting::CASES,
        lease::CASES,
        damage::CASES,
        erasure::CASES,
        filter::CASES,
        find::CASES,
        finding::CASES,
        guard::CASES,
        history::CASES,
        insert::CASES,
        list::CASES,
        notices::CASES,
        open_key::CASES,
        purge::CASES,
        recipient_guard::CASES,
        reminders::CASES,
        removal::CASES,
        reports::CASES,
        settle::CASES,
        several::CASES,
        sweep::CASES,
        together::CASES,
        token_guard::CASES,
        transactions::CASES,
        turns::CASES,
    ]
    .concat()
}
