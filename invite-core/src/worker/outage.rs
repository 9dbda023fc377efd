//! A mail provider that is away: pause, and probe.

use chrono::{DateTime, TimeDelta, Utc};

use crate::mailer::Outcome;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The longest pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);

/// What one letter's outcome says about the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is there: it took the letter, or refused it in so many words.
    There,
    /// It is away, or will not have us.
    Away,
    /// It was there, and then nobody knows.
    Unclear,
    /// Nothing: the letter itself is broken.
    Nothing,
}

impl Sign {
    pub(super) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Accepted { .. } | Outcome::Refused { .. } => Self::There,
            Outcome::Misconfigured { .. } | Outcome::Unreachable { .. } => Self::Away,
            Outcome::Unknown { .. } => Self::Unclear,
            Outcome::Unwritable { .. } => Self::Nothing,
        }
    }
}

/// What a worker knows of an outage, if there is one.
#[derive(Debug, Default)]
pub(super) struct Outage(Option<Pause>);

#[derive(Debug, Clone, Copy)]
struct Pause {
    rounds: u32,
    until: DateTime<Utc>,
}

impl Outage {
    /// How many letters may be tried at this instant: the batch, none in a pause, one after it.
    pub(super) fn allowance(&self, batch: u32, now: DateTime<Utc>) -> u32 {
        match self.0 {
            None => batch,
            Some(Pause { until, .. }) => u32::from(now >= until),
        }
    }

    /// Hears how a round went. Only a round in which every letter that says anything says that the
    /// provider is away begins a pause; in an outage, what is unclear prolongs it, because each such
    /// try may be a duplicate mail.
    pub(super) fn hear(&mut self, signs: &[Sign], now: DateTime<Utc>, jitter: u8) {
        let (there, away, unclear) =
            (signs.contains(&Sign::There), signs.contains(&Sign::Away), signs.contains(&Sign::Unclear));
        if there {
            if self.0.take().is_some() {
                tracing::info!("the mail provider is back");
            }
        } else if away && (!unclear || self.0.is_some()) || unclear && self.0.is_some() {
            let rounds = self.0.map_or(1, |pause| pause.rounds.saturating_add(1));
            let until = now + pause(rounds, jitter);
            if rounds == 1 {
                tracing::warn!(%until, "the mail provider is away: letters wait");
            }
            self.0 = Some(Pause { rounds, until });
        }
    }
}

/// Doubles up to the cap, and spreads over a quarter, so that several workers do not probe at once.
fn pause(rounds: u32, jitter: u8) -> TimeDelta {
    let doublings = rounds.saturating_sub(1).min(16);
    let pause = (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
    pause + pause / 4 * i32::from(jitter) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn a_round_of_nothing_but_silence_begins_a_pause_that_doubles_up_to_its_cap() {
        let mut outage = Outage::default();
        let mut now = NOW;
        for seconds in [30, 60, 120, 240, 480, 600, 600] {
            outage.hear(&[Sign::Away, Sign::Nothing, Sign::Away], now, 0);
            let until = now + TimeDelta::seconds(seconds);
            assert_eq!(outage.allowance(8, until - TimeDelta::microseconds(1)), 0);
            assert_eq!(outage.allowance(8, until), 1, "a probe");
            now = until;
        }
        outage.hear(&[Sign::There], now, 0);
        assert_eq!(outage.allowance(8, now), 8);
    }

    #[test]
    fn one_answer_is_enough_to_go_on() {
        let mut outage = Outage::default();
        outage.hear(&[Sign::Away, Sign::There, Sign::Away], NOW, 0);
        assert_eq!(outage.allowance(8, NOW), 8);
    }

    #[test]
    fn a_broken_letter_neither_begins_nor_prolongs_nor_ends_a_pause() {
        let mut outage = Outage::default();
        for signs in [&[][..], &[Sign::Nothing], &[Sign::Unclear], &[Sign::Unclear, Sign::Away]] {
            outage.hear(signs, NOW, 0);
            assert_eq!(outage.allowance(8, NOW), 8, "{signs:?}");
        }
        outage.hear(&[Sign::Away], NOW, 0);
        let until = NOW + FIRST_PAUSE;
        for signs in [&[][..], &[Sign::Nothing]] {
            outage.hear(signs, until, 0);
            assert_eq!(outage.allowance(8, until), 1, "{signs:?}");
        }
        outage.hear(&[Sign::Unclear], until, 0);
        assert_eq!(outage.allowance(8, until + FIRST_PAUSE), 0, "what is unclear prolongs it");
    }

    #[test]
    fn a_pause_has_up_to_a_quarter_of_jitter() {
        assert_eq!(pause(1, 0), FIRST_PAUSE);
        assert_eq!(pause(u32::MAX, 255), LONGEST_PAUSE + LONGEST_PAUSE / 4);
    }
}
