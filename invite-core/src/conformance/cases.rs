//! Every case, by what it is about.

mod guard;
mod invited;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [guard::CASES, invited::CASES].concat()
}
