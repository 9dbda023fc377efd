//! Every case, by what it is about.

mod accepting;
mod addressed;
mod addressed_to;
mod again;
mod amend;
mod asking;
mod at_rest;
mod change;
mod changing;
mod claim;
mod damage;
mod expiry;
mod filter;
mod find;
mod guard;
mod history;
mod insert;
mod invited;
mod inviting;
mod leases;
mod links;
mod list;
mod meanwhile;
mod notices;
mod open_key;
mod orders;
mod outcomes;
mod pages;
mod recipient_guard;
mod refusals;
mod reminders;
mod reports;
mod settle;
mod sweep;
mod token_guard;
mod transactions;
mod values;
mod worker;

use super::{case::Case, races};

pub(super) fn all() -> Vec<Case> {
    let mut all = [
        accepting::CASES,
        addressed::CASES,
        addressed_to::CASES,
        again::CASES,
        amend::CASES,
        asking::CASES,
        at_rest::CASES,
        change::CASES,
        changing::CASES,
        claim::CASES,
        damage::CASES,
        expiry::CASES,
        filter::CASES,
        find::CASES,
        guard::CASES,
        history::CASES,
        insert::CASES,
        invited::CASES,
        inviting::CASES,
        leases::CASES,
        links::CASES,
        list::CASES,
        meanwhile::CASES,
        notices::CASES,
        open_key::CASES,
        orders::CASES,
        outcomes::CASES,
        pages::CASES,
        recipient_guard::CASES,
        refusals::CASES,
        reminders::CASES,
        reports::CASES,
        settle::CASES,
        sweep::CASES,
        token_guard::CASES,
        transactions::CASES,
        values::CASES,
        worker::CASES,
    ]
    .concat();
    all.extend(races::all());
    all
}
