//! Every case, by what it is about.

mod invited;

use super::{case::Case, races};

pub(super) fn all() -> Vec<Case> {
    let mut all = [invited::CASES].concat();
    all.extend(races::all());
    all
}
