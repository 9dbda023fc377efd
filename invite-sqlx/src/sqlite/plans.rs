//! Every statement finds what it looks for by an index, among a million invitations, before the
//! tables were ever analysed and after.

use sqlx::{
    AssertSqlSafe, Executor, Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use invite_schema::{Sql, sqlite::sql};

use crate::plans::{Complaints, forgotten, rows, rows_of};

const BY_ID: &str = "SEARCH i USING INDEX sqlite_autoindex_invite_invitations_1 (id=?)";
const LETTER: &str = "SEARCH l USING PRIMARY KEY (id=?)";
const LETTER_IF_ANY: &str = "SEARCH l USING PRIMARY KEY (id=?) LEFT-JOIN";
const BY_DIGEST: &str = "SEARCH invite_tokens USING PRIMARY KEY (digest=?)";
const IN_QUEUE: &str = "SEARCH invite_outbox USING INDEX sqlite_autoindex_invite_outbox_1 (id=?)";
const BY_PERIOD: &str =
    "SEARCH i USING INDEX invite_invitations_list (kind=? AND scope=? AND created_at>? AND created_at<?)";
const BY_IMPORT: &str = "SEARCH i USING INDEX invite_invitations_import (kind=? AND scope=? AND import=?)";
const BY_IDS: &str = "SEARCH i USING INDEX sqlite_autoindex_invite_invitations_1 (id>? AND id<?)";
const GATHERED: &str = "SCAN matched";
const GROUPED: &str = "USE TEMP B-TREE FOR GROUP BY";
const ITS_LETTER: &str = "SEARCH k USING PRIMARY KEY (id=?)";
const SORT: &str = "USE TEMP B-TREE FOR ORDER BY";
const SCAN: &str = "SCAN i";
const WALKED: &str = "SEARCH o USING INDEX invite_outbox_ready (priority=? AND scope>?)";
const KINDS: &str = "SCAN json_each VIRTUAL TABLE INDEX 1:";

/// Every statement that looks for something, and every way it may look.
const SEARCHES: &[(Sql, &[&str])] = &[
    (sql::INSERT, &[]),
    (sql::FIND_BY_ID, &[BY_ID, LETTER_IF_ANY]),
    (sql::FIND_BY_TOKEN, &["SEARCH t USING PRIMARY KEY (digest=?)", BY_ID, LETTER_IF_ANY]),
    (sql::FIND_OPEN, &["SEARCH i USING INDEX invite_invitations_open (open_key=?)", LETTER_IF_ANY]),
    (sql::FIND_BY_KEY, &["SEARCH i USING INDEX invite_invitations_key (idempotency_key=?)", LETTER_IF_ANY]),
    (sql::FIND_BY_DELIVERY, &["SEARCH i USING INDEX invite_invitations_delivery (delivery_id=?)", LETTER_IF_ANY]),
    (
        sql::FIND_BY_PROVIDER_ID,
        &[
            "SEARCH i USING INDEX invite_invitations_delivery (delivery_id=?)",
            "SEARCH k USING COVERING INDEX invite_letters_provider (provider_id=?)",
            LETTER_IF_ANY,
        ],
    ),
    (sql::END_BY_TOKEN, &[BY_ID, BY_DIGEST, LETTER]),
    (sql::VIEW, &[BY_ID, BY_DIGEST, LETTER]),
    (sql::END_BY_ID, &[BY_ID, LETTER]),
    (sql::RENEW, &[BY_ID, LETTER]),
    (sql::AMEND, &[BY_ID, "SEARCH o USING INDEX invite_invitations_open (open_key=?)", LETTER]),
    (sql::LINK, &[BY_ID, LETTER]),
    (sql::FAIL_DELIVERY, &["SEARCH i USING INDEX invite_invitations_delivery (delivery_id=?)", LETTER]),
    (
        sql::RECORD_DELIVERY,
        &[
            "SEARCH i USING INDEX invite_invitations_delivery (delivery_id=?)",
            "SEARCH k USING PRIMARY KEY (id=?)",
            KINDS,
        ],
    ),
    (
        sql::LIST_NEWEST_FIRST,
        &[
            "SEARCH i USING INDEX invite_invitations_list (kind=? AND scope=? AND created_at>? AND (created_at,id)<(?,?))",
            LETTER_IF_ANY,
        ],
    ),
    (
        sql::LIST_OLDEST_FIRST,
        &[
            "SEARCH i USING INDEX invite_invitations_list (kind=? AND scope=? AND (created_at,id)>(?,?) AND created_at<?)",
            LETTER_IF_ANY,
        ],
    ),
    (sql::LIST_EXPIRES_FIRST, &[BY_PERIOD, SORT, SCAN, ITS_LETTER, LETTER_IF_ANY]),
    (sql::LIST_BY_ADDRESS, &[BY_PERIOD, SORT, SCAN, ITS_LETTER, LETTER_IF_ANY]),
    (sql::IMPORT_NEWEST_FIRST, &[BY_IMPORT, SORT, SCAN, ITS_LETTER, LETTER_IF_ANY]),
    (sql::IMPORT_OLDEST_FIRST, &[BY_IMPORT, SORT, SCAN, ITS_LETTER, LETTER_IF_ANY]),
    (sql::IMPORT_EXPIRES_FIRST, &[BY_IMPORT, SORT, SCAN, ITS_LETTER, LETTER_IF_ANY]),
    (sql::IMPORT_BY_ADDRESS, &[BY_IMPORT, SORT, SCAN, ITS_LETTER, LETTER_IF_ANY]),
    (sql::EVERYWHERE_NEWEST_FIRST, &[BY_IDS, LETTER_IF_ANY]),
    (sql::EVERYWHERE_OLDEST_FIRST, &[BY_IDS, LETTER_IF_ANY]),
    (
        sql::STATS,
        &[
            BY_PERIOD,
            LETTER_IF_ANY,
            GATHERED,
            GROUPED,
            SORT,
            "SCAN f",
            "COMPOUND QUERY",
            "UNION ALL",
            "MATERIALIZE matched",
        ],
    ),
    (
        sql::STATS_OF_IMPORT,
        &[
            BY_IMPORT,
            LETTER_IF_ANY,
            GATHERED,
            GROUPED,
            SORT,
            "SCAN f",
            "COMPOUND QUERY",
            "UNION ALL",
            "MATERIALIZE matched",
        ],
    ),
    (
        sql::ADDRESSED_TO,
        &["SEARCH a USING INDEX invite_invitations_recipient (recipient=?)", SORT, SCAN, LETTER_IF_ANY, SORT],
    ),
    (sql::OF_ADDRESS, &["SEARCH i USING INDEX invite_invitations_recipient (recipient=?)", SORT, SCAN, LETTER_IF_ANY]),
    (sql::HISTORY, &[BY_ID, "SEARCH e USING INDEX invite_events_history (invitation=?)"]),
    (
        sql::ANY_LETTERS,
        &[
            "SCAN CONSTANT ROW",
            "SCAN o USING INDEX invite_outbox_ready",
            KINDS,
            "SEARCH o USING INDEX invite_outbox_waiting (not_before<?)",
        ],
    ),
    (
        sql::WALK,
        &[
            "COMPOUND QUERY",
            WALKED,
            KINDS,
            "UNION ALL",
            "SEARCH o USING INDEX invite_outbox_ready (priority=? AND scope<?)",
        ],
    ),
    (sql::FORGET_ENDED, &["SEARCH invite_invitations USING INDEX sqlite_autoindex_invite_invitations_1 (id=?)"]),
    (
        sql::ANY_OLD,
        &["SEARCH invite_invitations USING COVERING INDEX invite_invitations_ended (kind=? AND ended_at<?)"],
    ),
    (sql::OLD, &["SEARCH invite_invitations USING COVERING INDEX invite_invitations_ended (kind=? AND ended_at<?)"]),
    (sql::FORGET_OLD, &["SEARCH invite_invitations USING INDEX sqlite_autoindex_invite_invitations_1 (id=?)"]),
    (sql::FORGET_QUEUED, &["SEARCH invite_outbox USING INDEX invite_outbox_invitation (invitation=?)"]),
    (sql::FORGET_TOKENS, &["SEARCH invite_tokens USING INDEX invite_tokens_invitation (invitation=?)"]),
    (sql::FORGET_LETTERS, &["SEARCH invite_letters USING INDEX invite_letters_invitation (invitation=?)"]),
    (sql::FORGET_EVENTS, &["SEARCH invite_events USING INDEX invite_events_history (invitation=?)"]),
    (sql::ERASE, &["SEARCH invite_invitations USING INDEX sqlite_autoindex_invite_invitations_1 (id=?)"]),
    (sql::ERASE_LETTERS, &["SEARCH invite_letters USING INDEX invite_letters_invitation (invitation=?)"]),
    (sql::ERASE_EVENTS, &["SEARCH invite_events USING INDEX invite_events_history (invitation=?)"]),
    (sql::WALK_ON, &[WALKED, KINDS]),
    (sql::WALK_ON_UNTIL, &["SEARCH o USING INDEX invite_outbox_ready (priority=? AND scope>? AND scope<?)", KINDS]),
    (
        sql::RIPEN,
        &[
            "SEARCH invite_outbox USING COVERING INDEX sqlite_autoindex_invite_outbox_1 (id=?)",
            "SEARCH invite_outbox USING INDEX invite_outbox_waiting (not_before<?)",
        ],
    ),
    (
        sql::TAKE,
        &[
            "SEARCH o USING INDEX sqlite_autoindex_invite_outbox_1 (id=?)",
            "SEARCH i USING INDEX sqlite_autoindex_invite_invitations_1 (id=?) LEFT-JOIN",
            LETTER_IF_ANY,
        ],
    ),
    (sql::LEASE, &[IN_QUEUE]),
    (sql::DISCARD, &[IN_QUEUE]),
    (sql::REMOVE, &[IN_QUEUE]),
    (sql::POSTPONE, &[IN_QUEUE]),
    (sql::ANY_REMINDERS, &["SEARCH i USING INDEX invite_invitations_remind (remind_at<?)", KINDS]),
    (sql::DUE_REMINDERS, &["SEARCH i USING INDEX invite_invitations_remind (remind_at<?)", KINDS, LETTER_IF_ANY]),
    (sql::REMINDED, &["SEARCH invite_invitations USING INDEX sqlite_autoindex_invite_invitations_1 (id=?)"]),
    (
        sql::ANY_DUE,
        &[
            "SCAN CONSTANT ROW",
            "SEARCH invite_invitations USING INDEX invite_invitations_due (expires_at<?)",
            KINDS,
            "SEARCH invite_outbox USING INDEX invite_outbox_waiting (not_before<?)",
        ],
    ),
    (sql::EXPIRE_EVENTS, &["SEARCH invite_invitations USING INDEX invite_invitations_due (expires_at<?)", KINDS]),
    (sql::EXPIRE_NOTICES, &["SEARCH invite_invitations USING INDEX invite_invitations_due (expires_at<?)", KINDS]),
    (
        sql::EXPIRE,
        &[
            "SEARCH invite_invitations USING COVERING INDEX sqlite_autoindex_invite_invitations_1 (id=?)",
            "SEARCH invite_invitations USING INDEX invite_invitations_due (expires_at<?)",
            KINDS,
        ],
    ),
];

/// The tables as years leave them: three kinds, many small scopes and a large one, most
/// invitations ended, a fifth open, one in a hundred due; a queue of a tenth, of which one in a
/// hundred is due. Without indexes while they fill, which is several times as quick; ids and
/// digests count, because a tree is searched alike whatever its keys.
const FILL: &str = r#"
    DROP INDEX invite_invitations_open;
    DROP INDEX invite_invitations_delivery;
    DROP INDEX invite_invitations_list;
    DROP INDEX invite_invitations_due;
    DROP INDEX invite_invitations_recipient;
    DROP INDEX invite_invitations_remind;
    DROP INDEX invite_invitations_import;
    DROP INDEX invite_invitations_key;
    DROP INDEX invite_invitations_ended;
    DROP INDEX invite_events_history;

    CREATE TABLE numbers (n INTEGER NOT NULL PRIMARY KEY);
    WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ROWS)
    INSERT INTO numbers SELECT n FROM counted;
    INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display, status,
        ended_at, ended_by, generation, min_generation, revision, open_key, created_at, expires_at,
        delivery_id, remind_at, import)
    SELECT CAST(printf('%016d', n) AS BLOB),
        CASE WHEN n % 8 = 0 OR n % 20 < 16 THEN 'member' WHEN n % 20 < 19 THEN 'provider' ELSE 'guest' END,
        CASE WHEN n % 8 = 0 THEN 'big' ELSE 'org:' || n * 7919 % 20000 END, address, address, 'user:' || n % 1000,
        '{"role":"member"}', '{"inviter":"Ada","organization":"Example"}', status,
        CASE WHEN open THEN NULL ELSE present END, CASE WHEN open THEN NULL ELSE 'system' END, 1, 1, 1,
        CASE WHEN open THEN CAST(printf('%032d', n) AS BLOB) END, present - (ROWS - n) * 1000000,
        present + CASE WHEN open AND n % 20 <> 7 THEN 604800 - n % 500000 ELSE -(n % 10000) END * 1000000,
        CAST(printf('%016d', n) AS BLOB), CASE WHEN open AND n % 10 = 3 THEN present + (n % 5000 - 50) * 1000000 END,
        CASE WHEN n % 3 = 0 THEN 'import-' || n % (ROWS / 2000) END
    FROM (
        SELECT n, 'person' || n % 600000 || '@d' || n % 97 || '.example' AS address, n / 100 % 10 IN (7, 8) AS open,
            CASE n / 100 % 10 WHEN 7 THEN 'pending' WHEN 8 THEN 'pending' WHEN 5 THEN 'expired' WHEN 6 THEN 'cancelled'
                              WHEN 9 THEN 'rejected' ELSE 'accepted' END AS status,
            1893456000000000 AS present
        FROM numbers
    );
    INSERT INTO invite_tokens
    SELECT CAST(printf('%032d', n) AS BLOB), CAST(printf('%016d', n) AS BLOB), 1, 'mail', 1893456000000000 FROM numbers;
    INSERT INTO invite_letters (id, invitation, state, attempts, provider_id)
    SELECT CAST(printf('%016d', n) AS BLOB), CAST(printf('%016d', n) AS BLOB), 'sent', 1, 'q-' || n FROM numbers;
    INSERT INTO invite_events (invitation, revision, action, actor, at)
    SELECT CAST(printf('%016d', n) AS BLOB), 1, 'created', 'user:1', 1893456000000000 FROM numbers;
    INSERT INTO invite_events (invitation, revision, action, actor, at)
    SELECT CAST(printf('%016d', n) AS BLOB), 2, 'accepted', 'user:2', 1893456000000000 FROM numbers;
    INSERT INTO invite_outbox
    (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
    SELECT CAST(printf('%016d', n) AS BLOB), 'member', CAST(printf('%016d', n * 10) AS BLOB), 1, 'invitation',
        0, CASE WHEN n % 2 = 0 THEN 'big' ELSE 'org:' || n END, 'd' || n % 97 || '.example',
        1893456000000000 + (n - ROWS / 1000) * 1000000, n <= ROWS / 1000
    FROM numbers WHERE n <= ROWS / 10;
"#;

/// All of them, those of pages twice.
fn searches() -> impl Iterator<Item = (Sql, &'static [&'static str])> {
    let rows = SEARCHES.iter().filter_map(|(sql, expected)| Some((rows_of(sql::ALL, sql)?, *expected)));
    SEARCHES.iter().copied().chain(rows)
}

#[test]
fn no_statement_is_forgotten() {
    let searched: Vec<_> = searches().map(|(sql, _)| sql.name()).collect();
    let look_for_nothing = [
        sql::FORGET_INVITER,
        sql::LOCK,
        sql::INSERT_EVENT,
        sql::INSERT_TOKEN,
        sql::INSERT_LETTER,
        sql::LEDGER,
        sql::RECORD_MIGRATION,
        sql::NOW,
    ];
    assert_eq!(forgotten(sql::ALL, &searched, &look_for_nothing), Vec::<&str>::new());
}

#[tokio::test]
async fn every_search_among_a_million_has_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("plans.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-1000000")
        .pragma("temp_store", "memory");
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    fill(&pool, rows()).await;

    let mut complaints = Complaints::default();
    judge(&pool, "before", &mut complaints).await;
    pool.execute("ANALYZE").await.unwrap();
    judge(&pool, "after", &mut complaints).await;
    pool.close().await;
    complaints.assert_none();
}

async fn fill(pool: &SqlitePool, rows: u64) {
    super::migrate(pool).await.unwrap();
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL \
         AND tbl_name IN ('invite_invitations', 'invite_events')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let fill = format!("{};{}", FILL.replace("ROWS", &rows.to_string()), indexes.join(";"));
    pool.execute(sqlx::raw_sql(AssertSqlSafe(fill))).await.unwrap();
}

async fn judge(pool: &SqlitePool, when: &str, complaints: &mut Complaints) {
    for (sql, expected) in searches() {
        let explain = format!("EXPLAIN QUERY PLAN {}", sql.text());
        let plan = pool.fetch_all(AssertSqlSafe(explain)).await.unwrap();
        let mut plan: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        let tells_nothing =
            |step: &str| step.to_ascii_lowercase().contains("subquery") || step.starts_with("CO-ROUTINE");
        plan.retain(|step| !tells_nothing(step) && step != "CREATE BLOOM FILTER");
        let known = plan.iter().all(|step| expected.contains(&step.as_str()));
        let all = expected.iter().all(|step| plan.iter().any(|found| found == step));
        complaints.unless(known && all, || format!("{when} ANALYZE: {}\n{plan:#?}", sql.text()));
    }
}
