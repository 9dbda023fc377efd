//! Every case, by what it is about.

mod addressed;
mod asking;
mod changing;
mod guard;
mod invited;
mod inviting;
mod links;
mod pages;
mod values;

use super::{case::Case, races};

pub(super) fn all() -> Vec<Case> {
    let mut all = [
        addressed::CASES,
        asking::CASES,
        changing::CASES,
        guard::CASES,
        invited::CASES,
        inviting::CASES,
        links::CASES,
        pages::CASES,
        values::CASES,
    ]
    .concat();
    all.extend(races::all());
    all
}
