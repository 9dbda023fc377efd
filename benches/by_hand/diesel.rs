//! By hand through diesel-async, by its query builder, whose statements stay prepared. Only the sweep
//! is SQL, prepared anew each time: that is nothing beside its work.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use invite_core::Token;

use super::{Line, digest, now};
use crate::{DISPLAY, LIFETIME, Membership, PAYLOAD, Page, SWEEP, Side, address, filled, growing_id, scattered_key};

/// A host's own table.
macro_rules! memberships {
    ($id:ident) => {
        diesel::table! {
            memberships (invitation) {
                person -> Text,
                role -> Text,
                invitation -> $id,
            }
        }
    };
}

macro_rules! open {
    () => {
        invite_invitations::status.eq("pending").or(invite_invitations::status.eq("delivery_failed"))
    };
}

macro_rules! page {
    ($conn:ident, $page:ident, $columns:expr) => {{
        let newest = invite_invitations::table
            .left_join(invite_letters::table.on(invite_letters::id.nullable().eq(invite_invitations::delivery_id)))
            .filter(invite_invitations::kind.eq("member"))
            .filter(invite_invitations::scope.eq(key("big")))
            .order((invite_invitations::created_at.desc(), invite_invitations::id.desc()))
            .limit(50)
            .select($columns);
        let page = match $page {
            Page::First => newest.load($conn).await,
            Page::Behind(n) => {
                let (at, last) = filled(n);
                let at = time(DateTime::from_timestamp_micros(at).expect("a time"));
                let behind = invite_invitations::created_at.lt(at).or(invite_invitations::id.lt(id(last)));
                newest.filter(invite_invitations::created_at.le(at)).filter(behind).load($conn).await
            }
        };
        page.expect("list")
    }};
}

/// Every column the library reads.
macro_rules! every_column {
    () => {
        (
            (
                invite_invitations::id,
                invite_invitations::kind,
                invite_invitations::scope,
                invite_invitations::recipient_given,
                invite_invitations::recipient,
                invite_invitations::inviter,
                invite_invitations::payload,
                invite_invitations::display,
            ),
            (
                invite_invitations::message,
                invite_invitations::locale,
                invite_invitations::ended_by,
                invite_invitations::ended_reason,
                invite_letters::error.nullable(),
                invite_invitations::inviter_address,
            ),
            (invite_invitations::status, invite_letters::state.nullable(), invite_invitations::address_proved),
            (
                invite_invitations::ended_at,
                invite_invitations::grace_until,
                invite_invitations::resent_at,
                invite_invitations::viewed_at,
                invite_invitations::remind_at,
            ),
            (
                invite_invitations::generation,
                invite_invitations::min_generation,
                invite_invitations::revision,
                invite_letters::attempts.nullable(),
            ),
            (invite_invitations::created_at, invite_invitations::expires_at),
            (invite_invitations::delivery_id, invite_invitations::reminded),
        )
    };
}

/// What is the same on every database, in the types that its columns have: `Id`, `Time`, `Count`,
/// `Key` (scopes and addresses) and `Json`, and functions that make them.
macro_rules! by_hand {
    () => {
        use super::*;

        const NONE: Count = 0;
        const ONE: Count = 1;

        type Delivery = (Option<String>, Option<Count>, Option<String>);
        type Text = Option<String>;
        type Words = (Text, Text, Text, Text, Text, Text);
        type Times = (Option<Time>, Option<Time>, Option<Time>, Option<Time>, Option<Time>);
        type Everything = (
            (Id, String, Key, String, Key, String, Json, Json),
            Words,
            (String, Option<String>, bool),
            Times,
            (Count, Count, Count, Option<Count>),
            (Time, Time),
            (Option<Id>, Option<Count>),
        );

        pub(crate) async fn create(conn: &mut Conn, n: u64) {
            let (created_at, expires_at) = (now(), now() + chrono::TimeDelta::seconds(LIFETIME));
            let created = conn.transaction(async |conn| {
                diesel::insert_into(invite_invitations::table)
                    .values((
                        invite_invitations::id.eq(id(growing_id(n))),
                        invite_invitations::kind.eq("member"),
                        invite_invitations::scope.eq(key("7")),
                        invite_invitations::recipient_given.eq(address(n)),
                        invite_invitations::recipient.eq(key(&address(n))),
                        invite_invitations::inviter.eq("user:1"),
                        invite_invitations::payload.eq(json(PAYLOAD)),
                        invite_invitations::display.eq(json(DISPLAY)),
                        invite_invitations::status.eq("pending"),
                        invite_invitations::generation.eq(ONE),
                        invite_invitations::min_generation.eq(ONE),
                        invite_invitations::revision.eq(ONE),
                        invite_invitations::open_key.eq(scattered_key(n).to_vec()),
                        invite_invitations::created_at.eq(time(created_at)),
                        invite_invitations::expires_at.eq(time(expires_at)),
                        invite_invitations::delivery_id.eq(id(growing_id(n ^ (1 << 60)))),
                    ))
                    .execute(conn)
                    .await?;
                diesel::insert_into(invite_outbox::table)
                    .values((
                        invite_outbox::id.eq(id(growing_id(n ^ (1 << 60)))),
                        invite_outbox::kind.eq("member"),
                        invite_outbox::invitation.eq(id(growing_id(n))),
                        invite_outbox::generation.eq(ONE),
                        invite_outbox::purpose.eq("invitation"),
                        invite_outbox::priority.eq(NONE),
                        invite_outbox::scope.eq(key("7")),
                        invite_outbox::domain.eq(key("example.com")),
                        invite_outbox::ready.eq(true),
                        invite_outbox::not_before.eq(time(created_at)),
                    ))
                    .execute(conn)
                    .await?;
                event(conn, id(growing_id(n)), ONE, "created", "user:1", time(created_at)).await
            });
            created.await.expect("create");
        }

        pub(crate) async fn preview(conn: &mut Conn, token: &Token) {
            let preview: (Key, Key, Json, Json, Option<String>, Time) = invite_tokens::table
                .inner_join(invite_invitations::table)
                .filter(invite_tokens::digest.eq(digest(token)))
                .filter(open!())
                .filter(invite_invitations::expires_at.gt(time(now())))
                .select((
                    invite_invitations::scope,
                    invite_invitations::recipient,
                    invite_invitations::payload,
                    invite_invitations::display,
                    invite_invitations::message,
                    invite_invitations::expires_at,
                ))
                .get_result(conn)
                .await
                .expect("preview");
            membership(preview.2);
        }

        pub(crate) async fn accept(conn: &mut Conn, token: &Token, n: u64) {
            let (now, actor) = (time(now()), format!("user:{n}"));
            let accepted = conn.transaction(async |conn| {
                let (id, revision, payload) = accepted(conn, token, n, &actor, now).await?;
                event(conn, id.clone(), revision, "accepted", &actor, now).await?;
                join(conn, n, &membership(payload).role, id).await
            });
            accepted.await.expect("accept");
        }

        /// The host's own insert: the same on the library's side.
        pub(crate) async fn join(conn: &mut Conn, person: u64, role: &str, invitation: Id) -> QueryResult<()> {
            diesel::insert_into(memberships::table)
                .values((
                    memberships::person.eq(person.to_string()),
                    memberships::role.eq(role),
                    memberships::invitation.eq(invitation),
                ))
                .execute(conn)
                .await?;
            Ok(())
        }

        async fn event(
            conn: &mut Conn,
            id: Id,
            revision: Count,
            action: &str,
            actor: &str,
            at: Time,
        ) -> QueryResult<()> {
            diesel::insert_into(invite_events::table)
                .values((
                    invite_events::invitation.eq(id),
                    invite_events::revision.eq(revision),
                    invite_events::action.eq(action),
                    invite_events::actor.eq(actor),
                    invite_events::at.eq(at),
                ))
                .execute(conn)
                .await?;
            Ok(())
        }

        pub(crate) async fn list(conn: &mut Conn, side: Side, page: Page) {
            if side == Side::Everything {
                let rows: Vec<Everything> = page!(conn, page, every_column!());
                assert_eq!(rows.len(), 50);
                return;
            }
            type Short = (Id, String, Json, Option<String>, String, String, Option<Time>, Time, Time, Delivery);
            let rows: Vec<Short> = page!(
                conn,
                page,
                (
                    invite_invitations::id,
                    invite_invitations::recipient_given,
                    invite_invitations::payload,
                    invite_invitations::message,
                    invite_invitations::inviter,
                    invite_invitations::status,
                    invite_invitations::ended_at,
                    invite_invitations::created_at,
                    invite_invitations::expires_at,
                    (
                        invite_letters::state.nullable(),
                        invite_letters::attempts.nullable(),
                        invite_letters::error.nullable(),
                    ),
                )
            );
            let lines = rows.into_iter().map(|row| Line::<Id, Time> {
                id: row.0,
                email: row.1,
                membership: membership(row.2),
                message: row.3,
                inviter: row.4,
                status: row.5,
                ended_at: row.6,
                created_at: row.7,
                expires_at: row.8,
                delivery: (row.9.0.expect("state"), row.9.1.expect("attempts").into(), row.9.2),
            });
            assert_eq!(lines.collect::<Vec<_>>().len(), 50);
        }
    };
}

/// The guarded change, by the token.
macro_rules! accept {
    ($token:ident, $n:ident, $actor:ident, $now:ident) => {
        diesel::update(invite_invitations::table)
            .filter(invite_invitations::id.eq_any(
                invite_tokens::table.filter(invite_tokens::digest.eq(digest($token))).select(invite_tokens::invitation),
            ))
            .filter(open!())
            .filter(invite_invitations::expires_at.gt($now))
            .filter(invite_invitations::recipient.eq(key(&address($n))))
            .set((
                invite_invitations::status.eq("accepted"),
                invite_invitations::ended_at.eq($now),
                invite_invitations::ended_by.eq($actor),
                invite_invitations::open_key.eq(None::<Vec<u8>>),
                invite_invitations::revision.eq(invite_invitations::revision + ONE),
            ))
    };
}

/// What is needed of a token's invitation.
macro_rules! invitation_of {
    ($token:ident) => {
        invite_tokens::table
            .inner_join(invite_invitations::table)
            .filter(invite_tokens::digest.eq(digest($token)))
            .select((invite_invitations::id, invite_invitations::revision, invite_invitations::payload))
    };
}

pub(crate) mod mysql {
    use chrono::NaiveDateTime;
    use diesel::sql_types::{Binary, Datetime};
    use invite_diesel::schema::mysql::{
        invite_events, invite_invitations, invite_letters, invite_outbox, invite_tokens,
    };

    use crate::by_hand::mysql::{DUE, EXPIRE_BARE, expire};

    pub(crate) type Conn = diesel_async::AsyncMysqlConnection;
    type Id = Vec<u8>;
    type Time = NaiveDateTime;
    type Count = u32;
    type Key = Vec<u8>;
    type Json = String;

    memberships!(Binary);
    by_hand!();

    pub(crate) fn id(bytes: [u8; 16]) -> Id {
        bytes.to_vec()
    }

    fn time(at: DateTime<Utc>) -> Time {
        at.naive_utc()
    }

    fn key(text: &str) -> Key {
        text.into()
    }

    fn json(text: &str) -> Json {
        text.into()
    }

    fn membership(payload: Json) -> Membership {
        serde_json::from_str(&payload).expect("payload")
    }

    /// This server returns nothing from an update: what is needed of the row is read first.
    async fn accepted(
        conn: &mut Conn,
        token: &Token,
        n: u64,
        actor: &str,
        now: Time,
    ) -> QueryResult<(Id, Count, Json)> {
        let (id, revision, payload): (Id, Count, Json) = invitation_of!(token).get_result(conn).await?;
        let accepted = diesel::update(invite_invitations::table)
            .filter(invite_invitations::id.eq(&id))
            .filter(open!())
            .filter(invite_invitations::expires_at.gt(now))
            .filter(invite_invitations::recipient.eq(key(&address(n))))
            .set((
                invite_invitations::status.eq("accepted"),
                invite_invitations::ended_at.eq(now),
                invite_invitations::ended_by.eq(actor),
                invite_invitations::open_key.eq(None::<Vec<u8>>),
                invite_invitations::revision.eq(revision + ONE),
            ))
            .execute(conn)
            .await?;
        assert_eq!(accepted, 1);
        Ok((id, revision + ONE, payload))
    }

    #[derive(QueryableByName)]
    struct Due {
        #[diesel(sql_type = Binary)]
        id: Id,
    }

    pub(crate) async fn sweep(conn: &mut Conn, side: Side) {
        let now = time(now());
        if side == Side::Bare {
            let bare = diesel::sql_query(EXPIRE_BARE).bind::<Datetime, _>(now).bind::<Datetime, _>(now);
            bare.execute(conn).await.expect("sweep");
            return;
        }
        let batch = async |conn: &mut Conn| {
            let due = diesel::sql_query(DUE).bind::<Datetime, _>(now).bind::<diesel::sql_types::BigInt, _>(SWEEP);
            let due: Vec<Due> = due.load(conn).await?;
            if !due.is_empty() {
                for sql in expire(due.len()) {
                    let mut statement = diesel::sql_query(sql).into_boxed().bind::<Datetime, _>(now);
                    for Due { id } in &due {
                        statement = statement.bind::<Binary, _>(id);
                    }
                    statement.execute(conn).await?;
                }
            }
            QueryResult::Ok(due.len())
        };
        while conn.transaction(batch).await.expect("sweep") > 0 {}
    }
}

pub(crate) mod postgres {
    use diesel::sql_types::{BigInt, Timestamptz};
    use invite_diesel::schema::postgres::{
        invite_events, invite_invitations, invite_letters, invite_outbox, invite_tokens,
    };
    use sqlx::types::Uuid;

    use crate::by_hand::postgres::{EXPIRE, EXPIRE_BARE};

    pub(crate) type Conn = diesel_async::AsyncPgConnection;
    type Id = Uuid;
    type Time = DateTime<Utc>;
    type Count = i32;
    type Key = String;
    type Json = serde_json::Value;

    memberships!(Uuid);
    by_hand!();

    pub(crate) fn id(bytes: [u8; 16]) -> Id {
        Uuid::from_bytes(bytes)
    }

    fn time(at: DateTime<Utc>) -> Time {
        at
    }

    fn key(text: &str) -> Key {
        text.into()
    }

    fn json(text: &str) -> Json {
        serde_json::from_str(text).expect("JSON")
    }

    fn membership(payload: Json) -> Membership {
        serde_json::from_value(payload).expect("payload")
    }

    async fn accepted(
        conn: &mut Conn,
        token: &Token,
        n: u64,
        actor: &str,
        now: Time,
    ) -> QueryResult<(Id, Count, Json)> {
        let changed = (invite_invitations::id, invite_invitations::revision, invite_invitations::payload);
        accept!(token, n, actor, now).returning(changed).get_result(conn).await
    }

    pub(crate) async fn sweep(conn: &mut Conn, side: Side) {
        if side == Side::Bare {
            diesel::sql_query(EXPIRE_BARE).bind::<Timestamptz, _>(now()).execute(conn).await.expect("sweep");
            return;
        }
        let batch = || diesel::sql_query(EXPIRE).bind::<Timestamptz, _>(now()).bind::<BigInt, _>(SWEEP);
        while batch().execute(conn).await.expect("sweep") > 0 {}
    }
}

pub(crate) mod sqlite {
    use diesel::{SqliteConnection, sql_types::BigInt};
    use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
    use invite_diesel::schema::sqlite::{
        invite_events, invite_invitations, invite_letters, invite_outbox, invite_tokens,
    };

    use crate::by_hand::sqlite::{EXPIRE, EXPIRE_BARE, EXPIRE_EVENTS};

    pub(crate) type Conn = SyncConnectionWrapper<SqliteConnection>;
    type Id = Vec<u8>;
    type Time = i64;
    type Count = i64;
    type Key = String;
    type Json = String;

    memberships!(Binary);
    by_hand!();

    pub(crate) fn id(bytes: [u8; 16]) -> Id {
        bytes.to_vec()
    }

    fn time(at: DateTime<Utc>) -> Time {
        at.timestamp_micros()
    }

    fn key(text: &str) -> Key {
        text.into()
    }

    fn json(text: &str) -> Json {
        text.into()
    }

    fn membership(payload: Json) -> Membership {
        serde_json::from_str(&payload).expect("payload")
    }

    /// Without an optional feature of diesel's, its updates return nothing here.
    async fn accepted(
        conn: &mut Conn,
        token: &Token,
        n: u64,
        actor: &str,
        now: Time,
    ) -> QueryResult<(Id, Count, Json)> {
        assert_eq!(accept!(token, n, actor, now).execute(conn).await?, 1);
        invitation_of!(token).get_result(conn).await
    }

    pub(crate) async fn sweep(conn: &mut Conn, side: Side) {
        let now = time(now());
        if side == Side::Bare {
            diesel::sql_query(EXPIRE_BARE).bind::<BigInt, _>(now).execute(conn).await.expect("sweep");
            return;
        }
        let batch = async |conn: &mut Conn| {
            let statement = |sql| diesel::sql_query(sql).bind::<BigInt, _>(now).bind::<BigInt, _>(SWEEP);
            statement(EXPIRE_EVENTS).execute(conn).await?;
            statement(EXPIRE).execute(conn).await
        };
        while conn.transaction(batch).await.expect("sweep") > 0 {}
    }
}
