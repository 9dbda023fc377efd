//! Every case, by what it is about.

mod invited;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [invited::CASES].concat()
}
