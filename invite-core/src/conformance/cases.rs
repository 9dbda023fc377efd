//! Every case, by what it is about.

mod addressed;
mod asking;
mod changing;
mod invited;
mod inviting;
mod links;
mod pages;
mod values;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [
        addressed::CASES,
        asking::CASES,
        changing::CASES,
        invited::CASES,
        inviting::CASES,
        links::CASES,
        pages::CASES,
        values::CASES,
    ]
    .concat()
}
