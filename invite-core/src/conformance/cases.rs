//! Every case, by what it is about.

mod amend;
mod change;
mod guard;
mod invited;
mod recipient_guard;
mod token_guard;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [guard::CASES, token_guard::CASES, recipient_guard::CASES, change::CASES, amend::CASES, invited::CASES].concat()
}
