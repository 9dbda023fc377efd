//! How long the parts of a hand-over may take.

use std::time::Duration;

/// The parts; [`SmtpServer`](super::SmtpServer) has their documentation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) command: Duration,
    pub(super) last: Duration,
}

impl Limits {
    /// How long an answer to QUIT is waited for at most.
    pub(super) const LEAVE: Duration = Duration::from_secs(1);
    /// The connection itself, and TLS on it.
    const CONNECTS: u32 = 2;
    /// Waiting for a free connection; RSET, MAIL, RCPT and DATA on one that turns out to be dead;
    /// the greeting, EHLO, STARTTLS, EHLO and AUTH, MAIL, RCPT, DATA and the letter on a new one;
    /// QUIT.
    const COMMANDS: u32 = 1 + 4 + 9 + 1;

    /// The longest a hand-over can take.
    pub(super) fn sum(&self) -> Duration {
        let connects = self.connect.saturating_mul(Self::CONNECTS);
        let commands = self.command.saturating_mul(Self::COMMANDS);
        connects.saturating_add(commands).saturating_add(self.last)
    }

    /// All of them shortened in proportion, if need be, so that their sum is no more than this.
    pub(super) fn within(self, total: Duration) -> Self {
        if self.sum() <= total {
            return self;
        }
        // Not of the sum itself, which may have stopped at the largest time there is.
        let parts = [(self.connect, Self::CONNECTS), (self.command, Self::COMMANDS), (self.last, 1)];
        let sum: f64 = parts.iter().map(|(limit, count)| limit.as_secs_f64() * f64::from(*count)).sum();
        let share = total.as_secs_f64() / sum;
        let Self { connect, command, last } = self;
        Self { connect: connect.mul_f64(share), command: command.mul_f64(share), last: last.mul_f64(share) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), command: Duration::from_secs(60), last: Duration::from_secs(600) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_shortened_only_when_they_must_be() {
        let limits = Limits::default();
        assert_eq!(limits.sum(), Duration::from_secs(2 * 30 + 15 * 60 + 600));
        assert_eq!(limits.within(Duration::from_secs(3600)).last, limits.last);
        let short = limits.within(Duration::from_secs(60));
        assert!(short.sum() <= Duration::from_millis(60_001) && short.sum() > Duration::from_secs(59));
        assert!(short.last > short.command);
        let longest = Limits { connect: Duration::MAX, command: Duration::MAX, last: Duration::MAX };
        assert_eq!(longest.sum(), Duration::MAX);
        assert!(longest.within(Duration::from_secs(60)).sum() <= Duration::from_secs(61));
    }
}
