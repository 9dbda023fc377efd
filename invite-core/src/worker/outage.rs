//! A mail provider that is away: pause, and probe.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    mailer::{Outcome, Refusal},
    store::DeliveryId,
};

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The longest pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);

/// What one letter's outcome says about the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is there: it took the letter, or refused it for good, or for now because of the mailbox.
    There,
    /// It is away, or will not have us, or not now: over its quota, it says so of every letter.
    Away,
    /// It was there, and then nobody knows.
    Unclear,
    /// Nothing: the letter itself is broken.
    Nothing,
}

impl Sign {
    pub(super) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Accepted { .. } | Outcome::Refused { refusal: Refusal::Permanent, .. } => Self::There,
            // A mailbox that is full or busy (RFC 3463, 3.3).
            Outcome::Refused { enhanced: Some(code), .. } if code.subject() == 2 => Self::There,
            Outcome::Refused { refusal: Refusal::Transient, .. }
            | Outcome::Misconfigured { .. }
            | Outcome::Unreachable { .. } => Self::Away,
            Outcome::Unknown { .. } => Self::Unclear,
            Outcome::ComposeFailed { .. } => Self::Nothing,
        }
    }
}

/// What a worker knows of an outage, if there is one.
#[derive(Debug, Default)]
pub(super) struct Outage {
    pause: Option<Pause>,
    /// The last letter that nobody took in a round of which it was all.
    suspect: Option<DeliveryId>,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    rounds: u32,
    until: DateTime<Utc>,
}

impl Outage {
    /// How many letters may be tried at this instant: the batch, none in a pause, one after it.
    pub(super) fn allowance(&self, batch: u32, now: DateTime<Utc>) -> u32 {
        match self.pause {
            None => batch,
            Some(Pause { until, .. }) => u32::from(now >= until),
        }
    }

    /// Hears how a round went. Only a round in which every letter that says anything says that the
    /// provider is away begins a pause; in an outage, what is unclear prolongs it, because each such
    /// try may be a duplicate mail.
    ///
    /// One letter is not enough, however often it is tried: the fault may be its own.
    pub(super) fn hear(&mut self, round: &[(DeliveryId, Sign)], now: DateTime<Utc>, jitter: u8) {
        let mut signs = round.iter().map(|(_, sign)| *sign);
        if signs.any(|sign| sign == Sign::There) {
            self.suspect = None;
            if self.pause.take().is_some() {
                tracing::info!("the mail provider is back");
            }
            return;
        }
        let untaken: Vec<_> = round.iter().filter(|(_, sign)| *sign != Sign::Nothing).collect();
        let unclear = untaken.iter().any(|(_, sign)| *sign == Sign::Unclear);
        if untaken.is_empty() || unclear && self.pause.is_none() {
            return;
        }
        if let [(letter, _)] = untaken[..] {
            let before = self.suspect.replace(*letter);
            if before == Some(*letter) || before.is_none() && self.pause.is_none() {
                return;
            }
        }
        let rounds = self.pause.map_or(1, |pause| pause.rounds.saturating_add(1));
        let until = now + pause(rounds, jitter);
        if rounds == 1 {
            tracing::warn!(%until, "the mail provider is away: letters wait");
        }
        self.pause = Some(Pause { rounds, until });
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
    use uuid::Uuid;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    /// Letters of that name, each with what it says.
    fn round<const N: usize>(letters: [(u128, Sign); N]) -> [(DeliveryId, Sign); N] {
        letters.map(|(name, sign)| (DeliveryId::from_uuid(Uuid::from_u128(name)), sign))
    }

    fn hears<const N: usize>(outage: &mut Outage, letters: [(u128, Sign); N], now: DateTime<Utc>) {
        outage.hear(&round(letters), now, 0);
    }

    #[test]
    fn a_round_of_nothing_but_silence_begins_a_pause_that_doubles_up_to_its_cap() {
        let mut outage = Outage::default();
        hears(&mut outage, [(1, Sign::Away), (2, Sign::Nothing), (3, Sign::Away)], NOW);
        let mut now = NOW;
        for (probe, seconds) in (4..).zip([30, 60, 120, 240, 480, 600, 600]) {
            let until = now + TimeDelta::seconds(seconds);
            assert_eq!(outage.allowance(8, until - TimeDelta::microseconds(1)), 0);
            assert_eq!(outage.allowance(8, until), 1, "a probe");
            now = until;
            hears(&mut outage, [(probe, Sign::Away)], now);
        }
        hears(&mut outage, [(4, Sign::There)], now);
        assert_eq!(outage.allowance(8, now), 8);
    }

    #[test]
    fn one_answer_is_enough_to_go_on() {
        let mut outage = Outage::default();
        hears(&mut outage, [(1, Sign::Away), (2, Sign::There), (3, Sign::Away)], NOW);
        assert_eq!(outage.allowance(8, NOW), 8);
    }

    #[test]
    fn one_letter_is_no_outage_however_often_nobody_takes_it() {
        let mut outage = Outage::default();
        for _ in 0..3 {
            hears(&mut outage, [(1, Sign::Away), (2, Sign::Nothing)], NOW);
            assert_eq!(outage.allowance(8, NOW), 8);
        }
        hears(&mut outage, [(3, Sign::Away)], NOW);
        assert_eq!(outage.allowance(8, NOW), 0, "two letters are");
        // Another may be tried at once, not after twice the time.
        let until = NOW + FIRST_PAUSE;
        hears(&mut outage, [(3, Sign::Away)], until);
        assert_eq!(outage.allowance(8, until), 1);
        hears(&mut outage, [(4, Sign::There)], until);
        hears(&mut outage, [(3, Sign::Away)], until);
        assert_eq!(outage.allowance(8, until), 8, "it is alone again");
    }

    #[test]
    fn a_broken_letter_neither_begins_nor_prolongs_nor_ends_a_pause() {
        let mut outage = Outage::default();
        hears(&mut outage, [], NOW);
        hears(&mut outage, [(1, Sign::Nothing)], NOW);
        hears(&mut outage, [(1, Sign::Nothing), (2, Sign::Nothing)], NOW);
        hears(&mut outage, [(1, Sign::Unclear), (2, Sign::Unclear)], NOW);
        hears(&mut outage, [(1, Sign::Unclear), (2, Sign::Away), (3, Sign::Away)], NOW);
        assert_eq!(outage.allowance(8, NOW), 8);
        hears(&mut outage, [(1, Sign::Away), (2, Sign::Away)], NOW);
        let until = NOW + FIRST_PAUSE;
        hears(&mut outage, [], until);
        hears(&mut outage, [(3, Sign::Nothing)], until);
        assert_eq!(outage.allowance(8, until), 1);
        hears(&mut outage, [(4, Sign::Unclear)], until);
        assert_eq!(outage.allowance(8, until + FIRST_PAUSE), 0, "what is unclear prolongs it");
    }

    #[test]
    fn not_now_speaks_of_the_provider_unless_it_is_the_mailbox() {
        let refused = |refusal, enhanced: &str| {
            let enhanced = crate::mailer::EnhancedCode::parse(enhanced);
            Sign::of(&Outcome::Refused { refusal, code: None, enhanced, text: String::new() })
        };
        for (refusal, enhanced, sign) in [
            (Refusal::Transient, "4.2.2", Sign::There),
            (Refusal::Transient, "4.7.0", Sign::Away),
            (Refusal::Transient, "", Sign::Away),
            (Refusal::Permanent, "5.1.1", Sign::There),
            (Refusal::Permanent, "", Sign::There),
        ] {
            assert_eq!(refused(refusal, enhanced), sign, "{refusal:?} {enhanced}");
        }
    }

    #[test]
    fn a_pause_has_up_to_a_quarter_of_jitter() {
        assert_eq!(pause(1, 0), FIRST_PAUSE);
        assert_eq!(pause(u32::MAX, 255), LONGEST_PAUSE + LONGEST_PAUSE / 4);
    }
}
