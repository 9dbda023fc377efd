//! SQLite by hand.

use invite_core::Token;
use sqlx::{Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{Line, digest, mint, role};
use crate::{
    BATCH, DISPLAY, LIFETIME, PAYLOAD, Page, SWEEP, Side, address, columns, filled, growing_id, scattered_key,
};

const INSERT: &str = "INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, \
     display, status, generation, min_generation, revision, open_key, created_at, expires_at, \
     delivery_id) VALUES (?1, 'member', '7', ?2, ?2, 'user:1', ?3, ?4, 'pending', 1, 1, 1, ?5, ?6, \
     ?7, ?8) ON CONFLICT (open_key) DO NOTHING";

const ACCEPT: &str = "UPDATE invite_invitations SET status = 'accepted', ended_at = ?2, ended_by = ?3, open_key = NULL, \
     revision = revision + 1 WHERE id = (SELECT invitation FROM invite_tokens WHERE digest = ?1) \
     AND status IN ('pending', 'delivery_failed') AND expires_at > ?2 AND recipient = ?4 \
     RETURNING id, revision, payload";

macro_rules! due {
    () => {
        " FROM invite_invitations WHERE status IN ('pending', 'delivery_failed') AND expires_at <= ?1 \
           ORDER BY expires_at, id LIMIT ?2"
    };
}

pub(super) const EXPIRE_EVENTS: &str = concat!(
    "INSERT INTO invite_events (invitation, revision, action, actor, at) \
     SELECT id, revision + 1, 'expired', 'system', ?1",
    due!()
);

pub(super) const EXPIRE: &str = concat!(
    "UPDATE invite_invitations SET status = 'expired', ended_at = ?1, ended_by = 'system', open_key = NULL, \
     revision = revision + 1 WHERE id IN (SELECT id",
    due!(),
    ")"
);

pub(super) const EXPIRE_BARE: &str = "UPDATE invite_invitations SET status = 'expired', ended_at = ?1, ended_by = 'system', \
     open_key = NULL, revision = revision + 1 WHERE status IN ('pending', 'delivery_failed') AND expires_at <= ?1";

fn now() -> i64 {
    super::now().timestamp_micros()
}

pub(crate) async fn create(pool: &SqlitePool, _: Side, n: u64) {
    let (now, id, letter) = (now(), growing_id(n), growing_id(n ^ (1 << 60)));
    let mut tx = pool.begin().await.expect("begin");
    sqlx::query(INSERT)
        .bind(&id[..])
        .bind(address(n))
        .bind(PAYLOAD)
        .bind(DISPLAY)
        .bind(&scattered_key(n)[..])
        .bind(now)
        .bind(now + LIFETIME * 1_000_000)
        .bind(&letter[..])
        .execute(&mut *tx)
        .await
        .expect("invitation");
    sqlx::query(
        "INSERT INTO invite_outbox \
         (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready) \
         VALUES (?1, 'member', ?2, 1, 'invitation', 0, '7', 'example.com', ?3, 1)",
    )
    .bind(&letter[..])
    .bind(&id[..])
    .bind(now)
    .execute(&mut *tx)
    .await
    .expect("letter");
    event(&mut tx, &id, 1, "created", "user:1", now).await;
    tx.commit().await.expect("commit");
}

pub(crate) async fn preview(pool: &SqlitePool, token: &Token) {
    let row: SqliteRow = sqlx::query(
        "SELECT i.scope, i.recipient, i.payload, i.display, i.message, i.expires_at FROM invite_tokens AS t \
         JOIN invite_invitations AS i ON i.id = t.invitation \
         WHERE t.digest = ?1 AND i.status IN ('pending', 'delivery_failed') AND i.expires_at > ?2",
    )
    .bind(digest(token))
    .bind(now())
    .fetch_one(pool)
    .await
    .expect("preview");
    let _: (String, String, String) = (row.get(0), row.get(1), row.get(3));
    role(row.get(2));
}

pub(crate) async fn accept(pool: &SqlitePool, _: Side, token: &Token, n: u64) {
    let (now, actor) = (now(), format!("user:{n}"));
    let mut tx = pool.begin().await.expect("begin");
    let accept = sqlx::query(ACCEPT).bind(digest(token)).bind(now).bind(&actor).bind(address(n));
    let row: SqliteRow = accept.fetch_one(&mut *tx).await.expect("accept");
    let id: [u8; 16] = row.get::<&[u8], _>(0).try_into().expect("id");
    event(&mut tx, &id, row.get(1), "accepted", &actor, now).await;
    join(&mut tx, n, &role(row.get(2)), &id).await;
    tx.commit().await.expect("commit");
}

/// The host's own insert: the same on the library's side.
pub(crate) async fn join(conn: &mut SqliteConnection, person: u64, role: &str, invitation: &[u8; 16]) {
    sqlx::query("INSERT INTO memberships (person, role, invitation) VALUES (?1, ?2, ?3)")
        .bind(person.to_string())
        .bind(role)
        .bind(&invitation[..])
        .execute(conn)
        .await
        .expect("membership");
}

async fn event(conn: &mut SqliteConnection, id: &[u8; 16], revision: i64, action: &str, actor: &str, at: i64) {
    sqlx::query("INSERT INTO invite_events (invitation, revision, action, actor, at) VALUES (?1, ?2, ?3, ?4, ?5)")
        .bind(&id[..])
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
        "i.id, recipient_given, payload, message, inviter, status, ended_at, created_at, expires_at, \
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

pub(crate) async fn list(pool: &SqlitePool, side: Side, page: Page) {
    let everything = side == Side::Everything;
    let query = match page {
        Page::First => sqlx::query(if everything { lines!(columns, "") } else { lines!(line, "") }),
        Page::Behind(n) => {
            let (at, id) = filled(n);
            sqlx::query(if everything {
                lines!(columns, " AND (created_at, i.id) < (?1, ?2)")
            } else {
                lines!(line, " AND (created_at, i.id) < (?1, ?2)")
            })
            .bind(at)
            .bind(id.to_vec())
        }
    };
    let rows = query.fetch_all(pool).await.expect("list");
    if everything {
        let rows = rows.iter().map(|row| {
            let ids: (Vec<u8>, String, String, Option<Vec<u8>>) = (row.get(0), row.get(1), row.get(2), row.get(27));
            let people: [String; 3] = [row.get(3), row.get(4), row.get(5)];
            let host: [serde_json::Value; 2] = [
                serde_json::from_str(row.get(6)).expect("payload"),
                serde_json::from_str(row.get(7)).expect("display"),
            ];
            let words: [Option<String>; 6] =
                [row.get(8), row.get(9), row.get(12), row.get(13), row.get(25), row.get(26)];
            let states: [String; 2] = [row.get(10), row.get(23)];
            let ends: [Option<i64>; 6] = [row.get(11), row.get(17), row.get(21), row.get(22), row.get(28), row.get(29)];
            let counts: [i64; 4] = [row.get(15), row.get(16), row.get(18), row.get(24)];
            let times: [i64; 2] = [row.get(19), row.get(20)];
            (ids, people, host, words, states, ends, counts, times, row.get::<i64, _>(14))
        });
        assert_eq!(rows.collect::<Vec<_>>().len(), 50);
        return;
    }
    let lines = rows.iter().map(|row| Line::<Vec<u8>, i64> {
        id: row.get(0),
        email: row.get(1),
        membership: serde_json::from_str(row.get(2)).expect("payload"),
        message: row.get(3),
        inviter: row.get(4),
        status: row.get(5),
        ended_at: row.get(6),
        created_at: row.get(7),
        expires_at: row.get(8),
        delivery: (row.get(9), row.get(10), row.get(11)),
    });
    assert_eq!(lines.collect::<Vec<_>>().len(), 50);
}

pub(crate) async fn sweep(pool: &SqlitePool, side: Side) {
    let now = now();
    if side == Side::Bare {
        sqlx::query(EXPIRE_BARE).bind(now).execute(pool).await.expect("sweep");
        return;
    }
    loop {
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.expect("begin");
        sqlx::query(EXPIRE_EVENTS).bind(now).bind(SWEEP).execute(&mut *tx).await.expect("events");
        let swept = sqlx::query(EXPIRE).bind(now).bind(SWEEP).execute(&mut *tx).await.expect("sweep");
        tx.commit().await.expect("commit");
        if swept.rows_affected() == 0 {
            return;
        }
    }
}

pub(crate) async fn mail(pool: &SqlitePool) {
    loop {
        let (now, owner) = (now(), growing_id(7));
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.expect("begin");
        let letters = sqlx::query(
            "SELECT o.id, o.invitation, i.recipient_given, i.payload, i.display FROM invite_outbox AS o \
             JOIN invite_invitations AS i ON i.id = o.invitation \
             WHERE o.ready AND o.not_before <= ?1 AND (o.lease_until IS NULL OR o.lease_until <= ?1) \
             ORDER BY o.priority, o.scope, o.not_before, o.id LIMIT ?2",
        );
        let letters = letters.bind(now).bind(BATCH).fetch_all(&mut *tx).await.expect("due");
        if letters.is_empty() {
            return;
        }
        for letter in &letters {
            sqlx::query(
                "UPDATE invite_outbox SET attempt = attempt + 1, lease_owner = ?1, lease_until = ?2 WHERE id = ?3",
            )
            .bind(&owner[..])
            .bind(now + 900_000_000)
            .bind(letter.get::<Vec<u8>, _>(0))
            .execute(&mut *tx)
            .await
            .expect("lease");
            sqlx::query(
                "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) \
                 VALUES (?1, ?2, 1, 'mail', ?3)",
            )
            .bind(mint())
            .bind(letter.get::<Vec<u8>, _>(1))
            .bind(now)
            .execute(&mut *tx)
            .await
            .expect("token");
        }
        tx.commit().await.expect("commit");
        // One writer at a time: those at once would only wait for each other.
        for letter in &letters {
            settle(pool, letter).await;
        }
    }
}

async fn settle(pool: &SqlitePool, letter: &SqliteRow) {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.expect("begin");
    sqlx::query("DELETE FROM invite_outbox WHERE id = ?1 AND attempt = 1")
        .bind(letter.get::<Vec<u8>, _>(0))
        .execute(&mut *tx)
        .await
        .expect("letter");
    sqlx::query("INSERT INTO invite_letters (id, invitation, state, attempts) VALUES (?1, ?2, 'sent', 1)")
        .bind(letter.get::<Vec<u8>, _>(0))
        .bind(letter.get::<Vec<u8>, _>(1))
        .execute(&mut *tx)
        .await
        .expect("summary");
    tx.commit().await.expect("commit");
}
