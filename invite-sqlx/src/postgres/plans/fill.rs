//! Fills the tables.

use sqlx::{AssertSqlSafe, Executor, PgPool};

/// The tables as years leave them: three kinds, many small scopes and a large one, most
/// invitations ended, a fifth open, one in a hundred due; a queue of a tenth, of which one in a
/// hundred is due. Without indexes and without a log while they fill, which is several times as
/// quick; ids and digests count, because a tree is searched alike whatever its keys.
const FILL: &str = "
    DROP INDEX invite_invitations_list, invite_invitations_due, invite_invitations_recipient, invite_invitations_remind,
        invite_invitations_import, invite_invitations_ended,
        invite_events_history;
    ALTER TABLE invite_invitations SET UNLOGGED;
    ALTER TABLE invite_tokens SET UNLOGGED;
    ALTER TABLE invite_outbox SET UNLOGGED;
    ALTER TABLE invite_letters SET UNLOGGED;
    ALTER TABLE invite_events SET UNLOGGED;

    INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display, status,
        ended_at, ended_by, generation, min_generation, revision, open_key, created_at, expires_at,
        inviter_address, delivery_id, remind_at, import, idempotency_key)
    SELECT id, CASE WHEN n % 8 = 0 OR n % 20 < 16 THEN 'member' WHEN n % 20 < 19 THEN 'provider' ELSE 'guest' END,
        CASE WHEN n % 8 = 0 THEN 'big' ELSE 'org:' || n * 7919 % 20000 END, address, address, 'user:' || n % 1000,
        '{\"role\":\"member\"}', '{\"inviter\":\"Ada\",\"organization\":\"Example\"}', status,
        CASE WHEN open THEN NULL ELSE present END, CASE WHEN open THEN NULL ELSE 'system' END, 1, 1, 1,
        CASE WHEN open THEN digest END, present - (ROWS - n) * interval '1 second',
        present + CASE WHEN open AND n % 20 <> 7 THEN interval '7 days' - n % 500000 * interval '1 second'
                       ELSE n % 10000 * interval '-1 second' END,
        'charles@example.com', id,
        CASE WHEN open AND n % 10 = 3 THEN present + (n % 5000 - 50) * interval '1 second' END,
        CASE WHEN n % 3 = 0 THEN 'import-' || n % (ROWS / 2000) END,
        CASE WHEN n % 3 = 0 THEN digest END
    FROM (
        SELECT n, lpad(to_hex(n), 32, '0')::uuid AS id, decode(lpad(to_hex(n), 64, '0'), 'hex') AS digest,
            'person' || n % 600000 || '@d' || n % 97 || '.example' AS address, n / 100 % 10 IN (7, 8) AS open,
            (ARRAY['accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'expired', 'cancelled', 'pending',
                   'pending', 'rejected'])[1 + n / 100 % 10] AS status,
            '2030-01-01Z'::timestamptz AS present
        FROM generate_series(1, ROWS::bigint) AS n
    ) AS numbered;
    INSERT INTO invite_tokens
    SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), lpad(to_hex(n), 32, '0')::uuid, 1, 'mail', '2030-01-01Z'
    FROM generate_series(1, ROWS) AS n;
    INSERT INTO invite_letters (id, invitation, state, attempts, provider_id)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'sent', 1, 'q-' || n
    FROM generate_series(1, ROWS) AS n;
    INSERT INTO invite_events (invitation, revision, action, actor, at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, revision, 'created', 'user:1', '2030-01-01Z'
    FROM generate_series(1, ROWS) AS n, generate_series(1, 2) AS revision;
    INSERT INTO invite_outbox
    (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
    SELECT ('f' || lpad(to_hex(n), 31, '0'))::uuid, 'member', lpad(to_hex(n * 10), 32, '0')::uuid, 1, 'invitation',
        0, CASE WHEN n % 2 = 0 THEN 'big' ELSE 'org:' || n END, 'd' || n % 97 || '.example',
        '2030-01-01Z'::timestamptz + (n - ROWS / 1000) * interval '1 second', n <= ROWS / 1000
    FROM generate_series(1, ROWS / 10) AS n;
";

pub(super) async fn fill(pool: &PgPool, rows: u64) {
    crate::postgres::migrate(pool).await.unwrap();
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE INDEX%' \
         AND tablename IN ('invite_invitations', 'invite_events')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let fill = FILL.replace("ROWS", &rows.to_string());
    let fill = format!("SET maintenance_work_mem = '256MB'; {fill}; {}; ANALYZE", indexes.join("; "));
    for statement in fill.split(';') {
        pool.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }
}
