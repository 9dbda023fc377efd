//! PostgreSQL.
//!
//! Right at every isolation level. At REPEATABLE READ and SERIALIZABLE a lost race is a
//! serialization failure, which [asks for a retry](invite_core::Error::is_retryable); at READ
//! COMMITTED, the default, it is a refusal, and the transaction goes on. A `BEGIN` sent as SQL is
//! invisible to sqlx, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).
//!
//! sqlx's pool asks each connection whether it is alive before it lends it, one round trip more
//! for every call: `PgPoolOptions::test_before_acquire(false)` spares it.

mod columns;
mod migrate;
#[cfg(test)]
mod plans;
mod sql;
mod worker;

use async_trait::async_trait;
use invite_core::{
    Event, InvitationId, Recipient, Record, Scope, Sort, Status,
    store::{
        AddressedQuery, Change, Dispatch, Found, Guard, Insertion, InvitationStore, Key, ListQuery, NewEvent, Read,
        RenewedLinks, StoreError, Summary, Target, TimeGuard, Transition,
    },
};
use sqlx::{Connection, PgConnection, Postgres, postgres::PgArguments, query::Query};

use crate::{error::classified, row};

pub use migrate::{MIGRATIONS, migrate};

/// The library's own transactions, whatever the pool's default: whoever has waited must see what was
/// done meanwhile.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Invitations in PostgreSQL, through [sqlx].
///
/// Used like [`SqliteStore`](crate::SqliteStore), whose example shows a whole life.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Membership;
/// # impl invite_core::Kind for Membership { const NAME: &'static str = "member"; }
/// use invite_core::{Actor, Invitations, NewInvitation, Policy, Unchecked};
/// use invite_sqlx::{PgStore, postgres};
///
/// let pool = sqlx::PgPool::connect("postgres://localhost/app").await?;
/// postgres::migrate(&pool).await?;
/// let members = Invitations::<_, Membership>::new(PgStore, Policy::default(), Unchecked);
///
/// let mut tx = pool.begin().await?;
/// members.scope(7).create(&mut tx, &Actor::new(1), NewInvitation::new("ada@example.com", Membership)).await?;
/// tx.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct PgStore;

type Statement<'q> = Query<'q, Postgres, PgArguments>;

#[async_trait]
impl InvitationStore for PgStore {
    type Conn = PgConnection;

    fn in_transaction(&self, conn: &mut PgConnection) -> bool {
        conn.is_in_transaction()
    }

    async fn lock_for_write(&self, _: &mut PgConnection) -> Result<(), StoreError> {
        Ok(())
    }

    async fn insert(&self, conn: &mut PgConnection, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let record = new.record;
        let statement = sqlx::query(sql::INSERT)
            .bind(record.id.as_uuid())
            .bind(record.kind.as_str())
            .bind(record.scope.as_str())
            .bind(record.recipient.as_given())
            .bind(record.recipient.canonical())
            .bind(record.inviter.to_stored())
            .bind(&record.payload)
            .bind(&record.display)
            .bind(record.message.as_deref())
            .bind(record.locale.as_deref())
            .bind(record.status.as_str())
            .bind(int(record.generation)?)
            .bind(int(record.min_generation)?)
            .bind(int(record.revision)?)
            .bind(new.open_key.map(|key| key.as_bytes().as_slice()))
            .bind(record.created_at)
            .bind(record.expires_at)
            .bind(record.delivery.state.as_str())
            .bind(int(record.delivery.attempts)?)
            .bind(new.event.verb.as_str())
            .bind(new.event.reason)
            .bind(new.event.at);
        Ok(dispatched(statement, new.dispatch)
            .bind(record.inviter_address.as_ref().map(Recipient::as_given))
            .bind(record.delivery_id.map(|delivery| *delivery.as_uuid()))
            .bind(record.remind_at)
            .fetch_optional(conn)
            .await
            .map_err(store_error)?
            .is_some())
    }

    async fn transition(
        &self,
        conn: &mut PgConnection,
        transition: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let by_token = matches!(transition.guard.target, Target::Token(_));
        let guarded = |sql| guarded(sql, transition);
        let statement = match &transition.change {
            Change::End { status, event } => guarded(if by_token { sql::END_BY_TOKEN } else { sql::END_BY_ID })?
                .bind(status.as_str())
                .bind(event.at)
                .bind(event.actor.to_stored())
                .bind(event.reason),
            Change::Renew { at, expires_at, links, delivery, remind_at } => {
                let (retire, grace_until) = match links {
                    RenewedLinks::Retire { grace_until } => (true, *grace_until),
                    RenewedLinks::Keep => (false, None),
                };
                let renewed = guarded(sql::RENEW)?.bind(*at).bind(*expires_at).bind(retire).bind(grace_until);
                renewed.bind(*delivery.as_uuid()).bind(*remind_at)
            }
            Change::Amend { recipient, payload, message, expires_at, remind_at } => guarded(sql::AMEND)?
                .bind(recipient.map(|(recipient, _)| recipient.as_given()))
                .bind(recipient.map(|(recipient, _)| recipient.canonical()))
                .bind(recipient.as_ref().and_then(|(_, key)| key.as_ref()).map(|key| key.as_bytes().as_slice()))
                .bind(*payload)
                .bind(message.flatten())
                .bind(*expires_at)
                .bind(message.is_some())
                .bind(*remind_at),
            Change::Link => guarded(sql::LINK)?,
            Change::View { at } => guarded(sql::VIEW)?.bind(*at),
            Change::FailDelivery => {
                let of_delivery = matches!(transition.guard.target, Target::Delivery(_));
                guarded(if of_delivery { sql::FAIL_DELIVERY_OF } else { sql::FAIL_DELIVERY })?
            }
        };
        statement.fetch_optional(conn).await.map_err(store_error)?.map(|row| row::found(&row)).transpose()
    }

    async fn summarize(&self, conn: &mut PgConnection, summary: &Summary<'_>) -> Result<bool, StoreError> {
        let over: Vec<_> = summary.over.iter().map(|state| state.as_str()).collect();
        let statement = sqlx::query(sql::SUMMARIZE)
            .bind(*summary.delivery.as_uuid())
            .bind(summary.kind)
            .bind(summary.state.as_str())
            .bind(summary.attempts.map(int).transpose()?)
            .bind(summary.error)
            .bind(over);
        Ok(statement.execute(conn).await.map_err(store_error)?.rows_affected() > 0)
    }

    // A snapshot older than the change that was lost to does not come here: the change itself
    // failed to serialize. So a plain read is the latest.
    async fn find(&self, conn: &mut PgConnection, key: &Key<'_>, _: Read) -> Result<Option<Found>, StoreError> {
        let statement = match *key {
            Key::Token(digest) => sqlx::query(sql::FIND_BY_TOKEN).bind(digest.as_bytes().as_slice()),
            Key::Id { kind, scope, id } => {
                sqlx::query(sql::FIND_BY_ID).bind(*id.as_uuid()).bind(kind).bind(scope.map(Scope::as_str))
            }
            Key::Open(key) => sqlx::query(sql::FIND_OPEN).bind(key.as_bytes().as_slice()),
        };
        statement.fetch_optional(conn).await.map_err(store_error)?.map(|row| row::found(&row)).transpose()
    }

    async fn list(&self, conn: &mut PgConnection, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let sql = match query.sort {
            Sort::NewestFirst => sql::LIST_NEWEST_FIRST,
            Sort::OldestFirst => sql::LIST_OLDEST_FIRST,
            Sort::ExpiresFirst => sql::LIST_EXPIRES_FIRST,
            Sort::Address => sql::LIST_BY_ADDRESS,
        };
        let statuses: Vec<_> = query.statuses.iter().map(|status: &Status| status.as_str()).collect();
        let statement = sqlx::query(sql)
            .bind(query.kind)
            .bind(query.scope.as_str())
            .bind(query.after.map(|seek| seek.at))
            .bind(query.after.map(|seek| *seek.id.as_uuid()))
            .bind(i64::from(query.limit))
            .bind(query.now)
            .bind(query.address)
            .bind(query.expiring_until)
            .bind(statuses);
        statement.fetch_all(conn).await.map_err(store_error)?.iter().map(row::record).collect()
    }

    async fn addressed_to(
        &self,
        conn: &mut PgConnection,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let addresses: Vec<_> = query.addresses.into_iter().flatten().collect();
        let statement = sqlx::query(sql::ADDRESSED_TO)
            .bind(query.kind)
            .bind(query.now)
            .bind(i64::from(query.limit))
            .bind(addresses);
        statement.fetch_all(conn).await.map_err(store_error)?.iter().map(row::record).collect()
    }

    async fn history(
        &self,
        conn: &mut PgConnection,
        kind: &str,
        scope: &Scope,
        invitation: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        let statement = sqlx::query(sql::HISTORY).bind(*invitation.as_uuid()).bind(kind).bind(scope.as_str());
        let rows = statement.fetch_all(conn).await.map_err(store_error)?;
        rows.iter().map(|row| row::event(row, invitation)).collect()
    }
}

/// Binds a guard, its event and what it dispatches: the first twenty-two places of every change.
fn guarded<'q>(sql: &'static str, transition: &Transition<'q>) -> Result<Statement<'q>, StoreError> {
    let Transition { guard, event, dispatch, .. } = transition;
    let (unexpired_at, due_at) = match guard.time {
        TimeGuard::Unexpired => (Some(guard.now), None),
        TimeGuard::Due => (None, Some(guard.now)),
        TimeGuard::Any => (None, None),
    };
    let statement = match guard.target {
        Target::Token(digest) => sqlx::query(sql).bind(digest.as_bytes().as_slice()).bind(None::<&str>),
        Target::Id(invitation, scope) => sqlx::query(sql).bind(*invitation.as_uuid()).bind(scope.map(Scope::as_str)),
        Target::Delivery(delivery) => sqlx::query(sql).bind(*delivery.as_uuid()).bind(None::<&str>),
    };
    let statement = statement
        .bind(guard.kind)
        .bind(guard.statuses[0].as_str())
        .bind(guard.statuses[1].as_str())
        .bind(guard.now)
        .bind(unexpired_at)
        .bind(due_at);
    let statement =
        recipient(statement, guard).bind(guard.not_resent_since).bind(guard.generation.map(int).transpose()?);
    Ok(dispatched(recorded(statement, event), *dispatch))
}

fn recipient<'q>(statement: Statement<'q>, guard: &Guard<'q>) -> Statement<'q> {
    let verified = guard.recipient.verified();
    let compare = match (&verified, guard.recipient.by_domain()) {
        (None, _) => "anyone",
        (Some(_), false) => "address",
        (Some(_), true) => "domain",
    };
    let values: Vec<_> = verified.into_iter().flatten().flatten().collect();
    statement.bind(compare).bind(values).bind(guard.recipient.proved_by_mail())
}

fn recorded<'q>(statement: Statement<'q>, event: &NewEvent<'q>) -> Statement<'q> {
    statement.bind(event.verb.as_str()).bind(event.actor.to_stored()).bind(event.reason).bind(event.at)
}

fn dispatched<'q>(statement: Statement<'q>, dispatch: Dispatch<'q>) -> Statement<'q> {
    let (letter, token) = match dispatch {
        Dispatch::None => (None, None),
        Dispatch::Letter(letter) => (Some(letter), None),
        Dispatch::Token(digest, channel) => (None, Some((digest, channel))),
    };
    statement
        .bind(letter.map(|letter| *letter.delivery.as_uuid()))
        .bind(letter.map(|letter| letter.purpose.as_str()))
        .bind(letter.map(|letter| letter.not_before))
        .bind(token.map(|(digest, _)| digest.as_bytes().as_slice()))
        .bind(token.map(|(_, channel)| channel.as_str()))
}

/// PostgreSQL has no unsigned integers; no counter comes near the limit.
fn int(value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(StoreError::failed)
}

/// What an error of this database means to the library's callers: for a host's own statements,
/// begins and commits, so that one retry loop serves both, and for the reads of an
/// [`Authority`](invite_core::Authority).
///
/// A unique violation of the library's own asks for a retry too. Where a statement of the host's own
/// may meet one, let it say `ON CONFLICT DO NOTHING`: then it is no error, and the transaction lives.
#[must_use]
pub fn store_error(error: sqlx::Error) -> StoreError {
    classified(error, |error| {
        let Some(code) = error.code() else { return false };
        match &*code {
            // Serialization failure, deadlock, lock not available; connections that broke or were refused.
            "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300" => true,
            // Of ours it can only be two amendments to one address at once: done again, the later
            // one finds the earlier. A host's own is the host's to judge.
            "23505" => error.table() == Some("invite_invitations"),
            code => code.starts_with("08"),
        }
    })
}
