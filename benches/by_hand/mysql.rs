//! MariaDB by hand.

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use futures_util::future::join_all;
use invite_core::Token;
use sqlx::{AssertSqlSafe, MySqlConnection, MySqlPool, Row, mysql::MySqlRow};

use super::{Line, digest, mint, now, role};
use crate::{
    BATCH, DISPLAY, LIFETIME, PAYLOAD, Page, SWEEP, Side, address, columns, filled, growing_id, scattered_key,
};

const INSERT: &str = "INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, \
     display, status, generation, min_generation, revision, open_key, created_at, expires_at, \
     delivery_id) \
     VALUES (?, 'member', '7', ?, ?, 'user:1', ?, ?, 'pending', 1, 1, 1, ?, ?, ?, ?)";

const ACCEPT: &str = "UPDATE invite_invitations SET status = 'accepted', ended_at = ?, ended_by = ?, open_key = NULL, \
     revision = revision + 1 WHERE id = ? AND status IN ('pending', 'delivery_failed') AND expires_at > ? \
     AND recipient = ?";

pub(super) const EXPIRE_BARE: &str = "UPDATE invite_invitations SET status = 'expired', ended_at = ?, ended_by = 'system', \
     open_key = NULL, revision = revision + 1 WHERE status IN ('pending', 'delivery_failed') AND expires_at <= ?";

pub(crate) async fn create(pool: &MySqlPool, _: Side, n: u64) {
    let now = now().naive_utc();
    let (id, letter) = (growing_id(n), growing_id(n ^ (1 << 60)));
    let mut tx = pool.begin().await.expect("begin");
    sqlx::query(INSERT)
        .bind(&id[..])
        .bind(address(n))
        .bind(address(n))
        .bind(PAYLOAD)
        .bind(DISPLAY)
        .bind(&scattered_key(n)[..])
        .bind(now)
        .bind(now + TimeDelta::seconds(LIFETIME))
        .bind(&letter[..])
        .execute(&mut *tx)
        .await
        .expect("invitation");
    sqlx::query(
        "INSERT INTO invite_outbox \
         (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready) \
         VALUES (?, 'member', ?, 1, 'invitation', 0, '7', 'example.com', ?, TRUE)",
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

pub(crate) async fn preview(pool: &MySqlPool, token: &Token) {
    let row: MySqlRow = sqlx::query(
        "SELECT i.scope, i.recipient, i.payload, i.display, i.message, i.expires_at \
         FROM invite_tokens AS t JOIN invite_invitations AS i ON i.id = t.invitation \
         WHERE t.digest = ? AND i.status IN ('pending', 'delivery_failed') AND i.expires_at > ?",
    )
    .bind(digest(token))
    .bind(now().naive_utc())
    .fetch_one(pool)
    .await
    .expect("preview");
    let _: (Vec<u8>, Vec<u8>, String) = (row.get(0), row.get(1), row.get(3));
    role(row.get(2));
}

/// This server returns nothing from an update: what is needed of the row is read first.
pub(crate) async fn accept(pool: &MySqlPool, _: Side, token: &Token, n: u64) {
    let now = now().naive_utc();
    let actor = format!("user:{n}");
    let mut tx = pool.begin().await.expect("begin");
    let row: MySqlRow = sqlx::query(
        "SELECT i.id, i.revision, i.payload FROM invite_tokens AS t \
         JOIN invite_invitations AS i ON i.id = t.invitation WHERE t.digest = ?",
    )
    .bind(digest(token))
    .fetch_one(&mut *tx)
    .await
    .expect("token");
    let id: [u8; 16] = row.get::<&[u8], _>(0).try_into().expect("id");
    let accepted = sqlx::query(ACCEPT).bind(now).bind(&actor).bind(&id[..]).bind(now).bind(address(n));
    assert_eq!(accepted.execute(&mut *tx).await.expect("accept").rows_affected(), 1);
    event(&mut tx, &id, row.get::<u32, _>(1) + 1, "accepted", &actor, now).await;
    join(&mut tx, n, &role(row.get(2)), &id).await;
    tx.commit().await.expect("commit");
}

/// The host's own insert: the same on the library's side.
pub(crate) async fn join(conn: &mut MySqlConnection, person: u64, role: &str, invitation: &[u8; 16]) {
    sqlx::query("INSERT INTO memberships (person, role, invitation) VALUES (?, ?, ?)")
        .bind(person.to_string())
        .bind(role)
        .bind(&invitation[..])
        .execute(conn)
        .await
        .expect("membership");
}

async fn event(conn: &mut MySqlConnection, id: &[u8; 16], revision: u32, action: &str, actor: &str, at: NaiveDateTime) {
    sqlx::query("INSERT INTO invite_events (invitation, revision, action, actor, at) VALUES (?, ?, ?, ?, ?)")
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

// Left to itself, the server walks the index from its end to where a page begins.
macro_rules! lines {
    ($columns:ident, $seek:literal) => {
        concat!(
            "SELECT ",
            $columns!(),
            " FROM invite_invitations AS i FORCE INDEX FOR ORDER BY (invite_invitations_list) \
              LEFT JOIN invite_letters AS l ON l.id = delivery_id \
              WHERE kind = 'member' AND scope = 'big'",
            $seek,
            " ORDER BY created_at DESC, i.id DESC LIMIT 50"
        )
    };
}

pub(crate) async fn list(pool: &MySqlPool, side: Side, page: Page) {
    let everything = side == Side::Everything;
    let query = match page {
        Page::First => sqlx::query(if everything { lines!(columns, "") } else { lines!(line, "") }),
        Page::Behind(n) => {
            let (at, id) = filled(n);
            let at = DateTime::from_timestamp_micros(at).expect("a time").naive_utc();
            sqlx::query(if everything {
                lines!(columns, " AND created_at <= ? AND (created_at < ? OR i.id < ?)")
            } else {
                lines!(line, " AND created_at <= ? AND (created_at < ? OR i.id < ?)")
            })
            .bind(at)
            .bind(at)
            .bind(id.to_vec())
        }
    };
    let rows = query.fetch_all(pool).await.expect("list");
    if everything {
        let rows = rows.iter().map(|row| {
            let ids: (Vec<u8>, String, Vec<u8>, Option<Vec<u8>>) = (row.get(0), row.get(1), row.get(2), row.get(27));
            let people: (String, Vec<u8>, String) = (row.get(3), row.get(4), row.get(5));
            let host: [serde_json::Value; 2] = [
                serde_json::from_str(row.get(6)).expect("payload"),
                serde_json::from_str(row.get(7)).expect("display"),
            ];
            let words: [Option<String>; 6] =
                [row.get(8), row.get(9), row.get(12), row.get(13), row.get(25), row.get(26)];
            let states: [String; 2] = [row.get(10), row.get(23)];
            let ends: [Option<NaiveDateTime>; 5] = [row.get(11), row.get(17), row.get(21), row.get(22), row.get(28)];
            let counts: [u32; 4] = [row.get(15), row.get(16), row.get(18), row.get(24)];
            let times: [NaiveDateTime; 2] = [row.get(19), row.get(20)];
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
                row.get::<Option<u32>, _>(29),
            )
        });
        assert_eq!(rows.collect::<Vec<_>>().len(), 50);
        return;
    }
    let lines = rows.iter().map(|row| Line::<Vec<u8>, NaiveDateTime> {
        id: row.get(0),
        email: row.get(1),
        membership: serde_json::from_str(row.get(2)).expect("payload"),
        message: row.get(3),
        inviter: row.get(4),
        status: row.get(5),
        ended_at: row.get(6),
        created_at: row.get(7),
        expires_at: row.get(8),
        delivery: (row.get(9), row.get::<u32, _>(10).into(), row.get(11)),
    });
    assert_eq!(lines.collect::<Vec<_>>().len(), 50);
}

pub(super) const DUE: &str = "SELECT id FROM invite_invitations \
     WHERE status IN ('pending', 'delivery_failed') AND expires_at <= ? LIMIT ? FOR UPDATE SKIP LOCKED";

/// Ids in the text of a statement: each list of another length is another statement, prepared anew.
pub(super) fn expire(how_many: usize) -> [String; 2] {
    let places = vec!["?"; how_many].join(", ");
    [
        format!(
            "INSERT INTO invite_events (invitation, revision, action, actor, at) \
             SELECT id, revision + 1, 'expired', 'system', ? FROM invite_invitations WHERE id IN ({places})"
        ),
        format!(
            "UPDATE invite_invitations SET status = 'expired', ended_at = ?, ended_by = 'system', open_key = NULL, \
             revision = revision + 1 WHERE id IN ({places})"
        ),
    ]
}

pub(crate) async fn sweep(pool: &MySqlPool, side: Side) {
    let now = now().naive_utc();
    if side == Side::Bare {
        sqlx::query(EXPIRE_BARE).bind(now).bind(now).execute(pool).await.expect("sweep");
        return;
    }
    loop {
        let mut tx = pool.begin().await.expect("begin");
        let due = sqlx::query(DUE).bind(now).bind(SWEEP).fetch_all(&mut *tx).await.expect("due");
        if due.is_empty() {
            return;
        }
        for sql in expire(due.len()) {
            let mut statement = sqlx::query(AssertSqlSafe(sql)).bind(now);
            for row in &due {
                statement = statement.bind(row.get::<Vec<u8>, _>(0));
            }
            statement.execute(&mut *tx).await.expect("sweep");
        }
        tx.commit().await.expect("commit");
    }
}

pub(crate) async fn mail(pool: &MySqlPool) {
    loop {
        let (now, owner) = (now().naive_utc(), growing_id(7));
        let mut tx = pool.begin().await.expect("begin");
        let letters = sqlx::query(
            "SELECT o.id, o.invitation, i.recipient_given, i.payload, i.display FROM invite_outbox AS o \
             JOIN invite_invitations AS i ON i.id = o.invitation \
             WHERE o.ready = TRUE AND o.not_before <= ? AND (o.lease_until IS NULL OR o.lease_until <= ?) \
             ORDER BY o.ready, o.priority, o.scope, o.not_before, o.id LIMIT ? FOR UPDATE SKIP LOCKED",
        );
        let letters = letters.bind(now).bind(now).bind(BATCH).fetch_all(&mut *tx).await.expect("due");
        if letters.is_empty() {
            return;
        }
        for letter in &letters {
            sqlx::query(
                "UPDATE invite_outbox SET attempt = attempt + 1, lease_owner = ?, lease_until = ? WHERE id = ?",
            )
            .bind(&owner[..])
            .bind(now + TimeDelta::minutes(15))
            .bind(letter.get::<Vec<u8>, _>(0))
            .execute(&mut *tx)
            .await
            .expect("lease");
            sqlx::query(
                "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) \
                 VALUES (?, ?, 1, 'mail', ?)",
            )
            .bind(mint())
            .bind(letter.get::<Vec<u8>, _>(1))
            .bind(now)
            .execute(&mut *tx)
            .await
            .expect("token");
        }
        tx.commit().await.expect("commit");
        join_all(letters.iter().map(|letter| settle(pool, letter))).await;
    }
}

async fn settle(pool: &MySqlPool, letter: &MySqlRow) {
    let mut tx = pool.begin().await.expect("begin");
    sqlx::query("DELETE FROM invite_outbox WHERE id = ? AND attempt = 1")
        .bind(letter.get::<Vec<u8>, _>(0))
        .execute(&mut *tx)
        .await
        .expect("letter");
    sqlx::query("INSERT INTO invite_letters (id, invitation, state, attempts) VALUES (?, ?, 'sent', 1)")
        .bind(letter.get::<Vec<u8>, _>(0))
        .bind(letter.get::<Vec<u8>, _>(1))
        .execute(&mut *tx)
        .await
        .expect("summary");
    tx.commit().await.expect("commit");
}
