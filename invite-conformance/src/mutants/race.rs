//! Deciding on what was read before: right as long as nobody else is there.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use invite_core::{
    EmailAddress, InvitationId, Record, Status,
    store::{
        Change, Found, Guard, Insertion, Key, OpenKey, Read, RecipientGuard, StoreError, Target, TimeGuard, Transition,
    },
};

use super::{
    Mutant, broken,
    edit::again,
    guard::by_id,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "everything is decided on an earlier read", needs LOOKING,
    ["races::of_many_acceptances_of_one_invitation_exactly_one_happens"]: Looks::new(|guard, found| {
        let loose = Guard {
            time: TimeGuard::Any,
            recipient: RecipientGuard::Anyone,
            not_resent_between: None,
            ..by_id(guard, found)
        };
        Status::ALL.map(|status| Guard { statuses: [status; 2], ..loose.clone() }).into()
    });
    "the status is decided on an earlier read", needs LOOKING,
    ["races::of_many_acceptances_of_one_invitation_exactly_one_happens"]: Looks::new(|guard, _| {
        Status::ALL.map(|status| Guard { statuses: [status; 2], ..guard.clone() }).into()
    });
    "whether a link still works is decided on an earlier read", needs LOOKING,
    ["races::a_link_that_was_retired_while_an_acceptance_waited_opens_nothing"]: Looks::new(|guard, found| {
        vec![Guard { recipient: RecipientGuard::Anyone, ..by_id(guard, found) }]
    });
    "whose address it must be is decided on an earlier read", needs LOOKING,
    ["races::whose_address_was_taken_away_meanwhile_does_not_accept"]: Looks::new(|guard, _| {
        vec![Guard { recipient: RecipientGuard::Anyone, ..guard }]
    });
    "the time is decided on an earlier read", needs LOOKING,
    ["races::an_end_that_is_moved_while_an_acceptance_waits_is_the_end_it_heeds"]: Looks::new(|guard, _| {
        vec![Guard { time: TimeGuard::Any, ..guard }]
    });
    "the cool-down is decided on an earlier read", needs LOOKING,
    ["races::of_many_resends_within_the_cool_down_one_happens_with_one_letter"]: Looks::new(|guard, _| {
        vec![Guard { not_resent_between: None, ..guard }]
    });
    "whether there is an open invitation is decided on an earlier read", needs LOOKING,
    ["races::of_many_creations_for_one_address_one_happens_and_its_letter_alone_is_mailed"]: LooksForOpen::default();
];

/// Waits a little for others that look meanwhile, so that they decide on the same.
#[derive(Default)]
struct Company(AtomicUsize);

impl Company {
    /// Looks more often than it must, until somebody else has looked or it has waited long enough.
    async fn wait(&self, below: &Below, conn: &mut Conn, key: &Key<'_>) -> Result<(), StoreError> {
        const LOOKS: usize = 20;
        let before = self.0.fetch_add(1, Ordering::SeqCst);
        for _ in 0..LOOKS {
            below.db.find_one(conn, key, Read::Plain).await?;
            if self.0.load(Ordering::SeqCst) > before + 1 {
                break;
            }
        }
        Ok(())
    }
}

/// Looks and decides; if the guard holds no more when it writes, writes under what is left of it.
struct Looks {
    left: Loosen,
    company: Company,
}

type Loosen = for<'a> fn(Guard<'a>, &Found) -> Vec<Guard<'a>>;

impl Looks {
    fn new(left: Loosen) -> Self {
        Self { left, company: Company::default() }
    }
}

#[async_trait]
impl Spoil for Looks {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let key = match asked.guard.target {
            Target::Token(digest) => Key::Token(digest),
            Target::Id(id, scope) => Key::Id { kind: asked.guard.kind, scope, id },
            Target::Delivery(_) => return below.db.apply_one(conn, asked).await,
        };
        let Some(found) = below.db.find_one(conn, &key, Read::Plain).await? else { return Ok(None) };
        if !asked.guard.holds(&found.record, found.token.as_ref()) {
            return Ok(None);
        }
        self.company.wait(below, conn, &key).await?;
        let changed = below.db.apply_one(conn, asked).await?;
        if changed.is_some() {
            return Ok(changed);
        }
        for guard in (self.left)(asked.guard.clone(), &found) {
            let changed = below.db.apply_one(conn, &Transition { guard, ..again(asked) }).await?;
            if let Some(changed) = changed {
                return Ok(Some(Found { token: found.token, ..changed }));
            }
        }
        Ok(None)
    }
}

/// Stores no open key, and looks for open invitations itself.
#[derive(Default)]
struct LooksForOpen {
    company: Company,
    keys: Mutex<Vec<Holder>>,
}

/// Which invitation holds a key as long as it has this address.
#[derive(Clone)]
struct Holder {
    key: OpenKey,
    kind: String,
    id: InvitationId,
    recipient: EmailAddress,
}

impl LooksForOpen {
    fn keep(&self, key: &OpenKey, record: &Record) {
        let Record { kind, id, recipient, .. } = record.clone();
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).push(Holder { key: *key, kind, id, recipient });
    }

    async fn holder(&self, below: &Below, conn: &mut Conn, key: &OpenKey) -> Result<Option<Found>, StoreError> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for held in keys.into_iter().filter(|held| held.key == *key) {
            let key = Key::Id { kind: &held.kind, scope: None, id: held.id };
            let found = below.db.find_one(conn, &key, Read::Plain).await?;
            let holds = |found: &Found| found.record.status.is_open() && found.record.recipient == held.recipient;
            if let Some(found) = found.filter(holds) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Spoil for LooksForOpen {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let Some(key) = new.open_key else { return below.db.insert_one(conn, new).await };
        if self.holder(below, conn, key).await?.is_some() {
            return Ok(false);
        }
        self.company.wait(below, conn, &Key::Open(key)).await?;
        let inserted = below.db.insert_one(conn, &Insertion { open_key: None, ..*new }).await?;
        self.keep(key, new.record);
        Ok(inserted)
    }

    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let mut edited = again(asked);
        let Change::Amend { recipient: Some((_, key)), .. } = &mut edited.change else {
            return below.db.apply_one(conn, asked).await;
        };
        let Some(key) = key.take() else { return below.db.apply_one(conn, asked).await };
        if let (Some(holder), Target::Id(id, _)) = (self.holder(below, conn, &key).await?, asked.guard.target)
            && holder.record.id != id
        {
            return Ok(None);
        }
        self.company.wait(below, conn, &Key::Open(&key)).await?;
        let changed = below.db.apply_one(conn, &edited).await?;
        changed.iter().for_each(|changed| self.keep(&key, &changed.record));
        Ok(changed)
    }

    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        match key {
            Key::Open(key) => self.holder(below, conn, key).await,
            Key::Token(_) | Key::Id { .. } | Key::Idempotency(_) | Key::Delivery { .. } | Key::Provider { .. } => {
                below.db.find_one(conn, key, read).await
            }
        }
    }
}
