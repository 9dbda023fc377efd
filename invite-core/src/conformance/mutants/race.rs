//! Deciding on what was read before: right as long as nobody else is there.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::{
    Mutant, broken,
    edit::again,
    guard::{by_id, row},
    spoil::{Below, Spoil},
};
use crate::{
    conformance::erased::Conn,
    state::Status,
    store::{
        Change, Found, Guard, Insertion, Key, OpenKey, Read, RecipientGuard, StoreError, Target, TimeGuard, Transition,
    },
};

pub(super) const MUTANTS: &[Mutant] = broken![
    "everything is decided on an earlier read", needs LOOKING, []: Looks::new(|guard, _| Guard {
        statuses: [Status::Pending, Status::Accepted],
        time: TimeGuard::Any,
        recipient: RecipientGuard::Anyone,
        not_resent_since: None,
        generation: None,
        ..guard
    });
    "the status is decided on an earlier read", needs LOOKING, []: Looks::new(|guard, _| Guard {
        statuses: [Status::Pending, Status::Accepted],
        ..guard
    });
    "whether a link still works is decided on an earlier read", needs LOOKING, []: Looks::new(by_id);
    "whose address it must be is decided on an earlier read", needs LOOKING, []: Looks::new(|guard, _| Guard {
        recipient: RecipientGuard::Anyone,
        ..guard
    });
    "the time is decided on an earlier read", needs LOOKING, []: Looks::new(|guard, _| Guard {
        time: TimeGuard::Any,
        ..guard
    });
    "the cool-down is decided on an earlier read", needs LOOKING, []: Looks::new(|guard, _| Guard {
        not_resent_since: None,
        ..guard
    });
    "whether there is an open invitation is decided on an earlier read", needs LOOKING, []: LooksForOpen::default();
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
            below.db.find(conn, key, Read::Plain).await?;
            if self.0.load(Ordering::SeqCst) > before + 1 {
                break;
            }
        }
        Ok(())
    }
}

/// Looks, decides, and writes under what is left of the guard.
struct Looks {
    left: for<'a> fn(Guard<'a>, &Found) -> Guard<'a>,
    company: Company,
}

impl Looks {
    fn new(left: for<'a> fn(Guard<'a>, &Found) -> Guard<'a>) -> Self {
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
        };
        let Some(found) = below.db.find(conn, &key, Read::Plain).await? else { return Ok(None) };
        if !asked.guard.holds(&found.record, found.token.as_ref()) {
            return Ok(None);
        }
        self.company.wait(below, conn, &key).await?;
        let guard = (self.left)(asked.guard.clone(), &found);
        let changed = below.db.transition(conn, &Transition { guard, ..again(asked) }).await?;
        Ok(changed.map(|changed| Found { token: found.token, ..changed }))
    }
}

/// Stores no open key, and looks for open invitations itself.
#[derive(Default)]
struct LooksForOpen(Company);

impl LooksForOpen {
    async fn holder(&self, below: &Below, conn: &mut Conn, key: &OpenKey) -> Result<Option<Found>, StoreError> {
        let like: Vec<_> = {
            let past = below.past();
            let same = past.inserted.iter().filter(|(_, other)| other.as_ref() == Some(key));
            same.map(|(record, _)| record.clone()).collect()
        };
        for was in like {
            let key = Key::Id { kind: &was.kind, scope: None, id: was.id };
            let found = below.db.find(conn, &key, Read::Plain).await?;
            let open = |found: &Found| found.record.status.is_open() && found.record.recipient == was.recipient;
            if let Some(found) = found.filter(open) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Spoil for LooksForOpen {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let Some(key) = new.open_key else { return below.db.insert(conn, new).await };
        if self.holder(below, conn, key).await?.is_some() {
            return Ok(false);
        }
        self.0.wait(below, conn, &Key::Open(key)).await?;
        below.db.insert(conn, &Insertion { open_key: None, ..*new }).await
    }

    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        if let Change::Amend { recipient: Some((_, Some(key))), .. } = &asked.change
            && let Some(holder) = self.holder(below, conn, key).await?
            && row(below, conn, &asked.guard).await?.is_some_and(|found| found.record.id != holder.record.id)
        {
            return Ok(None);
        }
        below.db.transition(conn, asked).await
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
            Key::Token(_) | Key::Id { .. } => below.db.find(conn, key, read).await,
        }
    }
}
