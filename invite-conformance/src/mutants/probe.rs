//! What a database must be able to do for a mutant to be any different from the store it is made of.

use chrono::DateTime;
use invite_core::{
    Actor, EventKind, InvitationId, Kind, Policy, Status,
    store::{Change, Dispatch, Guard, Key, NewEvent, Read, RecipientGuard, StoreError, Target, TimeGuard, Transition},
};

use crate::{
    case::{Case, Stop, Verdict, cases},
    erased::{Conn, Db},
    harness::Damage,
    host::world::{Membership, World, committed, new},
};

const PROBES: &[Case] = cases![
    spoiled_rows: "The harness can spoil a row.",
    lost_updates: "At some level a transaction may write though another did since it looked.",
    snapshots: "At the first level a plain read shows what was, and another what is.",
    retries: "At some level a transaction may not write because another did since it looked.",
];

pub(super) const DAMAGE: Case = PROBES[0];
pub(super) const LOOKING: Case = PROBES[1];
pub(super) const SNAPSHOTS: Case = PROBES[2];
pub(super) const RETRY: Case = PROBES[3];

async fn spoiled_rows(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let damaged = committed!(world, tx => db.damage(&mut tx, Damage::DeliveryState, id).await?);
    if damaged { Ok(()) } else { Err(Stop::NotApplicable("no row can be spoiled")) }
}

async fn lost_updates(db: Db) -> Verdict {
    for level in levels(&db)? {
        match look_then_write(&db, level).await {
            Ok(true) => return Ok(()),
            Err(error) if !error.is_retryable() => return Err(error.into()),
            Ok(false) | Err(_) => {}
        }
    }
    Err(Stop::NotApplicable("no transaction writes if another did since it looked"))
}

async fn snapshots(db: Db) -> Verdict {
    levels(&db)?;
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let mut tx = world.begin().await?;
    look(&db, &mut tx, id, Read::Plain).await?;
    let mut other = world.begin().await?;
    let changed = write(&db, &mut other, id).await;
    let changed = if changed.is_ok() { world.commit(other).await } else { world.rollback(other).await };
    let seen = (look(&db, &mut tx, id, Read::Plain).await, look(&db, &mut tx, id, Read::Latest).await);
    world.rollback(tx).await?;
    match (changed, seen) {
        (Ok(()), (Ok(was), Ok(is))) if was != is => Ok(()),
        _ => Err(Stop::NotApplicable("a plain read shows what is, or the latest cannot be read")),
    }
}

async fn retries(db: Db) -> Verdict {
    for level in levels(&db)? {
        match look_then_write(&db, level).await {
            Err(error) if error.is_retryable() => return Ok(()),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    Err(Stop::NotApplicable("no transaction is asked to try again"))
}

fn levels(db: &Db) -> Result<&'static [&'static str], Stop> {
    if db.overlaps() { Ok(db.levels()) } else { Err(Stop::NotApplicable("one transaction at a time")) }
}

/// Two look; one writes and commits; whether the other may write then.
async fn look_then_write(db: &Db, level: &'static str) -> Result<bool, StoreError> {
    let world = World::new(db, Policy::default());
    let mut tx = world.begin().await?;
    let created = world.members.scope(level).create(&mut tx, &world.admin, new("ada@example.com")).await;
    world.commit(tx).await?;
    let id = created.map_err(StoreError::failed)?.id;

    let mut first = db.begin_at(level).await?;
    let looked = look(db, &mut first, id, Read::Plain).await;
    let second = match db.begin_at(level).await {
        Ok(mut second) => look(db, &mut second, id, Read::Plain).await.map(|_| second),
        refused => refused,
    };
    let mut second = match (looked, second) {
        (Ok(_), Ok(second)) => second,
        (_, Err(error)) | (Err(error), Ok(_)) => {
            db.rollback(first).await?;
            return Err(error);
        }
    };
    let wrote = write(db, &mut first, id).await;
    let wrote = if wrote.is_ok() { db.commit(first).await } else { db.rollback(first).await };
    let wrote_too = write(db, &mut second, id).await;
    let ended = if wrote_too.is_ok() { db.commit(second).await } else { db.rollback(second).await };
    wrote?;
    ended?;
    wrote_too
}

/// At which revision it is.
async fn look(db: &Db, conn: &mut Conn, id: InvitationId, read: Read) -> Result<Option<u32>, StoreError> {
    let key = Key::Id { kind: Membership::NAME, scope: None, id };
    Ok(db.find_one(conn, &key, read).await?.map(|found| found.record.revision))
}

async fn write(db: &Db, conn: &mut Conn, id: InvitationId) -> Result<bool, StoreError> {
    let now = DateTime::UNIX_EPOCH;
    let guard = Guard {
        target: Target::Id(id, None),
        kind: Membership::NAME,
        statuses: [Status::Pending; 2],
        now,
        time: TimeGuard::Any,
        recipient: RecipientGuard::Anyone,
        not_resent_between: None,
    };
    let event = NewEvent { kind: EventKind::LinkCreated, actor: &Actor::System, reason: None, at: now };
    let asked = Transition { guard, change: Change::Link, event, dispatch: Dispatch::None };
    Ok(db.apply_one(conn, &asked).await?.is_some())
}
