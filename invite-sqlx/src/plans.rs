//! What the tests of the databases' plans share: how full the tables are, and when it is.

use std::env;

use invite_schema::Sql;

/// Each invitation's number is its id, its token's digest and its place in time.
///
/// `INVITE_TEST_ROWS` sets how many there are; the numbers below need 10,000. `cargo xtask test --long` makes it a
/// million.
pub(crate) fn rows() -> u64 {
    env::var("INVITE_TEST_ROWS").map_or(100_000, |rows| rows.parse().expect("INVITE_TEST_ROWS is a number"))
}

/// An invitation that is pending and not due, of kind `member` in the scope `big`, which holds one
/// in eight.
pub(crate) const OPEN: u64 = 1_768;

/// The one in the middle of that scope: half of a list lies before it.
pub(crate) fn middle(rows: u64) -> u64 {
    rows / 16 * 8
}

/// One with little before it, where the order is by time: there a server may find it cheaper to
/// walk over what lies before the page than to seek.
pub(crate) fn early(rows: u64) -> u64 {
    rows / 800 * 8
}

/// The same from the other end.
pub(crate) fn late(rows: u64) -> u64 {
    rows / 8 * 8 - early(rows)
}

/// A scope like the twenty thousand others, with some fifty invitations when there are a million.
pub(crate) const SMALL: &str = "org:7";

/// The page and the row that tells of another.
pub(crate) const PAGE: u64 = 51;

/// The statement that reads the same page, and of each row only what a list shows.
pub(crate) fn rows_of(all: &[Sql], list: &Sql) -> Option<Sql> {
    all.iter().find(|sql| sql.name().strip_prefix("ROWS_") == Some(list.name())).copied()
}

/// The statements that a test does not name, besides those that look for nothing.
pub(crate) fn forgotten(all: &[Sql], searched: &[&str], look_for_nothing: &[Sql]) -> Vec<&'static str> {
    let named = |sql: &&Sql| {
        searched.contains(&sql.name()) || look_for_nothing.iter().any(|nothing| nothing.name() == sql.name())
    };
    all.iter().filter(|sql| !named(sql)).map(Sql::name).collect()
}

/// What is wrong with a plan, if anything.
#[derive(Default)]
pub(crate) struct Complaints(Vec<String>);

impl Complaints {
    pub(crate) fn unless(&mut self, right: bool, complaint: impl FnOnce() -> String) {
        if !right {
            self.0.push(complaint());
        }
    }

    /// After the database is gone, so that a failure leaves none behind.
    pub(crate) fn assert_none(self) {
        assert!(self.0.is_empty(), "{} complaints\n\n{}", self.0.len(), self.0.join("\n\n"));
    }
}
