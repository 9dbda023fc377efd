//! PostgreSQL by hand.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use invite_core::Token;
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow, types::Uuid};

use super::{Line, digest, mint, now, role};
use crate::{
    BATCH, DISPLAY, LIFETIME, PAYLOAD, Page, SWEEP, Side, address, columns, filled, growing_id, scattered_key,
};

const INSERT: &str = "INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, \
     display, status, generation, min_generation, revision, open_key, created_at, expires_at, \
     delivery_id) VALUES ($1, 'member', '7', $2, $2, 'user:1', $3::jsonb, $4::jsonb, 'pending', 1, 1, \
     1, $5, $6, $7, $8) ON CONFLICT (open_key) DO NOTHING";

const INSERT_ALL: &str = "WITH created AS (\
         INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display, status, \
         generation, min_generation, revision, open_key, created_at, expires_at, delivery_id) VALUES ($1, 'member', '7', $2, $2, 'user:1', $3::jsonb, $4::jsonb, 'pending', 1, 1, 1, $5, $6, $7, \
         $8) \
         ON CONFLICT (open_key) DO NOTHING RETURNING id\
     ), queued AS (\
         INSERT INTO invite_outbox \
         (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready) \
         SELECT $8, 'member', id, 1, 'invitation', 0, '7', 'example.com', $6, true FROM created\
     ) INSERT INTO invite_events (invitation, revision, action, actor, at) \
       SELECT id, 1, 'created', 'user:1', $6 FROM created";

const ACCEPT: &str = "UPDATE invite_invitations SET status = 'accepted', ended_at = $2, ended_by = $3, open_key = NULL, \
     revision = revision + 1 WHERE id = (SELECT invitation FROM invite_tokens WHERE digest = $1) \
     AND status IN ('pending', 'delivery_failed') AND expires_at > $2 AND recipient = $4 \
     RETURNING id, revision, payload";

const ACCEPT_ALL: &str = "WITH accepted AS (\
         UPDATE invite_invitations SET status = 'accepted', ended_at = $2, ended_by = $3, open_key = NULL, \
         revision = revision + 1 WHERE id = (SELECT invitation FROM invite_tokens WHERE digest = $1) \
         AND status IN ('pending', 'delivery_failed') AND expires_at > $2 AND recipient = $4 \
         RETURNING id, revision, payload\
     ), logged AS (\
         INSERT INTO invite_events (invitation, revision, action, actor, at) \
         SELECT id, revision, 'accepted', $3, $2 FROM accepted\
     ) INSERT INTO memberships (person, role, invitation) SELECT $5, payload->>'role', id FROM accepted";

pub(super) const EXPIRE: &str = "WITH due AS (\
         SELECT id FROM invite_invitations WHERE status IN ('pending', 'delivery_failed') AND expires_at <= $1 \
         ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED\
     ), changed AS (\
         UPDATE invite_invitations AS i SET status = 'expired', ended_at = $1, ended_by = 'system', open_key = NULL, \
         revision = revision + 1 FROM due WHERE i.id = due.id RETURNING i.id, i.revision\
     ) INSERT INTO invite_events (invitation, revision, action, actor, at) \
       SELECT id, revision, 'expired', 'system', $1 FROM changed";

pub(super) const EXPIRE_BARE: &str = "UPDATE invite_invitations SET status = 'expired', ended_at = $1, ended_by = 'system', \
     open_key = NULL, revision = revision + 1 WHERE status IN ('pending', 'delivery_failed') AND expires_at <= $1";

const LEASE: &str = "UPDATE invite_outbox AS o SET attempt = attempt + 1, lease_owner = $3, lease_until = $4 \
     FROM invite_invitations AS i WHERE i.id = o.invitation AND o.id IN (\
         SELECT id FROM invite_outbox WHERE ready AND not_before <= $1 AND (lease_until IS NULL OR lease_until <= $1) \
         ORDER BY priority, scope, not_before, id LIMIT $2 FOR UPDATE SKIP LOCKED\
     ) RETURNING o.id, o.invitation, i.recipient_given, i.payload, i.display";

pub(crate) async fn create(pool: &PgPool, side: Side, n: u64) {
    let (now, id) = (now(), Uuid::from_bytes(growing_id(n)));
    let letter = Uuid::from_bytes(growing_id(n ^ (1 << 60)));
    let invitation = |sql: &'static str| {
        sqlx::query(sql)
            .bind(id)
            .bind(address(n))
            .bind(PAYLOAD)
            .bind(DISPLAY)
            .bind(scattered_key(n).to_vec())
            .bind(now)
            .bind(now + TimeDelta::seconds(LIFETIME))
            .bind(letter)
    };
    if side == Side::InOne {
        invitation(INSERT_ALL).execute(pool).await.expect("all");
        return;
    }
    let mut tx = pool.begin().await.expect("begin");
    invitation(INSERT).execute(&mut *tx).await.expect("invitation");
    sqlx::query(
        "INSERT INTO invite_outbox \
         (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready) \
         VALUES ($1, 'member', $2, 1, 'invitation', 0, '7', 'example.com', $3, true)",
    )
    .bind(letter)
    .bind(id)
    .bind(now)
    .execute(&mut *tx)
    .await
    .expect("letter");
    event(&mut tx, id, 1, "created", "user:1", now).await;
    tx.commit().await.expect("commit");
}

pub(crate) async fn preview(pool: &PgPool, token: &Token) {
    let row: PgRow = sqlx::query(
        "SELECT i.scope, i.recipient, i.payload::text, i.display::text, i.message, i.expires_at \
         FROM invite_tokens AS t JOIN invite_invitations AS i ON i.id = t.invitation \
         WHERE t.digest = $1 AND i.status IN ('pending', 'delivery_failed') AND i.expires_at > $2",
    )
    .bind(digest(token))
    .bind(now())
    .fetch_one(pool)
    .await
    .expect("preview");
    let _: (String, String, String) = (row.get(0), row.get(1), row.get(3));
    role(row.get(2));
}

pub(crate) async fn accept(pool: &PgPool, side: Side, token: &Token, n: u64) {
    let (now, actor) = (now(), format!("user:{n}"));
    let guarded =
        |sql: &'static str| sqlx::query(sql).bind(digest(token)).bind(now).bind(actor.clone()).bind(address(n));
    if side == Side::InOne {
        let accepted = guarded(ACCEPT_ALL).bind(n.to_string()).execute(pool).await.expect("accept");
        assert_eq!(accepted.rows_affected(), 1);
        return;
    }
    let mut tx = pool.begin().await.expect("begin");
    let row: PgRow = guarded(ACCEPT).fetch_one(&mut *tx).await.expect("accept");
    let id: Uuid = row.get(0);
    event(&mut tx, id, row.get(1), "accepted", &actor, now).await;
    let payload: serde_json::Value = row.get(2);
    join(&mut tx, n, payload["role"].as_str().expect("role"), id.as_bytes()).await;
    tx.commit().await.expect("commit");
}

/// The host's own insert: the same on the library's side.
pub(crate) async fn join(conn: &mut PgConnection, person: u64, role: &str, invitation: &[u8; 16]) {
    sqlx::query("INSERT INTO memberships (person, role, invitation) VALUES ($1, $2, $3)")
        .bind(person.to_string())
        .bind(role)
        .bind(Uuid::from_bytes(*invitation))
        .execute(conn)
        .await
        .expect("membership");
}

async fn event(conn: &mut PgConnection, id: Uuid, revision: i32, action: &str, actor: &str, at: DateTime<Utc>) {
    sqlx::query("INSERT INTO invite_events (invitation, revision, action, actor, at) VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(revision)
        .bind(action)
        .bind(actor)
        .bind(at)
        .execute(conn)
        .await
        .expect("event");
}

macro_rules! line {
    () => {
        "i.id, recipient_given, payload::text, message, inviter, status, ended_at, created_at, expires_at, \
             l.state, l.attempts, l.error"
    };
}

macro_rules! lines {
    ($columns:ident, $seek:literal) => {
        concat!(
            "SELECT ",
            $columns!(),
            " FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = delivery_id \
              WHERE kind = 'member' AND scope = 'big'",
            $seek,
            " ORDER BY created_at DESC, i.id DESC LIMIT 50"
        )
    };
}

pub(crate) async fn list(pool: &PgPool, side: Side, page: Page) {
    let everything = side == Side::Everything;
    let query = match page {
        Page::First => sqlx::query(if everything { lines!(columns, "") } else { lines!(line, "") }),
        Page::Behind(n) => {
            let (at, id) = filled(n);
            let at = DateTime::from_timestamp_micros(at).expect("a time");
            sqlx::query(if everything {
                lines!(columns, " AND (created_at, i.id) < ($1, $2)")
            } else {
                lines!(line, " AND (created_at, i.id) < ($1, $2)")
            })
            .bind(at)
            .bind(Uuid::from_bytes(id))
        }
    };
    let rows = query.fetch_all(pool).await.expect("list");
    if everything {
        let rows = rows.iter().map(|row| {
            let ids: (Uuid, String, String, Option<Uuid>) = (row.get(0), row.get(1), row.get(2), row.get(27));
            let people: [String; 3] = [row.get(3), row.get(4), row.get(5)];
            let host: [serde_json::Value; 2] = [row.get(6), row.get(7)];
            let words: [Option<String>; 6] =
                [row.get(8), row.get(9), row.get(12), row.get(13), row.get(25), row.get(26)];
            let states: [String; 2] = [row.get(10), row.get(23)];
            let ends: [Option<DateTime<Utc>>; 5] = [row.get(11), row.get(17), row.get(21), row.get(22), row.get(28)];
            let counts: [i32; 4] = [row.get(15), row.get(16), row.get(18), row.get(24)];
            let times: [DateTime<Utc>; 2] = [row.get(19), row.get(20)];
            (
                ids,
                people,
                host,
                words,
                states,
                ends,
                counts,
                times,
                row.get::<bool, _>(14),
                row.get::<Option<i32>, _>(29),
            )
        });
        assert_eq!(rows.collect::<Vec<_>>().len(), 50);
        return;
    }
    let lines = rows.iter().map(|row| Line::<Uuid, DateTime<Utc>> {
        id: row.get(0),
        email: row.get(1),
        membership: serde_json::from_str(row.get(2)).expect("payload"),
        message: row.get(3),
        inviter: row.get(4),
        status: row.get(5),
        ended_at: row.get(6),
        created_at: row.get(7),
        expires_at: row.get(8),
        delivery: (row.get(9), row.get::<i32, _>(10).into(), row.get(11)),
    });
    assert_eq!(lines.collect::<Vec<_>>().len(), 50);
}

pub(crate) async fn sweep(pool: &PgPool, side: Side) {
    if side == Side::Bare {
        sqlx::query(EXPIRE_BARE).bind(now()).execute(pool).await.expect("sweep");
        return;
    }
    while sqlx::query(EXPIRE).bind(now()).bind(SWEEP).execute(pool).await.expect("sweep").rows_affected() > 0 {}
}

pub(crate) async fn mail(pool: &PgPool) {
    loop {
        let (now, owner) = (now(), Uuid::from_bytes(growing_id(7)));
        let mut tx = pool.begin().await.expect("begin");
        let lease = sqlx::query(LEASE).bind(now).bind(BATCH).bind(owner).bind(now + TimeDelta::minutes(15));
        let letters = lease.fetch_all(&mut *tx).await.expect("lease");
        if letters.is_empty() {
            return;
        }
        sqlx::query(
            "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) \
             SELECT digest, invitation, 1, 'mail', $3 FROM unnest($1::bytea[], $2::uuid[]) AS minted (digest, invitation)",
        )
        .bind(letters.iter().map(|_| mint()).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.get(1)).collect::<Vec<Uuid>>())
        .bind(now)
        .execute(&mut *tx)
        .await
        .expect("tokens");
        tx.commit().await.expect("commit");
        join_all(letters.iter().map(|letter| settle(pool, letter))).await;
    }
}

async fn settle(pool: &PgPool, letter: &PgRow) {
    let mut tx = pool.begin().await.expect("begin");
    sqlx::query("DELETE FROM invite_outbox WHERE id = $1 AND attempt = 1")
        .bind(letter.get::<Uuid, _>(0))
        .execute(&mut *tx)
        .await
        .expect("letter");
    sqlx::query("INSERT INTO invite_letters (id, invitation, state, attempts) VALUES ($1, $2, 'sent', 1)")
        .bind(letter.get::<Uuid, _>(0))
        .bind(letter.get::<Uuid, _>(1))
        .execute(&mut *tx)
        .await
        .expect("summary");
    tx.commit().await.expect("commit");
}
