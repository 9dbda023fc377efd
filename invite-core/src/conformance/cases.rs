//! Every case, by what it is about.

mod guard;
mod invited;

use super::{case::Case, races};

pub(super) fn all() -> Vec<Case> {
    let mut all = [guard::CASES, invited::CASES].concat();
    all.extend(races::all());
    all
}
