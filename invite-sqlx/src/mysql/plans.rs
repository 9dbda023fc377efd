//! Every statement finds what it looks for by an index, among a million invitations. This server
//! plans anew for the values of each execution.

use std::{env, process};

use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, MySqlPool, Row,
    mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlRow},
};

use super::sql;
use crate::plans::{Complaints, OPEN, PAGE, SMALL, early, forgotten, late, middle, rows};

const PRIMARY: &str = "PRIMARY";
const OPEN_KEY: &str = "invite_invitations_open";
const LIST: &str = "invite_invitations_list";
const DUE: &str = "invite_invitations_due";
const RECIPIENT: &str = "invite_invitations_recipient";
const DELIVERY: &str = "invite_invitations_delivery";
const REMIND: &str = "invite_invitations_remind";
const QUEUE_DUE: &str = "invite_outbox_due";
const HISTORY: &str = "invite_events_history";

const NOW: &str = "TIMESTAMP'2030-01-01 00:00:00'";
const ALWAYS: &str = "TIMESTAMP'1000-01-01 00:00:00'";
const NEVER: &str = "TIMESTAMP'9999-01-01 00:00:00'";
const BIG: &str = "_binary'big'";

/// A statement, and how it must find what it looks for.
struct Search {
    name: &'static str,
    sql: &'static str,
    values: Vec<String>,
    /// Each index it searches, and nothing else.
    indexes: &'static [&'static str],
    /// The most rows it may read.
    reads: u64,
    sorts: bool,
}

impl Search {
    fn new<const N: usize>(
        name: &'static str,
        sql: &'static str,
        values: [&[String]; N],
        indexes: &'static [&'static str],
    ) -> Self {
        Self { name, sql, values: values.concat(), indexes, reads: 12, sorts: false }
    }

    fn reads(self, rows: u64) -> Self {
        Self { reads: rows, ..self }
    }

    fn sorts(self) -> Self {
        Self { sorts: true, ..self }
    }

    /// It looks at every row of the large scope, and puts them in order.
    fn of_the_scope(self, rows: u64) -> Self {
        Self { reads: rows / 8 * 3, sorts: true, ..self }
    }
}

fn searches(rows: u64) -> Vec<Search> {
    let (token, by_id) = (guard([digest(OPEN), NOW.into()]), guard([id(OPEN), BIG.into()]));
    let find = values([&id(OPEN), "'member'", BIG]);
    let end = values(["'accepted'", NOW, "'user:2'", "NULL"]);
    let readdressed = values(["NULL", "FALSE", "NULL", "NULL"]);
    let amend = [readdressed.clone(), values([NOW])].concat();
    let readdress = values(["'x@example.com'", "'x@example.com'", &digest(0)]);
    let list = |scope: &str, after: &[String]| {
        let all = ["TRUE", NOW, "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "''", "NULL", NOW, "NULL"];
        [values(["'member'", scope]), after.to_vec(), values(all), values([&PAGE.to_string()])].concat()
    };
    let seek = |n: u64| [time(rows, n), time(rows, n), id(n)];
    let (middle, early, late) = (seek(middle(rows)), seek(early(rows)), seek(late(rows)));
    let first = [ALWAYS, ALWAYS, "X''"].map(str::to_owned);
    let last = [NEVER, NEVER, &format!("X'{}'", "ff".repeat(16))].map(str::to_owned);
    let behind = |id: &str| values([id, "'member'", BIG, id, "'member'", BIG, id]);
    let small = format!("_binary'{SMALL}'");
    let due = values([&format!("'[{}]'", (0..200).map(|n| format!("\"{n:032x}\"")).collect::<Vec<_>>().join(","))]);
    let kinds = r#"'["member","provider","guest"]'"#;
    let now = values([NOW]);
    vec![
        Search::new("find by token", sql::FIND_BY_TOKEN, [&[digest(OPEN)]], &[PRIMARY]),
        Search::new("find by id", sql::FIND_BY_ID, [&find], &[PRIMARY]),
        Search::new("find by token, latest", sql::FIND_BY_TOKEN_LATEST, [&[digest(OPEN)]], &[PRIMARY]),
        Search::new("find by id, latest", sql::FIND_BY_ID_LATEST, [&find], &[PRIMARY]),
        Search::new("find open, latest", sql::FIND_OPEN_LATEST, [&[digest(OPEN)]], &[OPEN_KEY]),
        Search::new("end by token", sql::END_BY_TOKEN, [&end, &token], &[PRIMARY]),
        Search::new("end by id", sql::END_BY_ID, [&end, &by_id], &[PRIMARY]),
        Search::new("renew", sql::RENEW, [&values([NOW, NOW, "TRUE", "TRUE", NOW, &id(0), NOW]), &by_id], &[PRIMARY]),
        Search::new("amend", sql::AMEND, [&amend, &by_id], &[PRIMARY]),
        Search::new("readdress", sql::READDRESS, [&readdress, &readdressed, &by_id], &[PRIMARY]),
        Search::new("link", sql::LINK, [&by_id], &[PRIMARY]),
        Search::new("view", sql::VIEW, [&now, &token], &[PRIMARY]),
        Search::new("fail delivery", sql::FAIL_DELIVERY, [&by_id], &[PRIMARY]),
        Search::new("fail delivery of", sql::FAIL_DELIVERY_OF, [&by_id], &[DELIVERY]),
        Search::new("find by delivery", sql::FIND_BY_DELIVERY, [&[id(OPEN)]], &[DELIVERY]),
        Search::new(
            "summarize",
            sql::SUMMARIZE,
            [&values(["'bounced'", "NULL", "NULL", &id(OPEN), "'member'", r#"'["queued","sent"]'"#])],
            &[DELIVERY],
        ),
        Search::new("newest first", sql::LIST_NEWEST_FIRST, [&list(BIG, &last)], &[LIST]).reads(PAGE + 2),
        Search::new("newest first, deep", sql::LIST_NEWEST_FIRST, [&list(BIG, &middle)], &[LIST]).reads(PAGE + 2),
        Search::new("newest first, near", sql::LIST_NEWEST_FIRST, [&list(BIG, &late)], &[LIST]).reads(PAGE + 2),
        Search::new("newest first, small", sql::LIST_NEWEST_FIRST, [&list(&small, &last)], &[LIST]).reads(PAGE + 2),
        Search::new("oldest first", sql::LIST_OLDEST_FIRST, [&list(BIG, &first)], &[LIST]).reads(PAGE + 2),
        Search::new("oldest first, deep", sql::LIST_OLDEST_FIRST, [&list(BIG, &middle)], &[LIST]).reads(PAGE + 2),
        Search::new("oldest first, near", sql::LIST_OLDEST_FIRST, [&list(BIG, &early)], &[LIST]).reads(PAGE + 2),
        Search::new("expires first", sql::LIST_EXPIRES_FIRST, [&list(BIG, &first)], &[LIST]).of_the_scope(rows),
        Search::new("expires first, deep", sql::LIST_EXPIRES_FIRST, [&list(BIG, &middle)], &[LIST]).of_the_scope(rows),
        Search::new("by address", sql::LIST_BY_ADDRESS, [&list(BIG, &behind("X''"))], &[LIST]).of_the_scope(rows),
        Search::new("by address, deep", sql::LIST_BY_ADDRESS, [&list(BIG, &behind(&middle[2]))], &[LIST, PRIMARY])
            .of_the_scope(rows),
        Search::new("addressed to", sql::ADDRESSED_TO, [&addresses(), &values(["'member'", NOW, "100"])], &[RECIPIENT])
            .reads(8 * 8)
            .sorts(),
        Search::new("history", sql::HISTORY, [&find], &[PRIMARY, HISTORY]),
        Search::new("due letters", sql::DUE_LETTERS, [&now, &now, &values([kinds, "8"])], &[QUEUE_DUE]).reads(2 * 8),
        Search::new("lease", sql::LEASE, [&values([&id(1), NOW, &id(1)])], &[PRIMARY]),
        Search::new("discard", sql::DISCARD, [&[id(1)]], &[PRIMARY]),
        Search::new("remove", sql::REMOVE, [&values([&id(1), &id(1), "0"])], &[PRIMARY]),
        Search::new(
            "postpone",
            sql::POSTPONE,
            [&values([NOW, "1", "1", "'x'"]), &values([&id(1), &id(1), "0"])],
            &[PRIMARY],
        ),
        Search::new("due reminders", sql::DUE_REMINDERS, [&now, &values([kinds, "200"])], &[REMIND]).reads(2 * 210),
        Search::new("reminded", sql::REMINDED, [&values([NOW, "1", &id(OPEN)])], &[PRIMARY]),
        Search::new("due invitations", sql::DUE_INVITATIONS, [&now, &values([kinds, "200"])], &[DUE]).reads(210),
        Search::new("expire, events", sql::EXPIRE_EVENTS, [&now, &due], &[PRIMARY]).reads(4 * 200),
        Search::new("expire, notices", sql::EXPIRE_NOTICES, [&now, &due, &values([kinds])], &[PRIMARY]).reads(4 * 200),
        Search::new("expire", sql::EXPIRE, [&due, &now], &[PRIMARY]).reads(4 * 200),
    ]
}

fn guard(target: [String; 2]) -> Vec<String> {
    let condition = ["'member'", "'pending'", "'delivery_failed'", NOW, NEVER, "'address'"];
    [target.to_vec(), values(condition), addresses(), values(["NULL", NEVER, "NULL"])].concat()
}

fn values<const N: usize>(values: [&str; N]) -> Vec<String> {
    values.map(str::to_owned).to_vec()
}

fn addresses() -> Vec<String> {
    (OPEN..OPEN + 8).map(|n| format!("'person{}@d{}.example'", n % 600_000, n % 97)).collect()
}

fn id(n: u64) -> String {
    format!("X'{n:032x}'")
}

fn digest(n: u64) -> String {
    format!("X'{n:064x}'")
}

fn time(rows: u64, n: u64) -> String {
    format!("{NOW} - INTERVAL {} SECOND", rows - n)
}

/// The tables as years leave them: three kinds, many small scopes and a large one, most
/// invitations ended, a fifth open, one in a hundred due; a queue of a tenth, of which one in a
/// hundred is due. In the order of the primary keys and without further indexes while they fill,
/// which is several times as quick; ids and digests count, because a tree is searched alike
/// whatever its keys.
const FILL: &str = r#"
    ALTER TABLE invite_invitations DROP KEY invite_invitations_list, DROP KEY invite_invitations_due,
        DROP KEY invite_invitations_recipient, DROP KEY invite_invitations_remind;
    ALTER TABLE invite_events DROP KEY invite_events_history;

    INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display, status,
        ended_at, ended_by, generation, min_generation, revision, open_key, created_at, expires_at, delivery_state,
        delivery_attempts, delivery_id, remind_at)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')),
        CASE WHEN n % 8 = 0 OR n % 20 < 16 THEN 'member' WHEN n % 20 < 19 THEN 'provider' ELSE 'guest' END,
        IF(n % 8 = 0, 'big', CONCAT('org:', n * 7919 % 20000)), address, address, CONCAT('user:', n % 1000),
        '{"role":"member"}', '{"inviter":"Ada","organization":"Example"}', status,
        IF(open, NULL, '2030-01-01'), IF(open, NULL, 'system'), 1, 1, 1, IF(open, UNHEX(LPAD(HEX(n), 64, '0')), NULL),
        '2030-01-01' - INTERVAL ROWS - n SECOND,
        '2030-01-01' + INTERVAL IF(open AND n % 20 <> 7, 604800 - n % 500000, -(n % 10000)) SECOND, 'sent', 1,
        UNHEX(LPAD(HEX(n), 32, '0')),
        IF(open AND n % 10 = 3, '2030-01-01' + INTERVAL n % 5000 - 50 SECOND, NULL)
    FROM (
        SELECT n, CONCAT('person', n % 600000, '@d', n % 97, '.example') AS address, n DIV 100 % 10 IN (7, 8) AS open,
            ELT(1 + n DIV 100 % 10, 'accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'expired', 'cancelled',
                'pending', 'pending', 'rejected') AS status
        FROM numbers
    ) AS numbered;
    INSERT INTO invite_tokens
    SELECT UNHEX(LPAD(HEX(n), 64, '0')), UNHEX(LPAD(HEX(n), 32, '0')), 1, 'mail', '2030-01-01' FROM numbers;
    INSERT INTO invite_events (invitation, revision, action, actor, at)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')), 1, 'created', 'user:1', '2030-01-01' FROM numbers;
    INSERT INTO invite_events (invitation, revision, action, actor, at)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')), 2, 'accepted', 'user:2', '2030-01-01' FROM numbers;
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, not_before)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')), 'member', UNHEX(LPAD(HEX(n * 10), 32, '0')), 1, 'invitation',
        '2030-01-01' + INTERVAL n - ROWS DIV 1000 SECOND
    FROM numbers WHERE n <= ROWS DIV 10;
"#;

#[test]
fn no_statement_is_forgotten() {
    let forgotten = forgotten(
        include_str!("sql.rs"),
        include_str!("plans.rs"),
        &["INSERT", "INSERT_EVENT", "INSERT_TOKEN", "INSERT_LETTER"],
    );
    assert_eq!(forgotten, Vec::<&str>::new());
}

#[tokio::test]
async fn every_search_among_a_million_has_its_index() {
    let rows = rows();
    let server = env::var("INVITE_TEST_MYSQL_URL").expect("`cargo xtask databases` sets INVITE_TEST_MYSQL_URL");
    let server: MySqlConnectOptions = server.parse().unwrap();
    let database = format!("invite_plans_{}", process::id());
    let mut keeper = MySqlConnection::connect_with(&server).await.unwrap();
    keeper.execute(AssertSqlSafe(format!("CREATE DATABASE {database}"))).await.unwrap();
    let pool = MySqlPoolOptions::new().max_connections(1).connect_with(server.database(&database)).await.unwrap();
    fill(&pool, rows).await;

    let mut complaints = Complaints::default();
    let mut conn = pool.acquire().await.unwrap();
    for search in searches(rows) {
        judge(&mut conn, &search, &mut complaints).await;
    }
    drop(conn);
    pool.close().await;
    keeper.execute(AssertSqlSafe(format!("DROP DATABASE {database}"))).await.unwrap();
    complaints.assert_none();
}

async fn fill(pool: &MySqlPool, rows: u64) {
    super::migrate(pool).await.unwrap();
    pool.execute("CREATE TABLE numbers (n BIGINT NOT NULL PRIMARY KEY)").await.unwrap();
    pool.execute("INSERT INTO numbers VALUES (1)").await.unwrap();
    for doubling in (0..).map(|times| 1 << times).take_while(|present: &u64| *present < rows) {
        let double = format!("INSERT INTO numbers SELECT n + {doubling} FROM numbers WHERE n + {doubling} <= {rows}");
        pool.execute(AssertSqlSafe(double)).await.unwrap();
    }
    let mut indexes = Vec::new();
    for table in ["invite_invitations", "invite_events"] {
        let create: String = pool.fetch_one(AssertSqlSafe(format!("SHOW CREATE TABLE {table}"))).await.unwrap().get(1);
        let keys = create.lines().filter_map(|line| line.trim().trim_end_matches(',').strip_prefix("KEY "));
        let keys: Vec<_> = keys.map(|key| format!("ADD KEY {key}")).collect();
        indexes.push(format!("ALTER TABLE {table} {}", keys.join(", ")));
    }
    let fill = FILL.replace("ROWS", &rows.to_string());
    let analyse = "ANALYZE TABLE invite_invitations, invite_tokens, invite_outbox, invite_events";
    let statements = fill.trim_end().trim_end_matches(';').split(';').map(str::to_owned).chain(indexes);
    for statement in statements.chain([analyse.to_owned()]) {
        pool.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
    }
}

async fn judge(conn: &mut MySqlConnection, search: &Search, complaints: &mut Complaints) {
    let statement = filled_in(search);
    let mut tx = conn.begin().await.unwrap();
    let explain = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN {statement}"))).fetch_all(&mut *tx).await;
    let plan = explain.unwrap_or_else(|error| panic!("{}: {error}", search.name));
    let before = touched(&mut tx).await;
    sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(&mut *tx).await.unwrap();
    let reads = touched(&mut tx).await - before;
    tx.rollback().await.unwrap();

    let steps: Vec<Step> = plan.iter().map(Step::read).collect();
    let complain = |what: String| format!("{}: {what}\n{steps:#?}", search.name);
    let mut indexes: Vec<_> = steps.iter().filter_map(|step| step.key.as_deref()).collect();
    indexes.sort_unstable();
    indexes.dedup();
    let mut expected = search.indexes.to_vec();
    expected.sort_unstable();
    complaints.unless(indexes == expected, || complain(format!("searches {indexes:?}")));
    // `due` is the list of ids that came with the statement.
    let mut whole = steps.iter().filter(|step| matches!(step.access.as_deref(), Some("ALL" | "index")));
    complaints.unless(whole.all(|step| step.table.as_deref() == Some("due")), || complain("reads it all".into()));
    let sorts = steps.iter().any(|step| step.extra.contains("filesort"));
    complaints.unless(sorts <= search.sorts, || complain("sorts".into()));
    complaints.unless(reads <= search.reads, || complain(format!("reads {reads} rows")));
}

fn filled_in(search: &Search) -> String {
    let mut pieces = search.sql.split('?');
    let mut statement = pieces.next().unwrap_or_default().to_owned();
    let mut values = search.values.iter();
    for piece in pieces {
        statement += values.next().unwrap_or_else(|| panic!("{}: too few values", search.name));
        statement += piece;
    }
    assert_eq!(values.next(), None, "{}: too many values", search.name);
    statement
}

async fn touched(conn: &mut MySqlConnection) -> u64 {
    let counters = conn.fetch_all("SHOW SESSION STATUS LIKE 'Handler\\_read\\_%'").await.unwrap();
    counters.iter().map(|counter| counter.get::<String, _>(1).parse::<u64>().unwrap()).sum()
}

/// A line of `EXPLAIN`.
#[derive(Debug)]
struct Step {
    table: Option<String>,
    access: Option<String>,
    key: Option<String>,
    extra: String,
}

impl Step {
    fn read(row: &MySqlRow) -> Self {
        Self {
            table: row.get("table"),
            access: row.get("type"),
            key: row.get("key"),
            extra: row.get::<Option<String>, _>("Extra").unwrap_or_default(),
        }
    }
}
