//! How long the parts of a hand-over may take.

use std::time::Duration;

use tokio::time::Instant;

/// The parts, and all of it; [`SmtpServer`](super::SmtpServer) has their documentation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) command: Duration,
    pub(super) last: Duration,
    pub(super) total: Option<Duration>,
}

impl Limits {
    /// How long an answer to QUIT is waited for at most.
    const LEAVE: Duration = Duration::from_secs(1);
    /// The connection itself, and TLS on it.
    const CONNECTS: u32 = 2;
    /// Waiting for a free connection; RSET, MAIL, RCPT and DATA on one that turns out to be dead;
    /// the greeting, EHLO, STARTTLS, EHLO and AUTH, MAIL, RCPT, DATA and the letter on a new one;
    /// QUIT.
    const COMMANDS: u32 = 1 + 4 + 9 + 1;

    /// The longest a hand-over can take.
    pub(super) fn longest(&self) -> Duration {
        let connects = self.connect.saturating_mul(Self::CONNECTS);
        let commands = self.command.saturating_mul(Self::COMMANDS);
        let parts = connects.saturating_add(commands).saturating_add(self.last);
        self.total.map_or(parts, |total| parts.min(total.saturating_add(Self::LEAVE)))
    }

    /// For a hand-over that begins now.
    pub(super) fn begin(self) -> Running {
        // An end too far away to be named is none.
        Running { limits: self, end: self.total.and_then(|total| Instant::now().checked_add(total)) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(60),
            last: Duration::from_secs(600),
            total: None,
        }
    }
}

/// The limits of one hand-over: no part may take longer than what is left for all of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    limits: Limits,
    end: Option<Instant>,
}

impl Running {
    pub(super) fn connect(&self) -> Duration {
        self.left(self.limits.connect)
    }

    pub(super) fn command(&self) -> Duration {
        self.left(self.limits.command)
    }

    pub(super) fn last(&self) -> Duration {
        self.left(self.limits.last)
    }

    /// Whether too little is left of the whole to hear what became of the letter once its end is
    /// sent. Until then nothing is lost by giving up; after that nobody may ever know.
    pub(super) fn is_too_late_for_the_end(&self) -> bool {
        self.limits.total.is_some_and(|total| self.last() < self.limits.last.min(total / 4))
    }

    /// For taking leave, when the letter is no longer at stake.
    pub(super) fn leave(&self) -> Duration {
        self.limits.command.min(Limits::LEAVE)
    }

    fn left(&self, limit: Duration) -> Duration {
        self.end.map_or(limit, |end| limit.min(end.saturating_duration_since(Instant::now())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_hand_over_is_the_sum_of_its_parts_or_what_is_given_to_all_of_it() {
        let parts = Limits::default();
        assert_eq!(parts.longest(), Duration::from_secs(2 * 30 + 15 * 60 + 600));
        let short = Limits { total: Some(Duration::from_secs(60)), ..parts };
        assert_eq!(short.longest(), Duration::from_secs(61));
        assert_eq!(Limits { total: Some(Duration::MAX), ..parts }.longest(), parts.longest());
        let longest = Limits { connect: Duration::MAX, command: Duration::MAX, last: Duration::MAX, total: None };
        assert_eq!(longest.longest(), Duration::MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_has_its_own_limit_until_less_is_left_for_all() {
        let short = Limits { total: Some(Duration::from_secs(45)), ..Limits::default() };
        let running = short.begin();
        assert_eq!((running.connect(), running.command()), (Duration::from_secs(30), Duration::from_secs(45)));
        tokio::time::advance(Duration::from_secs(33)).await;
        assert!(!running.is_too_late_for_the_end());
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!((running.connect(), running.last()), (Duration::from_secs(5), Duration::from_secs(5)));
        assert!(running.is_too_late_for_the_end());
        assert!(!Limits { last: Duration::from_secs(5), ..short }.begin().is_too_late_for_the_end());
        tokio::time::advance(Duration::from_secs(40)).await;
        assert_eq!((running.last(), running.leave()), (Duration::ZERO, Duration::from_secs(1)));
        assert_eq!(Limits { total: Some(Duration::MAX), ..short }.begin().last(), Duration::from_secs(600));
    }
}
