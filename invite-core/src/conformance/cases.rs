//! Every case, by what it is about.

mod addressed;
mod amend;
mod asking;
mod change;
mod changing;
mod guard;
mod invited;
mod inviting;
mod links;
mod pages;
mod recipient_guard;
mod token_guard;
mod values;

use super::{case::Case, races};

pub(super) fn all() -> Vec<Case> {
    let mut all = [
        addressed::CASES,
        amend::CASES,
        asking::CASES,
        change::CASES,
        changing::CASES,
        guard::CASES,
        invited::CASES,
        inviting::CASES,
        links::CASES,
        pages::CASES,
        recipient_guard::CASES,
        token_guard::CASES,
        values::CASES,
    ]
    .concat();
    all.extend(races::all());
    all
}
