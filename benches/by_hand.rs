//! The same work as a careful host would write it for itself: the same rows in the same tables,
//! one connection, no abstraction, no more columns read than are used.

use invite_core::{Token, testing};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use crate::{Database, Membership, address};

/// Inserts an invitation, its letter and its event.
pub async fn create(database: &Database, n: u64, now: i64) {
    let mut tx = database.pool.begin().await.expect("begin");
    let id = random_id(n);
    let recipient = address(n);
    let open_key = [&[1; 24][..], &n.to_be_bytes()].concat();
    sqlx::query(
        "INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display, \
         status, generation, min_generation, revision, open_key, created_at, expires_at, delivery_state, \
         delivery_attempts) VALUES (?1, 'member', '7', ?2, ?2, 'user:1', ?3, ?4, 'pending', 1, 1, 1, ?5, ?6, ?7, \
         'queued', 0) ON CONFLICT (open_key) DO NOTHING",
    )
    .bind(&id[..])
    .bind(recipient)
    .bind(r#"{"role":"member"}"#)
    .bind(r#"{"inviter":"Ada","organization":"Example"}"#)
    .bind(open_key)
    .bind(now)
    .bind(now + 604_800_000_000)
    .execute(&mut *tx)
    .await
    .expect("invitation");
    sqlx::query(
        "INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, not_before) \
         VALUES (?1, 'member', ?2, 1, 'invitation', ?3)",
    )
    .bind(&random_id(n ^ (1 << 60))[..])
    .bind(&id[..])
    .bind(now)
    .execute(&mut *tx)
    .await
    .expect("letter");
    event(&mut tx, &id, 1, "created", "user:1", now).await;
    tx.commit().await.expect("commit");
}

/// Reads by digest what a landing page shows.
pub async fn preview(database: &Database, token: &Token, now: i64) {
    let row: SqliteRow = sqlx::query(
        "SELECT i.scope, i.recipient, i.payload, i.display, i.message, i.expires_at FROM invite_tokens AS t \
         JOIN invite_invitations AS i ON i.id = t.invitation \
         WHERE t.digest = ?1 AND i.status IN ('pending', 'delivery_failed') AND i.expires_at > ?2",
    )
    .bind(testing::digest::<Membership>(token).as_bytes().as_slice())
    .bind(now)
    .fetch_one(&database.pool)
    .await
    .expect("preview");
    let _: (String, String, String) = (row.get(0), row.get(1), row.get(3));
    let _: Membership = serde_json::from_str(row.get(2)).expect("payload");
}

/// Guarded update, event, membership.
pub async fn accept(database: &Database, token: &Token, n: u64, now: i64) {
    let mut tx = database.pool.begin().await.expect("begin");
    let row: SqliteRow = sqlx::query(
        "UPDATE invite_invitations SET status = 'accepted', ended_at = ?2, ended_by = ?3, open_key = NULL, \
         revision = revision + 1 WHERE id = (SELECT invitation FROM invite_tokens WHERE digest = ?1) \
         AND status IN ('pending', 'delivery_failed') AND expires_at > ?2 AND recipient = ?4 \
         RETURNING id, revision, payload",
    )
    .bind(testing::digest::<Membership>(token).as_bytes().as_slice())
    .bind(now)
    .bind(format!("user:{n}"))
    .bind(address(n))
    .fetch_one(&mut *tx)
    .await
    .expect("accept");
    let id: [u8; 16] = row.get::<&[u8], _>(0).try_into().expect("id");
    event(&mut tx, &id, row.get(1), "accepted", &format!("user:{n}"), now).await;
    let membership: Membership = serde_json::from_str(row.get(2)).expect("payload");
    join(&mut tx, n, &membership.role, &id).await;
    tx.commit().await.expect("commit");
}

/// One line of a list, with all that an administrator's page says about it.
#[derive(Debug)]
pub struct Line {
    /// Its id.
    pub id: Vec<u8>,
    /// Who is invited.
    pub email: String,
    /// To what.
    pub membership: Membership,
    /// The inviter's words.
    pub message: Option<String>,
    /// Who invited.
    pub inviter: String,
    /// Where it stands.
    pub status: String,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// When it began.
    pub created_at: i64,
    /// When it runs out.
    pub expires_at: i64,
    /// What became of the mail.
    pub delivery: (String, i64, Option<String>),
}

/// The newest fifty of a scope.
pub async fn list(database: &Database) {
    let rows = sqlx::query(
        "SELECT id, recipient_given, payload, message, inviter, status, ended_at, created_at, expires_at, \
         delivery_state, delivery_attempts, delivery_error FROM invite_invitations \
         WHERE kind = 'member' AND scope = '7' ORDER BY created_at DESC, id DESC LIMIT 50",
    )
    .fetch_all(&database.pool)
    .await
    .expect("list");
    let lines: Vec<_> = rows
        .iter()
        .map(|row| Line {
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
        })
        .collect();
    assert_eq!(lines.len(), 50);
}

/// The host's own insert: the same on both sides.
pub async fn join(conn: &mut SqliteConnection, person: u64, role: &str, invitation: &[u8; 16]) {
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

/// Unique and growing, as a UUIDv7 is.
fn random_id(n: u64) -> [u8; 16] {
    let mut id = [0x70; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    id
}
