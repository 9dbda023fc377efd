//! Cases that go through `Invitations` and `Worker`, as a host does.

mod accepting;
mod addressed;
mod again;
mod asking;
mod at_rest;
mod changing;
pub(crate) mod deeds;
mod deleting;
mod expiry;
mod fairness;
mod faults;
mod finding;
mod invited;
mod inviting;
mod leases;
mod links;
mod many;
mod meanwhile;
mod orders;
mod outcomes;
mod pages;
mod privacy;
mod refusals;
mod renewing;
mod retention;
mod supporting;
mod values;
mod worker;
pub(crate) mod world;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    [
        accepting::CASES,
        addressed::CASES,
        again::CASES,
        asking::CASES,
        at_rest::CASES,
        changing::CASES,
        deleting::CASES,
        expiry::CASES,
        fairness::CASES,
        faults::CASES,
        finding::CASES,
        invited::CASES,
        inviting::CASES,
        leases::CASES,
        links::CASES,
        many::CASES,
        meanwhile::CASES,
        orders::CASES,
        outcomes::CASES,
        pages::CASES,
        privacy::CASES,
        refusals::CASES,
        renewing::CASES,
        retention::CASES,
        supporting::CASES,
        values::CASES,
        worker::CASES,
    ]
    .concat()
}
