//! A mail provider that is away: pause, and probe.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    actor::Scope,
    id::DeliveryId,
    mailer::{Outcome, Refusal},
};

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// A pause never lasts longer than this, jitter aside.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);

/// What one letter's outcome says about the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The provider answered: it took the letter, refused it permanently, or refused it for now because of an address or
    /// of the letter itself.
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
            // Subjects 1, 2 and 6 of RFC 3463: the address, the mailbox, the letter. A server that says so is there.
            Outcome::Refused { enhanced: Some(code), .. } if matches!(code.subject(), 1 | 2 | 6) => Self::There,
            Outcome::Refused { refusal: Refusal::Transient, .. }
            | Outcome::Misconfigured { .. }
            | Outcome::Unreachable { .. } => Self::Away,
            Outcome::Unknown { .. } => Self::Unclear,
            Outcome::ComposeFailed { .. } => Self::Nothing,
        }
    }
}

/// What was heard of one letter.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) delivery: DeliveryId,
    /// The domain of the address it went to.
    pub(super) domain: String,
    pub(super) scope: Scope,
    /// When it was handed over.
    pub(super) since: DateTime<Utc>,
    pub(super) sign: Sign,
}

/// What a worker knows of an outage, if there is one.
#[derive(Debug, Default)]
pub(super) struct Outage {
    pause: Option<Pause>,
    /// The last letter that nobody took, if the provider has not answered since.
    suspect: Option<Heard>,
    scopes: Scopes,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    rounds: u32,
    until: DateTime<Utc>,
}

/// In which scopes there were letters so far.
#[derive(Debug, Default)]
enum Scopes {
    #[default]
    None,
    One(Scope),
    Several,
}

impl Outage {
    /// How many letters may be in hand at this instant: the batch, none in a pause, one after it.
    pub(super) fn allowance(&self, batch: u32, now: DateTime<Utc>) -> u32 {
        match self.pause {
            None => batch,
            Some(Pause { until, .. }) => u32::from(now >= until),
        }
    }

    /// Hears what became of letters that ended together. If any of them says that the provider is there, it is.
    ///
    /// Letters that nobody took begin or prolong a pause only if two of them differ in their domain and in their scope.
    /// The fault may be the domain's, and a tenant who invites people at such domains must not stop the mail of others.
    /// Letters that were handed over before a pause began say nothing about its end. An unclear outcome prolongs a
    /// pause, because each such attempt may be a duplicate mail, but begins none.
    pub(super) fn hear(&mut self, letters: &[Heard], now: DateTime<Utc>, jitter: u8) {
        for letter in letters {
            self.scopes.see(&letter.scope);
        }
        if letters.iter().any(|letter| letter.sign == Sign::There) {
            self.suspect = None;
            if self.pause.take().is_some() {
                tracing::info!("the mail provider is back");
            }
            return;
        }
        let begun = self.pause.map(|pause| pause.until);
        let said = letters.iter().filter(|letter| letter.sign != Sign::Nothing);
        let untaken: Vec<_> = said.filter(|letter| begun.is_none_or(|until| letter.since >= until)).collect();
        let Some(last) = untaken.last() else { return };
        if self.pause.is_none() && untaken.iter().any(|letter| letter.sign == Sign::Unclear) {
            return;
        }
        let all = || untaken.iter().copied().chain(&self.suspect);
        let is_outage = all().any(|one| all().any(|other| self.scopes.tell_apart(one, other)));
        self.suspect = Some((*last).clone());
        if !is_outage {
            return;
        }
        let rounds = self.pause.map_or(1, |pause| pause.rounds.saturating_add(1));
        let until = now + pause(rounds, jitter);
        if rounds == 1 {
            tracing::warn!(%until, "the mail provider is away: letters wait");
        }
        self.pause = Some(Pause { rounds, until });
    }
}

impl Scopes {
    fn see(&mut self, scope: &Scope) {
        match self {
            Self::None => *self = Self::One(scope.clone()),
            Self::One(one) if one == scope => {}
            Self::One(_) | Self::Several => *self = Self::Several,
        }
    }

    /// Whether a fault that both letters share is more than a domain's or a scope's.
    fn tell_apart(&self, one: &Heard, other: &Heard) -> bool {
        let is_one_scope = !matches!(self, Self::Several);
        one.delivery != other.delivery && one.domain != other.domain && (is_one_scope || one.scope != other.scope)
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

    /// Letters of that name, each with what it says, to a domain and in a scope of its own.
    fn letters_at<const N: usize>(letters: [(u128, Sign); N], since: DateTime<Utc>) -> [Heard; N] {
        letters.map(|(name, sign)| letter(name, sign, (name, name), since))
    }

    fn letter(name: u128, sign: Sign, (domain, scope): (u128, u128), since: DateTime<Utc>) -> Heard {
        let delivery = DeliveryId::from_uuid(Uuid::from_u128(name));
        Heard { delivery, domain: format!("d{domain}.example"), scope: Scope::new(scope), since, sign }
    }

    fn hears<const N: usize>(outage: &mut Outage, letters: [(u128, Sign); N], now: DateTime<Utc>) {
        outage.hear(&letters_at(letters, now), now, 0);
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
        let until = NOW + FIRST_PAUSE;
        hears(&mut outage, [(4, Sign::There)], until);
        hears(&mut outage, [(3, Sign::Away)], until);
        assert_eq!(outage.allowance(8, until), 8, "it is alone again");
    }

    #[test]
    fn neither_a_domain_nor_a_scope_stops_the_others() {
        let mut outage = Outage::default();
        // Scope 7 has been seen.
        outage.hear(&[letter(9, Sign::There, (9, 7), NOW)], NOW, 0);
        let dead_domain: Vec<_> = (10..30).map(|name| letter(name, Sign::Away, (1, name), NOW)).collect();
        outage.hear(&dead_domain, NOW, 0);
        assert_eq!(outage.allowance(8, NOW), 8, "one domain in many scopes");
        let mut outage = Outage::default();
        outage.hear(&[letter(9, Sign::There, (9, 7), NOW)], NOW, 0);
        let one_tenant: Vec<_> = (10..30).map(|name| letter(name, Sign::Away, (name, 1), NOW)).collect();
        outage.hear(&one_tenant, NOW, 0);
        assert_eq!(outage.allowance(8, NOW), 8, "many domains in one scope of several");
        outage.hear(&[letter(31, Sign::Away, (31, 2), NOW)], NOW, 0);
        assert_eq!(outage.allowance(8, NOW), 0, "another domain in another scope");
    }

    #[test]
    fn any_two_of_the_letters_may_differ() {
        let mut outage = Outage::default();
        let away = |name, of| letter(name, Sign::Away, of, NOW);
        outage.hear(&[away(1, (1, 1)), away(2, (1, 2)), away(3, (2, 1))], NOW, 0);
        assert_eq!(outage.allowance(8, NOW), 0, "the second and the third");
    }

    #[test]
    fn the_letters_of_one_tenant_do_not_prolong_a_pause() {
        let mut outage = Outage::default();
        hears(&mut outage, [(1, Sign::Away), (2, Sign::Away)], NOW);
        let until = NOW + FIRST_PAUSE;
        for name in 3..20 {
            outage.hear(&[letter(name, Sign::Away, (name, 2), until)], until, 0);
            assert_eq!(outage.allowance(8, until), 1, "another letter is tried at once");
        }
    }

    #[test]
    fn where_there_is_one_scope_other_domains_are_enough() {
        let mut outage = Outage::default();
        for name in [1, 2] {
            assert_eq!(outage.allowance(8, NOW), 8);
            outage.hear(&[letter(name, Sign::Away, (name, 7), NOW)], NOW, 0);
        }
        assert_eq!(outage.allowance(8, NOW), 0);
    }

    #[test]
    fn letters_from_before_a_pause_do_not_prolong_it() {
        let mut outage = Outage::default();
        hears(&mut outage, [(1, Sign::Away), (2, Sign::Away)], NOW);
        hears(&mut outage, [(3, Sign::Away)], NOW);
        hears(&mut outage, [(4, Sign::Away)], NOW);
        assert_eq!(outage.allowance(8, NOW + FIRST_PAUSE), 1);
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
    fn not_now_speaks_of_the_provider_unless_it_is_an_address_or_the_letter() {
        let refused = |refusal, enhanced: &str| {
            let enhanced = crate::mailer::EnhancedCode::parse(enhanced);
            Sign::of(&Outcome::Refused { refusal, code: None, enhanced, text: String::new() })
        };
        for (refusal, enhanced, sign) in [
            (Refusal::Transient, "4.2.2", Sign::There),
            // What mail servers say of any domain that does not answer.
            (Refusal::Transient, "4.1.2", Sign::There),
            (Refusal::Transient, "4.6.1", Sign::There),
            (Refusal::Transient, "4.3.2", Sign::Away),
            (Refusal::Transient, "4.4.1", Sign::Away),
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
