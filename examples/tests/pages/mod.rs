//! The pages as HTTP shows them: the answers that no browser is needed for.

mod forms;
mod many;
mod misdirected;
mod sessions;
