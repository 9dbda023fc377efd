//! What happened, held against what was answered.

pub(super) mod timeline;
