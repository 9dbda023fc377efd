//! Every statement finds what it looks for by an index, among a million invitations. This server
//! plans anew for the values of each execution.

use std::{env, process};

use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, MySqlPool, Row,
    mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlRow},
};

use invite_schema::{Name, Sql, mysql::sql};

use crate::plans::{Complaints, OPEN, PAGE, SMALL, early, forgotten, late, middle, rows, rows_of};

const PRIMARY: &str = "PRIMARY";
const OPEN_KEY: &str = "invite_invitations_open";
const LIST: &str = "invite_invitations_list";
const DUE: &str = "invite_invitations_due";
const KEY: &str = "invite_invitations_key";
const IMPORT: &str = "invite_invitations_import";
const RECIPIENT: &str = "invite_invitations_recipient";
const DELIVERY: &str = "invite_invitations_delivery";
const PROVIDER: &str = "invite_letters_provider";
const REMIND: &str = "invite_invitations_remind";
const READY: &str = "invite_outbox_ready";
const WAITING: &str = "invite_outbox_waiting";
const HISTORY: &str = "invite_events_history";

const NOW: &str = "TIMESTAMP'2030-01-01 00:00:00'";
const ALWAYS: &str = "TIMESTAMP'1000-01-01 00:00:00'";
const NEVER: &str = "TIMESTAMP'9999-01-01 00:00:00'";
const LAST: &str = "X'ffffffffffffffffffffffffffffffff'";
const ENDED: &str = "invite_invitations_ended";
const BIG: &str = "_binary'big'";

/// A statement, and how it must find what it looks for.
#[derive(Clone)]
struct Search {
    about: &'static str,
    sql: Sql,
    /// Values other than the usual ones.
    given: Vec<(Name, String)>,
    /// Each index it searches, and nothing else.
    indexes: &'static [&'static str],
    /// The most rows it may read.
    reads: u64,
    sorts: bool,
}

impl Search {
    fn new(about: &'static str, sql: Sql, indexes: &'static [&'static str]) -> Self {
        Self { about, sql, given: Vec::new(), indexes, reads: 12, sorts: false }
    }

    fn with(mut self, name: Name, value: impl Into<String>) -> Self {
        self.given.push((name, value.into()));
        self
    }

    /// A page that begins after this row.
    fn after(self, rows: u64, n: u64) -> Self {
        self.with(Name::AfterAt, format!("{NOW} - INTERVAL {} SECOND", rows - n)).with(Name::AfterId, id(n))
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

    /// The text with a value in each place.
    fn filled_in(&self) -> String {
        let mut pieces = self.sql.text().split('?');
        let mut statement = pieces.next().unwrap_or_default().to_owned();
        assert_eq!(pieces.clone().count(), self.sql.places().len(), "{}", self.about);
        for (name, piece) in self.sql.places().iter().zip(pieces) {
            let given = self.given.iter().find(|(given, _)| given == name);
            statement += &given.map_or_else(|| usual(*name), |(_, value)| value.clone());
            statement += piece;
        }
        statement
    }
}

fn searches(rows: u64) -> Vec<Search> {
    let (middle, early, late) = (middle(rows), early(rows), late(rows));
    let newest_first = |search: Search| search.with(Name::AfterAt, NEVER).with(Name::AfterId, LAST);
    let newest = |about| newest_first(Search::new(about, sql::LIST_NEWEST_FIRST, &[LIST, PRIMARY]).reads(2 * PAGE + 2));
    let period = |search: Search, rows_in_it: u64| {
        let from = |n| format!("{NOW} - INTERVAL {} SECOND", rows - n);
        search.with(Name::CreatedFrom, from(middle)).with(Name::CreatedUntil, from(middle + 8 * rows_in_it))
    };
    let of_import = |about, sql| Search::new(about, sql, &[IMPORT, PRIMARY]).reads(3 * 250).sorts();
    let everywhere = |about, sql| Search::new(about, sql, &[PRIMARY]).reads(4 * PAGE).with(Name::Import, "NULL");
    let newest_after =
        |about, n| Search::new(about, sql::LIST_NEWEST_FIRST, &[LIST, PRIMARY]).reads(2 * PAGE + 2).after(rows, n);
    let oldest = |about| Search::new(about, sql::LIST_OLDEST_FIRST, &[LIST, PRIMARY]).reads(2 * PAGE + 2);
    let of_the_scope = |about, sql, indexes| Search::new(about, sql, indexes).of_the_scope(rows);
    let walk = |about, sql| {
        let search = Search::new(about, sql, &[READY]).with(Name::Limit, "8").reads(2 * 8);
        search.with(Name::After, BIG).with(Name::Until, "_binary'org:9'")
    };
    let searches = vec![
        Search::new("find by token", sql::FIND_BY_TOKEN, &[PRIMARY]),
        Search::new("find by id", sql::FIND_BY_ID, &[PRIMARY]),
        Search::new("find by token, latest", sql::FIND_BY_TOKEN_LATEST, &[PRIMARY]),
        Search::new("find by id, latest", sql::FIND_BY_ID_LATEST, &[PRIMARY]),
        Search::new("find open, latest", sql::FIND_OPEN_LATEST, &[OPEN_KEY, PRIMARY]),
        Search::new("end by token", sql::END_BY_TOKEN, &[PRIMARY]),
        Search::new("end by id", sql::END_BY_ID, &[PRIMARY]),
        Search::new("renew", sql::RENEW, &[PRIMARY]),
        Search::new("amend", sql::AMEND, &[PRIMARY]),
        Search::new("readdress", sql::READDRESS, &[PRIMARY]).with(Name::OpenKey, digest(0)),
        Search::new("link", sql::LINK, &[PRIMARY]),
        Search::new("view", sql::VIEW, &[PRIMARY]),
        Search::new("fail delivery", sql::FAIL_DELIVERY, &[DELIVERY]),
        Search::new("find open", sql::FIND_OPEN, &[OPEN_KEY, PRIMARY]),
        Search::new("find by key", sql::FIND_BY_KEY, &[KEY, PRIMARY]),
        Search::new("find by key, latest", sql::FIND_BY_KEY_LATEST, &[KEY, PRIMARY]),
        Search::new("find by delivery", sql::FIND_BY_DELIVERY, &[DELIVERY, PRIMARY]),
        Search::new("find by provider id", sql::FIND_BY_PROVIDER_ID, &[DELIVERY, PROVIDER, PRIMARY]),
        Search::new("record first", sql::RECORD_FIRST, &[DELIVERY])
            .with(Name::Delivery, id(10))
            .with(Name::Attempts, "1"),
        Search::new("record delivery", sql::RECORD_DELIVERY, &[DELIVERY, PRIMARY]).with(Name::Attempts, "NULL"),
        newest("newest first"),
        newest_after("newest first, deep", middle),
        newest_after("newest first, near", late),
        newest("newest first, small").with(Name::Scope, format!("_binary'{SMALL}'")),
        oldest("oldest first"),
        oldest("oldest first, deep").after(rows, middle),
        oldest("oldest first, near").after(rows, early),
        period(newest("newest first, a period"), 125),
        of_the_scope("by letter, newest first", sql::LIST_NEWEST_FIRST, &[LIST, PRIMARY])
            .with(Name::AfterAt, NEVER)
            .with(Name::AfterId, LAST)
            .with(Name::AnyDelivery, "FALSE")
            .with(Name::Deliveries, r#"'["bounced"]'"#),
        newest_first(of_import("an import, newest first", sql::IMPORT_NEWEST_FIRST)),
        of_import("an import, oldest first", sql::IMPORT_OLDEST_FIRST),
        of_import("an import, expires first", sql::IMPORT_EXPIRES_FIRST),
        of_import("an import, by address", sql::IMPORT_BY_ADDRESS),
        everywhere("everywhere, newest first", sql::EVERYWHERE_NEWEST_FIRST),
        everywhere("everywhere, oldest first", sql::EVERYWHERE_OLDEST_FIRST),
        everywhere("everywhere, deep", sql::EVERYWHERE_NEWEST_FIRST).with(Name::High, id(middle)),
        of_the_scope("counts", sql::STATS, &[LIST, PRIMARY]).reads(4 * rows),
        period(Search::new("counts of a period", sql::STATS, &[LIST, PRIMARY]), 500).reads(12 * 500).sorts(),
        Search::new("counts of an import", sql::STATS_OF_IMPORT, &[IMPORT, PRIMARY]).reads(12 * 250).sorts(),
        of_the_scope("expires first", sql::LIST_EXPIRES_FIRST, &[LIST, PRIMARY]),
        of_the_scope("expires first, deep", sql::LIST_EXPIRES_FIRST, &[LIST, PRIMARY]).after(rows, middle),
        of_the_scope("by address", sql::LIST_BY_ADDRESS, &[LIST, PRIMARY]),
        of_the_scope("by address, deep", sql::LIST_BY_ADDRESS, &[LIST, PRIMARY]).after(rows, middle),
        Search::new("addressed to", sql::ADDRESSED_TO, &[RECIPIENT, PRIMARY])
            .with(Name::Limit, "101")
            .with(Name::AfterAt, NEVER)
            .with(Name::AfterId, LAST)
            .reads(8 * 12)
            .sorts(),
        Search::new("of an address", sql::OF_ADDRESS, &[RECIPIENT, PRIMARY])
            .with(Name::Recipient, format!("_binary'person{}@d{}.example'", OPEN % 600_000, OPEN % 97))
            .with(Name::Scope, "NULL")
            .with(Name::AfterAt, NEVER)
            .with(Name::AfterId, LAST)
            .sorts(),
        Search::new("history", sql::HISTORY, &[PRIMARY, HISTORY]),
        Search::new("ripe", sql::RIPE, &[WAITING]),
        Search::new("ripen", sql::RIPEN, &[PRIMARY]),
        walk("walk", sql::WALK).reads(4 * 2 * 8),
        walk("walk on", sql::WALK_ON),
        walk("walk on, until", sql::WALK_ON_UNTIL),
        Search::new("take", sql::TAKE, &[PRIMARY]),
        Search::new("taken", sql::TAKEN, &[PRIMARY]),
        Search::new("lease", sql::LEASE, &[PRIMARY]),
        Search::new("remove", sql::REMOVE, &[PRIMARY]),
        Search::new("leased to", sql::LEASED_TO, &[PRIMARY]),
        Search::new("remove together", sql::REMOVE_TOGETHER, &[PRIMARY]),
        Search::new("record together", sql::RECORD_TOGETHER, &[DELIVERY, PRIMARY]),
        Search::new("inserted", sql::INSERTED, &[PRIMARY]),
        Search::new("hold ended", sql::HOLD_ENDED, &[PRIMARY]),
        Search::new("hold old", sql::HOLD_OLD, &[ENDED]).with(Name::Limit, "200").with(Name::Until, NOW).reads(210),
        Search::new("forget queued", sql::FORGET_QUEUED, &["invite_outbox_invitation"]),
        Search::new("forget tokens", sql::FORGET_TOKENS, &["invite_tokens_invitation"]),
        Search::new("forget letters", sql::FORGET_LETTERS, &["invite_letters_invitation"]),
        Search::new("forget events", sql::FORGET_EVENTS, &[HISTORY]),
        Search::new("forget ended", sql::FORGET_ENDED, &[PRIMARY]),
        Search::new("hold to erase", sql::HOLD_TO_ERASE, &[PRIMARY]),
        Search::new("erase letters", sql::ERASE_LETTERS, &["invite_letters_invitation"]),
        Search::new("erase events", sql::ERASE_EVENTS, &[HISTORY]),
        Search::new("erase", sql::ERASE, &[PRIMARY]).with(Name::Payload, "'{}'").with(Name::Display, "'{}'"),
        Search::new("held", sql::HELD, &[PRIMARY]),
        Search::new("end held", sql::END_HELD, &[PRIMARY]),
        Search::new("renew held", sql::RENEW_HELD, &[PRIMARY]),
        Search::new("log held", sql::LOG_HELD, &[PRIMARY]),
        Search::new("queue held", sql::QUEUE_HELD, &[PRIMARY]),
        Search::new("find together", sql::FIND_TOGETHER_BY_ID, &[PRIMARY]),
        Search::new("find together, open", sql::FIND_TOGETHER_OPEN, &[OPEN_KEY, PRIMARY]),
        Search::new("find together, by key", sql::FIND_TOGETHER_BY_KEY, &[KEY, PRIMARY]),
        Search::new("postpone", sql::POSTPONE, &[PRIMARY]),
        Search::new("due reminders", sql::DUE_REMINDERS, &[REMIND, PRIMARY]).with(Name::Limit, "200").reads(5 * 210),
        Search::new("reminded", sql::REMINDED, &[PRIMARY]),
        Search::new("due invitations", sql::DUE_INVITATIONS, &[DUE]).with(Name::Limit, "200").reads(210),
        Search::new("expire, events", sql::EXPIRE_EVENTS, &[PRIMARY]).reads(4 * 200),
        Search::new("expire, notices", sql::EXPIRE_NOTICES, &[PRIMARY]).reads(4 * 200),
        Search::new("expire", sql::EXPIRE, &[PRIMARY]).reads(4 * 200),
    ];
    let rows = |search: &Search| Some(Search { sql: rows_of(sql::ALL, &search.sql)?, ..search.clone() });
    let of_rows: Vec<_> = searches.iter().filter_map(rows).collect();
    [searches, of_rows].concat()
}

/// The usual value of a place: an open invitation in the large scope, and a claimant of eight addresses.
fn usual(name: Name) -> String {
    let address = |place: u64| {
        let n = OPEN + place - 1;
        format!("'person{}@d{}.example'", n % 600_000, n % 97)
    };
    if let Some(place) = name.as_str().strip_prefix("address_") {
        return address(place.parse().unwrap());
    }
    match name.as_str() {
        "id" | "delivery" => id(OPEN),
        "digest" | "open_key" => digest(OPEN),
        "idempotency_key" => digest(24),
        "new_delivery" => id(0),
        "letter" | "owner" => id(1),
        "letters" => format!(r#"'["{:032x}"]'"#, 1),
        "settlements" => {
            let rest = r#""attempt":0,"kind":"member","state":"sent","attempts":1,"over":"queued""#;
            format!(r#"'[{{"letter":"{:032x}","owner":"{:032x}",{rest}}}]'"#, OPEN, 1)
        }
        "due" => format!("'[{}]'", (0..200).map(|n| format!("\"{n:032x}\"")).collect::<Vec<_>>().join(",")),
        "address" => "_binary'x@example.com'".into(),
        "kind" => "'member'".into(),
        "kinds" | "notify" => r#"'["member","provider","guest"]'"#.into(),
        "scope" => BIG.into(),
        "status" => "'pending'".into(),
        "or_status" => "'delivery_failed'".into(),
        "ids" => format!(r#"'[{{"id":"{:032x}","letter":"{:032x}"}}]'"#, OPEN, 1_u64 << 60),
        "keys" => format!(r#"'["{OPEN:064x}"]'"#),
        "event" => "'accepted'".into(),
        "purpose" => "'invitation'".into(),
        "ready" | "to_inviter" => "FALSE".into(),
        "over" => r#"'["queued","sent"]'"#.into(),
        "compare" => "'address'".into(),
        "ended_status" => "'accepted'".into(),
        "actor" => "'user:2'".into(),
        "delivery_state" => "'bounced'".into(),
        "recipient" | "recipient_given" => "'x@example.com'".into(),
        "limit" => PAGE.to_string(),
        "after_address" => r"_binary'\0'".into(),
        "full" => r#"'["d1.example"]'"#.into(),
        "priority" => "0".into(),
        "any_status" | "any_delivery" | "retire" => "TRUE".into(),
        "created_from" | "begin" => ALWAYS.into(),
        "created_until" | "end" => NEVER.into(),
        "import" => "_binary'import-8'".into(),
        "deliveries" => "'[]'".into(),
        "few" => "3".into(),
        "late" => "FALSE".into(),
        "low" => id(0),
        "high" => LAST.into(),
        "sets_message" => "FALSE".into(),
        "refusals" | "unknowns" | "reminded" => "1".into(),
        "attempt" => "0".into(),
        "after_at" => ALWAYS.into(),
        "after_id" => "X''".into(),
        "until" | "not_resent_since" | "not_resent_until" => NEVER.into(),
        "now" | "as_of" | "at" | "after" | "resent_at" | "new_expires_at" | "grace_until" | "viewed_at"
        | "not_before" | "lease_until" | "remind_at" => NOW.into(),
        "status_1" | "status_2" | "status_3" | "status_4" | "status_5" | "status_6" | "expiring_until" | "search"
        | "facet" | "inviter" | "label" | "proved_address" | "reason" | "error" | "fault" | "message" | "payload"
        | "display" => "NULL".into(),
        "provider_id" => "_binary'q-11'".into(),
        other => panic!("`{other}` has no usual value"),
    }
}

fn id(n: u64) -> String {
    format!("X'{n:032x}'")
}

fn digest(n: u64) -> String {
    format!("X'{n:064x}'")
}

/// The tables as years leave them: three kinds, many small scopes and a large one, most
/// invitations ended, a fifth open, one in a hundred due; a queue of a tenth, of which one in a
/// hundred is due. In the order of the primary keys and without further indexes while they fill,
/// which is several times as quick; ids and digests count, because a tree is searched alike
/// whatever its keys.
const FILL: &str = r#"
    ALTER TABLE invite_invitations DROP KEY invite_invitations_list, DROP KEY invite_invitations_due,
        DROP KEY invite_invitations_recipient, DROP KEY invite_invitations_remind, DROP KEY invite_invitations_import,
        DROP KEY invite_invitations_ended;
    ALTER TABLE invite_events DROP KEY invite_events_history;

    INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display, status,
        ended_at, ended_by, generation, min_generation, revision, open_key, created_at, expires_at,
        delivery_id, remind_at, import, idempotency_key)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')),
        CASE WHEN n % 8 = 0 OR n % 20 < 16 THEN 'member' WHEN n % 20 < 19 THEN 'provider' ELSE 'guest' END,
        IF(n % 8 = 0, 'big', CONCAT('org:', n * 7919 % 20000)), address, address, CONCAT('user:', n % 1000),
        '{"role":"member"}', '{"inviter":"Ada","organization":"Example"}', status,
        IF(open, NULL, '2030-01-01'), IF(open, NULL, 'system'), 1, 1, 1, IF(open, UNHEX(LPAD(HEX(n), 64, '0')), NULL),
        '2030-01-01' - INTERVAL ROWS - n SECOND,
        '2030-01-01' + INTERVAL IF(open AND n % 20 <> 7, 604800 - n % 500000, -(n % 10000)) SECOND,
        UNHEX(LPAD(HEX(n), 32, '0')),
        IF(open AND n % 10 = 3, '2030-01-01' + INTERVAL n % 5000 - 50 SECOND, NULL),
        IF(n % 3 = 0, CONCAT('import-', n % (ROWS DIV 2000)), NULL),
        IF(n % 3 = 0, UNHEX(LPAD(HEX(n), 64, '0')), NULL)
    FROM (
        SELECT n, CONCAT('person', n % 600000, '@d', n % 97, '.example') AS address, n DIV 100 % 10 IN (7, 8) AS open,
            ELT(1 + n DIV 100 % 10, 'accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'expired', 'cancelled',
                'pending', 'pending', 'rejected') AS status
        FROM numbers
    ) AS numbered;
    INSERT INTO invite_tokens
    SELECT UNHEX(LPAD(HEX(n), 64, '0')), UNHEX(LPAD(HEX(n), 32, '0')), 1, 'mail', '2030-01-01' FROM numbers;
    INSERT INTO invite_letters (id, invitation, state, attempts, provider_id)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')), UNHEX(LPAD(HEX(n), 32, '0')), 'sent', 1, CONCAT('q-', n)
    FROM numbers WHERE n % 100 <> 10;
    INSERT INTO invite_events (invitation, revision, action, actor, at)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')), 1, 'created', 'user:1', '2030-01-01' FROM numbers;
    INSERT INTO invite_events (invitation, revision, action, actor, at)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')), 2, 'accepted', 'user:2', '2030-01-01' FROM numbers;
    INSERT INTO invite_outbox
    (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
    SELECT UNHEX(LPAD(HEX(n), 32, '0')), 'member', UNHEX(LPAD(HEX(n * 10), 32, '0')), 1, 'invitation',
        0, IF(n % 2 = 0, 'big', CONCAT('org:', n)), CONCAT('d', n % 97, '.example'),
        '2030-01-01' + INTERVAL n - ROWS DIV 1000 SECOND, n <= ROWS DIV 1000
    FROM numbers WHERE n <= ROWS DIV 10;
"#;

#[test]
fn no_statement_is_forgotten() {
    let searches = searches(rows());
    let searched: Vec<_> = searches.iter().map(|search| search.sql.name()).collect();
    let look_for_nothing = [
        sql::FORGET_INVITER,
        sql::INSERT,
        sql::INSERT_EVENT,
        sql::INSERT_TOKEN,
        sql::INSERT_LETTER,
        sql::INSERT_TOKENS,
        sql::INSERT_TOGETHER,
        sql::INSERT_EVENTS,
        sql::INSERT_LETTERS,
        sql::INSERT_LINKS,
        sql::NOW,
        sql::IS_WRITABLE,
        sql::LEDGER,
        sql::RECORD_MIGRATION,
        sql::LOCK_MIGRATIONS,
    ];
    assert_eq!(forgotten(sql::ALL, &searched, &look_for_nothing), Vec::<&str>::new());
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
    let analyse = "ANALYZE TABLE invite_invitations, invite_tokens, invite_outbox, invite_letters, invite_events";
    let statements = fill.trim_end().trim_end_matches(';').split(';').map(str::to_owned).chain(indexes);
    for statement in statements.chain([analyse.to_owned()]) {
        pool.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
    }
}

async fn judge(conn: &mut MySqlConnection, search: &Search, complaints: &mut Complaints) {
    let statement = search.filled_in();
    let mut tx = conn.begin().await.unwrap();
    let explain = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN {statement}"))).fetch_all(&mut *tx).await;
    let plan = explain.unwrap_or_else(|error| panic!("{}: {error}", search.about));
    let before = touched(&mut tx).await;
    sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(&mut *tx).await.unwrap();
    let reads = touched(&mut tx).await - before;
    tx.rollback().await.unwrap();

    let steps: Vec<Step> = plan.iter().map(Step::read).collect();
    let complain = |what: String| format!("{}: {what}\n{steps:#?}", search.about);
    let mut indexes: Vec<_> = steps.iter().filter_map(|step| step.key.as_deref()).collect();
    indexes.sort_unstable();
    indexes.dedup();
    let mut expected = search.indexes.to_vec();
    expected.sort_unstable();
    complaints.unless(indexes == expected, || complain(format!("searches {indexes:?}")));
    // `due` and `a` are lists that came with the statement, `<derived2>` and its like what was found before.
    let mut whole = steps.iter().filter(|step| matches!(step.access.as_deref(), Some("ALL" | "index")));
    complaints.unless(whole.all(|step| matches!(step.table.as_deref(), Some(table) if matches!(table, "due" | "a") || table.starts_with("<derived"))), || {
        complain("reads it all".into())
    });
    let sorts = steps.iter().any(|step| step.extra.contains("filesort"));
    complaints.unless(sorts <= search.sorts, || complain("sorts".into()));
    complaints.unless(reads <= search.reads, || complain(format!("reads {reads} rows")));
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
