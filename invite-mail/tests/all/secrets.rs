//! What can hold a token cannot be copied, compared, or written out by accident.

use std::fmt::Display;

use invite_mail::{Email, Link};

/// Compiles only while the type does not implement the trait: with the second implementation the
/// method could be either.
macro_rules! is_not {
    ($type:ty: $($bound:path),+) => {$({
        trait Either<Which> {
            fn chosen() {}
        }
        impl<T> Either<()> for T {}
        impl<T: $bound> Either<u8> for T {}
        <$type as Either<_>>::chosen();
    })+};
}

#[test]
fn links_and_mails_cannot_be_copied_compared_or_written_out() {
    is_not!(Link: Clone, Display, PartialEq, serde::Serialize, Into<String>, AsRef<str>);
    is_not!(Email: Clone, Display, PartialEq, serde::Serialize);
}
