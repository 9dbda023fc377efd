//! Every case, by what it is about.

mod invited;
mod inviting;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [invited::CASES, inviting::CASES].concat()
}
