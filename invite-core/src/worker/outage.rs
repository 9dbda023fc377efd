//! A mail provider that is away, and domains that do not answer: pause, and probe.

use std::collections::HashMap;

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
/// So many domains that failed are remembered.
const MOST_DOMAINS: usize = 1_000;

/// What one letter's outcome says about the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The provider answered: it took the letter, refused it permanently, or refused it for now because of an address or
    /// of the letter itself.
    There,
    /// The provider answered that it cannot find the domain.
    NoSuchDomain,
    /// It cannot be reached, or refuses our credentials, or refuses for now without naming an address or the letter: over
    /// its quota, a provider says so of every letter.
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
            // RFC 3463, X.1.2: bad destination system address.
            Outcome::Refused { enhanced: Some(code), .. } if code.subject() == 1 && code.detail() == 2 => {
                Self::NoSuchDomain
            }
            // Subjects 1, 2 and 6 of RFC 3463: the address, the mailbox, the letter. A server that says so is there.
            Outcome::Refused { enhanced: Some(code), .. } if matches!(code.subject(), 1 | 2 | 6) => Self::There,
            Outcome::Refused { refusal: Refusal::Transient, .. }
            | Outcome::Misconfigured { .. }
            | Outcome::Unreachable { .. } => Self::Away,
            Outcome::Unknown { .. } => Self::Unclear,
            Outcome::ComposeFailed { .. } => Self::Nothing,
        }
    }

    const fn is_answer(self) -> bool {
        matches!(self, Self::There | Self::NoSuchDomain)
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
    /// The domains of the letters that began or prolonged the pause. A letter to another one tells more.
    tried: Vec<String>,
    scopes: Scopes,
    /// Domains to which the last letter failed.
    domains: HashMap<String, Domain>,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    rounds: u32,
    until: DateTime<Utc>,
}

impl Pause {
    /// The first pause, or one twice as long as the one before.
    fn after(before: Option<Self>, now: DateTime<Utc>, jitter: u8) -> Self {
        let rounds = before.map_or(1, |pause| pause.rounds.saturating_add(1));
        Self { rounds, until: now + pause(rounds, jitter) }
    }

    /// Also one that would last longer than any does: it began by a clock that was ahead.
    fn is_over(self, now: DateTime<Utc>) -> bool {
        now >= self.until || self.until - now > LONGEST_PAUSE * 2
    }
}

#[derive(Debug)]
struct Domain {
    failed: DeliveryId,
    pause: Option<Pause>,
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
            Some(pause) => u32::from(pause.is_over(now)),
        }
    }

    /// How many letters to this domain may be in hand at this instant, of those that may be at other times.
    pub(super) fn allowance_of(&self, domain: &str, batch: u32, now: DateTime<Utc>) -> u32 {
        match self.domains.get(domain).and_then(|domain| domain.pause) {
            None => batch,
            Some(pause) => u32::from(pause.is_over(now)),
        }
    }

    /// The domains whose letters wait at this instant.
    pub(super) fn paused(&self, now: DateTime<Utc>) -> impl Iterator<Item = &str> {
        let is_paused = move |domain: &Domain| domain.pause.is_some_and(|pause| !pause.is_over(now));
        self.domains.iter().filter(move |(_, domain)| is_paused(domain)).map(|(name, _)| name.as_str())
    }

    /// The domains that a letter should not go to that is to find out whether the provider is back.
    pub(super) fn tried(&self) -> &[String] {
        if self.pause.is_some() { &self.tried } else { &[] }
    }

    /// Hears what became of letters that ended together. If any of them says that the provider is there, it is.
    ///
    /// Letters that nobody took begin or prolong a pause only if two of them differ in their domain and in their scope.
    /// The fault may be the domain's, and a tenant who invites people at such domains must not stop the mail of others.
    /// Letters that were handed over before a pause began say nothing about its end. An unclear outcome prolongs a
    /// pause, because each such attempt may be a duplicate mail, but begins none.
    ///
    /// A domain pauses by itself when two letters to it fail one after the other.
    pub(super) fn hear(&mut self, letters: &[Heard], now: DateTime<Utc>, jitter: u8) {
        for letter in letters {
            self.scopes.see(&letter.scope);
            self.hear_of_domain(letter, now, jitter);
        }
        if letters.iter().any(|letter| letter.sign.is_answer()) {
            self.suspect = None;
            if self.pause.take().is_some() {
                tracing::info!("the mail provider is back");
                // They failed because it was away.
                self.domains.clear();
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
        let domains: Vec<_> = all().map(|letter| letter.domain.clone()).collect();
        self.suspect = Some((*last).clone());
        if !is_outage {
            return;
        }
        let pause = Pause::after(self.pause, now, jitter);
        if pause.rounds == 1 {
            tracing::warn!(until = %pause.until, "the mail provider is away: letters wait");
        }
        self.pause = Some(pause);
        self.tried = domains;
    }

    fn hear_of_domain(&mut self, letter: &Heard, now: DateTime<Utc>, jitter: u8) {
        match letter.sign {
            Sign::There => drop(self.domains.remove(&letter.domain)),
            Sign::Away | Sign::NoSuchDomain => {
                if self.domains.len() >= MOST_DOMAINS {
                    self.domains.retain(|_, domain| domain.pause.is_some_and(|pause| now < pause.until));
                }
                if self.domains.len() >= MOST_DOMAINS {
                    self.domains.clear();
                }
                let failed = Domain { failed: letter.delivery, pause: None };
                let domain = self.domains.entry(letter.domain.clone()).or_insert(failed);
                let is_new = domain.pause.is_none_or(|pause| letter.since >= pause.until);
                if is_new && (domain.pause.is_some() || domain.failed != letter.delivery) {
                    domain.pause = Some(Pause::after(domain.pause, now, jitter));
                }
            }
            Sign::Unclear | Sign::Nothing => {}
        }
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
    fn a_domain_that_fails_pauses_alone_and_is_tried_with_one_letter() {
        for sign in [Sign::Away, Sign::NoSuchDomain] {
            let mut outage = Outage::default();
            let dead = |name, since| letter(name, sign, (1, 1), since);
            for _ in 0..2 {
                outage.hear(&[dead(1, NOW)], NOW, 0);
                assert_eq!(outage.allowance_of("d1.example", 4, NOW), 4, "one letter is not two");
            }
            let mut now = NOW;
            for (name, seconds) in (2..).zip([30, 60, 120, 240, 480, 600, 600]) {
                outage.hear(&[dead(name, now)], now, 0);
                let until = now + TimeDelta::seconds(seconds);
                let before = until - TimeDelta::microseconds(1);
                assert_eq!(outage.paused(before).collect::<Vec<_>>(), ["d1.example"]);
                assert_eq!(outage.allowance_of("d1.example", 4, before), 0);
                assert_eq!((outage.paused(until).count(), outage.allowance_of("d1.example", 4, until)), (0, 1));
                assert_eq!(
                    (outage.allowance(8, now), outage.allowance_of("d2.example", 4, now)),
                    (8, 4),
                    "others go on"
                );
                now = until;
            }
            outage.hear(&[dead(99, NOW)], now, 0);
            assert_eq!(outage.allowance_of("d1.example", 4, now), 1, "a letter from before the pause says nothing");
            outage.hear(&[letter(100, Sign::There, (1, 2), now)], now, 0);
            assert_eq!(outage.allowance_of("d1.example", 4, now), 4);
        }
    }

    #[test]
    fn a_probe_goes_to_another_domain_and_a_provider_that_is_back_clears_all() {
        let mut outage = Outage::default();
        assert_eq!(outage.tried(), [""; 0]);
        hears(&mut outage, [(1, Sign::Away), (2, Sign::Away)], NOW);
        assert_eq!(outage.tried(), ["d1.example", "d2.example"]);
        outage.hear(&[letter(3, Sign::Away, (1, 1), NOW)], NOW, 0);
        assert_eq!(outage.paused(NOW).count(), 1);
        hears(&mut outage, [(4, Sign::There)], NOW + FIRST_PAUSE);
        assert_eq!((outage.tried().len(), outage.paused(NOW).count()), (0, 0));
    }

    #[test]
    fn a_flood_of_dead_domains_is_not_remembered_for_ever() {
        let mut outage = Outage::default();
        for name in 0..5_000 {
            outage.hear(&[letter(name, Sign::NoSuchDomain, (name / 2, 1), NOW)], NOW, 0);
        }
        assert!(outage.domains.len() <= MOST_DOMAINS);
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
            (Refusal::Transient, "4.1.2", Sign::NoSuchDomain),
            (Refusal::Transient, "4.1.1", Sign::There),
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
