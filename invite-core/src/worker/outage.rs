//! A mail provider that is away, and domains that do not answer: pause, and probe.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::retry::Run;
use crate::{
    actor::Scope,
    id::DeliveryId,
    mailer::{Fault, Outcome, Refusal},
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
    /// The provider answered: it took the letter, or refused it because of an address or of the letter itself.
    There,
    /// The provider answered that it cannot find the domain.
    NoSuchDomain,
    /// It cannot be reached, refuses us, or refuses without naming an address or the letter: over its quota, a provider says
    /// so of every letter.
    Away,
    /// It was there, and then nobody knows.
    Unclear,
    /// Nothing: the letter itself is broken.
    Nothing,
}

impl Sign {
    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Accepted { .. } => Self::There,
            // RFC 3463, X.1.2: bad destination system address.
            Outcome::Refused { refusal: Refusal::Transient, enhanced: Some(code), .. }
                if code.subject() == 1 && code.detail() == 2 =>
            {
                Self::NoSuchDomain
            }
            Outcome::Refused { .. } => match outcome.fault() {
                // A server that says so is there.
                Some(Fault::Recipient | Fault::Content) => Self::There,
                Some(Fault::Sender | Fault::Provider) | None => Self::Away,
            },
            Outcome::Misconfigured { .. } | Outcome::Unreachable { .. } => Self::Away,
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
    /// Whether a server refused it, or us.
    pub(super) refused: bool,
    /// Whose fault that was, and what was said.
    pub(super) fault: Option<Fault>,
    pub(super) reason: Option<String>,
}

impl Heard {
    /// Whether the fault may be ours, so that somebody should look.
    fn accuses_us(&self) -> bool {
        self.refused && matches!(self.fault, Some(Fault::Sender) | None)
    }
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
    /// Whether the provider has ever answered.
    has_answered: bool,
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
    failed: Heard,
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
    /// Says whether somebody should be told: a pause begins or ends, or it is found whose fault it is.
    pub(super) fn hear(&mut self, letters: &[Heard], now: DateTime<Utc>, jitter: u8) -> bool {
        let before = self.alarm();
        self.hear_of_all(letters, now, jitter);
        self.alarm() != before
    }

    fn hear_of_all(&mut self, letters: &[Heard], now: DateTime<Utc>, jitter: u8) {
        for letter in letters {
            self.scopes.see(&letter.scope);
            self.hear_of_domain(letter, now, jitter);
        }
        if letters.iter().any(|letter| letter.sign.is_answer()) {
            (self.suspect, self.has_answered) = (None, true);
            if self.pause.take().is_some() {
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
        self.pause = Some(pause);
        self.tried = domains;
    }

    /// What is known beside this letter, when it is refused.
    pub(super) fn run(&self, delivery: DeliveryId) -> Run {
        match &self.suspect {
            Some(suspect) if suspect.delivery != delivery => Run::GoesOn,
            _ if self.pause.is_some() => Run::GoesOn,
            None if self.has_answered => Run::Broken,
            Some(_) | None => Run::Unknown,
        }
    }

    /// Until when all letters wait, if they do.
    pub(super) fn paused_until(&self) -> Option<DateTime<Utc>> {
        self.pause.map(|pause| pause.until)
    }

    /// How many domains are paused, or tried after a pause.
    pub(super) fn paused_domains(&self) -> usize {
        self.domains.values().filter(|domain| domain.pause.is_some()).count()
    }

    /// The letter that tells what is wrong: of the pause, or else of a domain that refuses us.
    pub(super) fn accuser(&self) -> Option<&Heard> {
        let of_provider = self.suspect.as_ref().filter(|_| self.pause.is_some());
        let paused = self.domains.values().filter(|domain| domain.pause.is_some()).map(|domain| &domain.failed);
        of_provider.or_else(|| paused.filter(|letter| letter.accuses_us()).min_by_key(|letter| letter.delivery))
    }

    /// What somebody is told of when it changes.
    fn alarm(&self) -> (bool, Option<Option<Fault>>) {
        (self.pause.is_some(), self.accuser().map(|letter| letter.fault))
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
                let failed = Domain { failed: letter.clone(), pause: None };
                let domain = self.domains.entry(letter.domain.clone()).or_insert(failed);
                let is_new = domain.pause.is_none_or(|pause| letter.since >= pause.until);
                if is_new && (domain.pause.is_some() || domain.failed.delivery != letter.delivery) {
                    domain.pause = Some(Pause::after(domain.pause, now, jitter));
                    domain.failed = letter.clone();
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
mod tests;
