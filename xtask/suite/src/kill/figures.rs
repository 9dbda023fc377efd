//! How much was at stake.

use std::{fmt, ops::AddAssign};

/// What the kills met, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// How often something was killed.
    pub kills: usize,
    /// Operations that were answered as done.
    pub done: usize,
    /// Operations that a kill cut short: in hand, or with an unanswered commit.
    pub open: usize,
    /// Those of them that turned out to have happened.
    pub happened: usize,
    /// Letters that left.
    pub letters: usize,
    /// Letters that only left after the kill.
    pub late: usize,
    /// Letters that left twice.
    pub twice: usize,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.done += other.done;
        self.open += other.open;
        self.happened += other.happened;
        self.letters += other.letters;
        self.late += other.late;
        self.twice += other.twice;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, done, open, happened, letters, late, twice } = self;
        write!(
            f,
            "{kills} kills, {done} operations done, {open} cut short of which {happened} had happened; \
             {letters} letters, {late} of them after the kill, {twice} for the second time"
        )
    }
}
