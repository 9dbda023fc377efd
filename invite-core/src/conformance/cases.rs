//! Every case, by what it is about.

mod accepting;
mod addressed;
mod again;
mod amend;
mod asking;
mod at_rest;
mod change;
mod changing;
mod expiry;
mod guard;
mod invited;
mod inviting;
mod leases;
mod links;
mod meanwhile;
mod outcomes;
mod pages;
mod recipient_guard;
mod refusals;
mod token_guard;
mod values;
mod worker;

use super::{case::Case, races};

pub(super) fn all() -> Vec<Case> {
    let mut all = [
        accepting::CASES,
        addressed::CASES,
        again::CASES,
        amend::CASES,
        asking::CASES,
        at_rest::CASES,
        change::CASES,
        changing::CASES,
        expiry::CASES,
        guard::CASES,
        invited::CASES,
        inviting::CASES,
        leases::CASES,
        links::CASES,
        meanwhile::CASES,
        outcomes::CASES,
        pages::CASES,
        recipient_guard::CASES,
        refusals::CASES,
        token_guard::CASES,
        values::CASES,
        worker::CASES,
    ]
    .concat();
    all.extend(races::all());
    all
}
