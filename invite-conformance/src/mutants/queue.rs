//! Letters and tokens: what is queued, and what is leased.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Channel, Record, Status, TokenDigest,
    store::{DeliveryId, Dispatch, LeaseRequest, Leased, LeasedLetter, QueueChange, StoreError},
};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
};

pub(super) const MUTANTS: &[Mutant] = broken![
    "no letter is queued",
    ["worker::a_letter_is_sent_once_after_the_commit"]: Edit {
        dispatch: |dispatch| if matches!(dispatch, Dispatch::Letter(_)) { Dispatch::None } else { dispatch },
        ..Edit::NONE
    };
    "a letter is queued for later than it says",
    ["lease::a_letter_is_leased_from_its_instant_on"]: Edit {
        letter: |letter| letter.not_before += TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "a letter is sent before it is due",
    ["lease::a_letter_is_leased_from_its_instant_on"]: Edit {
        letter: |letter| letter.not_before = DateTime::UNIX_EPOCH,
        ..Edit::NONE
    };
    "a postponed letter is tried again at once",
    ["settle::a_letter_that_is_postponed_waits_with_what_is_known_of_it"]: Edit {
        settlement: |settlement| {
            if let QueueChange::Postpone { not_before, .. } = &mut settlement.queue {
                *not_before = DateTime::UNIX_EPOCH;
            }
        },
        ..Edit::NONE
    };
    "a postponed letter waits longer than it should",
    ["settle::a_letter_that_is_postponed_waits_with_what_is_known_of_it"]: Edit {
        settlement: |settlement| {
            if let QueueChange::Postpone { not_before, .. } = &mut settlement.queue {
                *not_before += TimeDelta::microseconds(1);
            }
        },
        ..Edit::NONE
    };
    "a letter is sent twice",
    ["worker::a_letter_is_sent_once_after_the_commit"]: Edit {
        leased: |request, leased| {
            let copies: Vec<_> = leased.letters.iter().filter_map(|letter| {
                let delivery = DeliveryId::from_uuid(uuid::Uuid::from_u128(!letter.delivery.as_uuid().as_u128()));
                request.mint(delivery, &letter.record.kind).ok()?;
                Some(LeasedLetter { delivery, ..letter.clone() })
            }).collect();
            leased.letters.extend(copies);
        },
        ..Edit::NONE
    };
    "a token that was handed out is not stored",
    ["insert::an_insertion_makes_the_token_known_that_it_brings"]: Edit {
        dispatch: |dispatch| if matches!(dispatch, Dispatch::Token(..)) { Dispatch::None } else { dispatch },
        ..Edit::NONE
    };
    "a token that was handed over is stored as mailed",
    ["insert::an_insertion_makes_the_token_known_that_it_brings"]: Edit {
        dispatch: |dispatch| match dispatch {
            Dispatch::Token(digest, _) => Dispatch::Token(digest, Channel::Mail),
            Dispatch::None | Dispatch::Letter(_) => dispatch,
        },
        ..Edit::NONE
    };
    "`lease` stores another digest than the token's",
    ["lease::the_digest_of_each_letter_is_stored_for_its_invitation"]: OtherDigest;
    "`lease` makes a digest up when there is no randomness",
    ["lease::without_randomness_nothing_is_leased"]: MadeUpDigest;
    "a lease ends as it begins",
    ["lease::a_leased_letter_is_nobody_else_s_until_the_lease_has_run_out"]: Edit {
        lease: |request| request.lease_until = request.now,
        ..Edit::NONE
    };
    "a lease ends before it should",
    ["lease::a_leased_letter_is_nobody_else_s_until_the_lease_has_run_out"]: Edit {
        lease: |request| request.lease_until -= TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "a lease lasts through its last instant",
    ["lease::a_leased_letter_is_nobody_else_s_until_the_lease_has_run_out"]: Edit {
        lease: |request| request.lease_until += TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "`lease` takes more letters than its limit",
    ["lease::no_more_letters_are_leased_than_asked_for"]: Edit { lease: |request| request.limit = 1_000, ..Edit::NONE };
    "`lease` takes letters of every kind",
    ["lease::only_letters_of_the_kinds_asked_for_are_leased"]: EveryKind;
    "`lease` takes letters of one kind only",
    ["lease::only_letters_of_the_kinds_asked_for_are_leased"]: Edit {
        lease: |request| request.kinds = request.kinds.get(..1).unwrap_or_default(),
        ..Edit::NONE
    };
    "`lease` takes the newest letters first",
    ["lease::letters_are_leased_oldest_first"]: Edit { leased: |_, leased| leased.letters.reverse(), ..Edit::NONE };
    "`lease` takes letters about what has ended",
    ["worker::letters_of_what_has_ended_are_not_sent"]: Stale::new(|record, _, _| {
        matches!(record.status, Status::Accepted | Status::Rejected | Status::Cancelled)
    });
    "`lease` takes letters about what has expired",
    ["lease::a_letter_is_current_until_the_end_of_its_invitation"]: Stale::new(|record, request, _| {
        record.status == Status::Expired || record.expires_at <= request.now
    });
    "`lease` takes letters of an earlier generation",
    ["worker::letters_of_what_was_resent_meanwhile_are_not_sent"]: Stale::new(|record, request, generation| {
        record.generation > generation && record.status == Status::Pending && record.expires_at > request.now
    });
    "`lease` takes the letters of one scope after the other",
    ["turns::every_scope_has_a_turn_before_any_has_two"]: OneScopeAfterTheOther;
    "turns begin anew at every lease",
    ["turns::turns_go_on_behind_the_scope_of_the_last_one"]: Edit { lease: |request| request.after = None, ..Edit::NONE };
    "`lease` does not say whose turn was the last",
    ["turns::turns_go_on_behind_the_scope_of_the_last_one"]: Edit { leased: |_, leased| leased.last = None, ..Edit::NONE };
    "reminders are leased before invitations",
    ["turns::invitations_are_leased_before_everything_else"]: Edit {
        leased: |_, leased| leased.letters.sort_by_key(|letter| letter.purpose.comes_first()),
        ..Edit::NONE
    };
    "`lease` takes letters to domains that are full",
    ["turns::letters_to_full_domains_are_passed_over"]: Edit { lease: |request| request.full = &[], ..Edit::NONE };
    "`lease` does not ask whether there is room",
    ["turns::a_letter_without_room_stays_in_the_queue_as_it_is"]: Edit {
        lease: |request| request.room = &|_| true,
        ..Edit::NONE
    };
    "the database's clock stands still",
    ["turns::the_database_tells_the_time"]: Stopped;
    "a letter that does not read stops the others", needs DAMAGE,
    ["damage::a_damaged_row_stops_no_other_letter"]: Stops;
    "a letter that does not read is not spoken of", needs DAMAGE,
    ["damage::a_damaged_row_stops_no_other_letter"]: Edit {
        leased: |_, leased| leased.unreadable.clear(),
        ..Edit::NONE
    };
    "`lease` does not say how many letters it threw away",
    ["worker::stale_letters_do_not_keep_a_fresh_one_waiting"]: Edit {
        leased: |_, leased| leased.discarded = 0,
        ..Edit::NONE
    };
    "every attempt is called the first",
    ["lease::every_lease_counts_an_attempt"]: Edit {
        leased: |_, leased| leased.letters.iter_mut().for_each(|letter| letter.attempt = 1),
        ..Edit::NONE
    };
    "refusals are not counted",
    ["settle::a_letter_that_is_postponed_waits_with_what_is_known_of_it"]: Edit {
        settlement: |settlement| {
            if let QueueChange::Postpone { refusals, .. } = &mut settlement.queue {
                *refusals = 0;
            }
        },
        ..Edit::NONE
    };
    "outcomes nobody knows are not counted",
    ["outcomes::what_nobody_knows_is_tried_a_few_times_and_never_fails"]: Edit {
        settlement: |settlement| {
            if let QueueChange::Postpone { unknowns, .. } = &mut settlement.queue {
                *unknowns = 0;
            }
        },
        ..Edit::NONE
    };
];

/// Stores the first of two digests, and leaves the second token to the worker.
struct OtherDigest;

#[async_trait]
impl Spoil for OtherDigest {
    async fn lease(&self, below: &Below, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let minter = |delivery, kind: &str| {
            let digest = request.mint(delivery, kind)?;
            request.mint(delivery, kind)?;
            Ok(digest)
        };
        below.db.lease(&(), &LeaseRequest { minter: &minter, ..*request }).await
    }
}

struct MadeUpDigest;

#[async_trait]
impl Spoil for MadeUpDigest {
    async fn lease(&self, below: &Below, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let minter = |delivery: DeliveryId, kind: &str| {
            let mut made_up = [0; 32];
            made_up[..16].copy_from_slice(delivery.as_uuid().as_bytes());
            Ok(request.mint(delivery, kind).unwrap_or_else(|_| TokenDigest::from_bytes(made_up)))
        };
        below.db.lease(&(), &LeaseRequest { minter: &minter, ..*request }).await
    }
}

struct EveryKind;

#[async_trait]
impl Spoil for EveryKind {
    async fn lease(&self, below: &Below, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let kinds = below.kinds();
        let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
        below.db.lease(&(), &LeaseRequest { kinds: &kinds, ..*request }).await
    }
}

/// Hands out what the store below threw away.
struct Stale {
    though: fn(&Record, &LeaseRequest<'_>, u32) -> bool,
    handed_out: Mutex<HashSet<DeliveryId>>,
}

impl Stale {
    fn new(though: fn(&Record, &LeaseRequest<'_>, u32) -> bool) -> Self {
        Self { though, handed_out: Mutex::default() }
    }
}

#[async_trait]
impl Spoil for Stale {
    async fn lease(&self, below: &Below, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let mut leased = below.db.lease(&(), request).await?;
        let letters = below.past().letters.clone();
        let mut conn = below.db.connect().await?;
        for (letter, queued_for) in letters {
            if leased.discarded == 0 || letter.not_before > request.now {
                continue;
            }
            let Some(record) = below.row(&mut conn, queued_for.id).await? else { continue };
            let fresh = leased.letters.iter().any(|other| other.delivery == letter.delivery);
            if fresh || !(self.though)(&record, request, queued_for.generation) {
                continue;
            }
            if self.handed_out.lock().unwrap_or_else(PoisonError::into_inner).insert(letter.delivery) {
                request.mint(letter.delivery, &record.kind)?;
                leased.discarded -= 1;
                let (delivery, purpose) = (letter.delivery, letter.purpose);
                leased.letters.push(LeasedLetter { delivery, purpose, attempt: 1, refusals: 0, unknowns: 0, record });
            }
        }
        Ok(leased)
    }
}

/// Asks for one letter at a time, and begins at the first scope each time.
struct OneScopeAfterTheOther;

#[async_trait]
impl Spoil for OneScopeAfterTheOther {
    async fn lease(&self, below: &Below, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let mut all = Leased::default();
        for _ in 0..request.limit {
            let leased = below.db.lease(&(), &LeaseRequest { limit: 1, after: None, ..*request }).await?;
            let is_all = leased.letters.is_empty() && leased.discarded == 0 && leased.unreadable.is_empty();
            all.letters.extend(leased.letters);
            all.discarded += leased.discarded;
            all.unreadable.extend(leased.unreadable);
            all.last = leased.last.or(all.last);
            if is_all {
                break;
            }
        }
        Ok(all)
    }
}

struct Stopped;

#[async_trait]
impl Spoil for Stopped {
    async fn now(&self, _: &Below) -> Result<DateTime<Utc>, StoreError> {
        Ok(DateTime::UNIX_EPOCH)
    }
}

struct Stops;

#[async_trait]
impl Spoil for Stops {
    async fn lease(&self, below: &Below, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let mut leased = below.db.lease(&(), request).await?;
        leased.unreadable.pop().map_or(Ok(leased), Err)
    }
}
