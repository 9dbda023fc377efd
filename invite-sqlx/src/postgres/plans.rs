//! Every statement finds what it looks for by an index, among a million invitations, whether the
//! server plans for the values at hand or for any: after some executions of a prepared statement it
//! may keep one plan for all.

mod fill;

use std::{env, process};

use serde_json::Value;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use invite_schema::{Name, Sql, postgres::sql};

use self::fill::fill;
use crate::plans::{Complaints, OPEN, PAGE, SMALL, early, forgotten, late, middle, rows, rows_of};

const PRIMARY: &str = "invite_invitations_pkey";
const OPEN_KEY: &str = "invite_invitations_open";
const LIST: &str = "invite_invitations_list";
const DUE: &str = "invite_invitations_due";
const KEY: &str = "invite_invitations_key";
const IMPORT: &str = "invite_invitations_import";
const RECIPIENT: &str = "invite_invitations_recipient";
const DELIVERY: &str = "invite_invitations_delivery";
const REMIND: &str = "invite_invitations_remind";
const TOKENS: &str = "invite_tokens_pkey";
const LETTERS: &str = "invite_letters_pkey";
const PROVIDER: &str = "invite_letters_provider";
const QUEUE: &str = "invite_outbox_pkey";
const READY: &str = "invite_outbox_ready";
const WAITING: &str = "invite_outbox_waiting";
const HISTORY: &str = "invite_events_history";

const ENDED: &str = "invite_invitations_ended";
const QUEUED: &str = "invite_outbox_invitation";

const NOW: &str = "'2030-01-01Z'::timestamptz";
const ALWAYS: &str = "'1000-01-01Z'::timestamptz";
const NEVER: &str = "'9999-01-01Z'::timestamptz";
const LAST: &str = "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid";

/// A statement, and how it must find what it looks for.
#[derive(Clone)]
struct Search {
    about: &'static str,
    sql: Sql,
    /// Values other than the usual ones.
    given: Vec<(Name, String)>,
    /// Each index it searches, and nothing else.
    indexes: &'static [&'static str],
    /// The most pages it may touch.
    pages: u64,
    /// The most rows it may sort.
    sorted: u64,
}

impl Search {
    fn new(about: &'static str, sql: Sql, indexes: &'static [&'static str]) -> Self {
        Self { about, sql, given: Vec::new(), indexes, pages: 60, sorted: 0 }
    }

    fn with(mut self, name: Name, value: impl Into<String>) -> Self {
        self.given.push((name, value.into()));
        self
    }

    /// A page that begins after this row.
    fn after(self, rows: u64, n: u64) -> Self {
        self.with(Name::AfterAt, format!("{NOW} - interval '{} seconds'", rows - n)).with(Name::AfterId, id(n))
    }

    /// It is about so many rows instead of one.
    fn many(self, rows: u64) -> Self {
        Self { pages: 60 + 20 * rows, ..self }
    }

    /// What may be the first that is heard of a letter asks for nothing before it. A plan for these values says so.
    fn may_miss(&self, index: &str) -> bool {
        self.sql.name() == sql::RECORD_DELIVERY.name() && index == LETTERS
    }

    /// Whether planning it each time would be felt.
    fn is_asked_often(&self) -> bool {
        let often = [
            sql::FIND_BY_TOKEN,
            sql::FIND_BY_ID,
            sql::END_BY_TOKEN,
            sql::LIST_NEWEST_FIRST,
            sql::LIST_OLDEST_FIRST,
            sql::ROWS_LIST_NEWEST_FIRST,
            sql::ROWS_LIST_OLDEST_FIRST,
            sql::WALK,
            sql::EXPIRE,
        ];
        often.iter().any(|sql| sql.name() == self.sql.name())
    }

    fn sorts(self, rows: u64) -> Self {
        Self { sorted: rows, ..self }
    }

    /// It looks at every row of the large scope.
    fn of_the_scope(self, rows: u64) -> Self {
        // The page itself is sorted once more.
        Self { pages: rows, sorted: rows / 8 + 201, ..self }
    }

    /// The values, in the order of the places.
    fn values(&self) -> String {
        let value = |name: &Name| {
            let given = self.given.iter().find(|(given, _)| given == name);
            let newest_first = self.sql.name().ends_with("NEWEST_FIRST");
            given.map_or_else(|| usual(*name, newest_first), |(_, value)| value.clone())
        };
        self.sql.places().iter().map(value).collect::<Vec<_>>().join(", ")
    }
}

fn searches(rows: u64) -> Vec<Search> {
    let (middle, early, late) = (middle(rows), early(rows), late(rows));
    let list = |about, sql| Search::new(about, sql, &[LIST, LETTERS]).many(PAGE);
    let insert = |about, sql| {
        // It looks into every index.
        Search::new(about, sql, &[])
            .many(3)
            .with(Name::Id, id(rows + 1))
            .with(Name::Delivery, id(rows + 1))
            .with(Name::Letter, id(rows + 1))
            .with(Name::OpenKey, digest(rows + 1))
            .with(Name::Recipient, format!("'{}'", address(rows + 1)))
            .with(Name::Channel, "'link'")
            .with(Name::Inviter, "'user:1'")
    };
    let of_the_scope = |about, sql, indexes| Search::new(about, sql, indexes).of_the_scope(rows);
    let of_letters = |about, sql| Search::new(about, sql, &[LIST, LETTERS]).of_the_scope(6 * rows).sorts(0);
    let of_import = |about, sql| Search::new(about, sql, &[IMPORT, LETTERS]).many(400).sorts(400 + 201);
    let everywhere =
        |about, sql| Search::new(about, sql, &[PRIMARY, LETTERS]).many(2 * PAGE).with(Name::Import, "NULL");
    let searches = vec![
        insert("insert", sql::INSERT),
        Search::new("insert together", sql::INSERT_TOGETHER, &[]).many(4),
        Search::new("hold ended", sql::HOLD_ENDED, &[PRIMARY, QUEUED]).many(4).sorts(2),
        Search::new("hold old", sql::HOLD_OLD, &[ENDED, QUEUED])
            .with(Name::Until, NOW)
            .with(Name::Limit, "200")
            .many(200),
        Search::new(
            "forget ended",
            sql::FORGET_ENDED,
            &[PRIMARY, QUEUED, HISTORY, "invite_tokens_invitation", "invite_letters_invitation"],
        )
        .many(4),
        Search::new("end together", sql::END_TOGETHER, &[PRIMARY, LETTERS])
            .with(Name::Letters, format!("ARRAY[{}, {}]", id(rows + 1), id(rows + 2)))
            .with(Name::Compare, "'anyone'")
            .many(4)
            .sorts(2),
        Search::new("renew together", sql::RENEW_TOGETHER, &[PRIMARY, LETTERS])
            .with(Name::Letters, format!("ARRAY[{}, {}]", id(rows + 1), id(rows + 2)))
            .with(Name::Compare, "'anyone'")
            .many(4)
            .sorts(2),
        Search::new("find together", sql::FIND_TOGETHER_BY_ID, &[PRIMARY, LETTERS]).many(2),
        Search::new("find together, open", sql::FIND_TOGETHER_OPEN, &[OPEN_KEY, LETTERS]).many(2),
        Search::new("find together, by key", sql::FIND_TOGETHER_BY_KEY, &[KEY, LETTERS]).many(2),
        insert("insert with token", sql::INSERT_WITH_TOKEN).with(Name::Token, digest(rows + 1)),
        Search::new("find by token", sql::FIND_BY_TOKEN, &[PRIMARY, LETTERS, TOKENS]),
        Search::new("find by id", sql::FIND_BY_ID, &[PRIMARY, LETTERS]),
        Search::new("find open", sql::FIND_OPEN, &[OPEN_KEY, LETTERS]),
        Search::new("find by key", sql::FIND_BY_KEY, &[KEY, LETTERS]).with(Name::IdempotencyKey, digest(24)),
        Search::new("find by delivery", sql::FIND_BY_DELIVERY, &[DELIVERY, LETTERS]),
        Search::new("find by provider id", sql::FIND_BY_PROVIDER_ID, &[DELIVERY, PROVIDER, LETTERS]).sorts(1),
        Search::new("end by token", sql::END_BY_TOKEN, &[PRIMARY, LETTERS, TOKENS]),
        Search::new("end by token and tell", sql::END_BY_TOKEN_AND_TELL, &[PRIMARY, LETTERS, TOKENS]),
        Search::new("end by id", sql::END_BY_ID, &[PRIMARY, LETTERS]),
        Search::new("end by id and tell", sql::END_BY_ID_AND_TELL, &[PRIMARY, LETTERS]),
        Search::new("renew", sql::RENEW, &[PRIMARY, LETTERS]).with(Name::NewDelivery, id(0)),
        Search::new("amend", sql::AMEND, &[OPEN_KEY, PRIMARY, LETTERS])
            .with(Name::OpenKey, digest(0))
            .with(Name::Recipient, "'x@example.com'")
            .with(Name::RecipientGiven, "'x@example.com'"),
        Search::new("link", sql::LINK, &[PRIMARY, LETTERS]),
        Search::new("view", sql::VIEW, &[PRIMARY, LETTERS, TOKENS]),
        Search::new("fail delivery", sql::FAIL_DELIVERY, &[DELIVERY, LETTERS]),
        Search::new("record delivery", sql::RECORD_DELIVERY, &[DELIVERY, LETTERS]),
        list("newest first", sql::LIST_NEWEST_FIRST),
        list("newest first, deep", sql::LIST_NEWEST_FIRST).after(rows, middle),
        list("newest first, near", sql::LIST_NEWEST_FIRST).after(rows, late),
        list("newest first, small", sql::LIST_NEWEST_FIRST).with(Name::Scope, format!("'{SMALL}'")),
        list("oldest first", sql::LIST_OLDEST_FIRST),
        list("oldest first, deep", sql::LIST_OLDEST_FIRST).after(rows, middle),
        list("oldest first, near", sql::LIST_OLDEST_FIRST).after(rows, early),
        list("newest first, a period", sql::LIST_NEWEST_FIRST)
            .with(Name::CreatedFrom, format!("{NOW} - interval '{} seconds'", rows - middle))
            .with(Name::CreatedUntil, format!("{NOW} - interval '{} seconds'", rows - middle - 1_000)),
        of_letters("by letter, newest first", sql::LETTERS_NEWEST_FIRST).with(Name::Deliveries, "ARRAY['bounced']"),
        of_letters("by letter, oldest first", sql::LETTERS_OLDEST_FIRST).with(Name::Deliveries, "ARRAY['bounced']"),
        of_letters("by letter, expires first", sql::LETTERS_EXPIRES_FIRST).sorts(rows / 8 + 201),
        of_letters("by letter, by address", sql::LETTERS_BY_ADDRESS).sorts(rows / 8 + 201),
        of_import("an import, newest first", sql::IMPORT_NEWEST_FIRST),
        of_import("an import, oldest first", sql::IMPORT_OLDEST_FIRST),
        of_import("an import, expires first", sql::IMPORT_EXPIRES_FIRST),
        of_import("an import, by address", sql::IMPORT_BY_ADDRESS),
        everywhere("everywhere, newest first", sql::EVERYWHERE_NEWEST_FIRST),
        everywhere("everywhere, oldest first", sql::EVERYWHERE_OLDEST_FIRST),
        everywhere("everywhere, deep", sql::EVERYWHERE_NEWEST_FIRST).with(Name::High, id(middle)),
        Search::new("counts", sql::STATS, &[LIST, LETTERS]).of_the_scope(6 * rows),
        Search::new("counts of a period", sql::STATS, &[LIST, LETTERS])
            .with(Name::CreatedFrom, format!("{NOW} - interval '{} seconds'", rows - middle))
            .with(Name::CreatedUntil, format!("{NOW} - interval '{} seconds'", rows - middle - 4_000))
            .many(500)
            .sorts(4 * 500),
        Search::new("counts of an import", sql::STATS_OF_IMPORT, &[IMPORT, LETTERS]).many(400).sorts(4 * 400),
        of_the_scope("expires first", sql::LIST_EXPIRES_FIRST, &[LIST, LETTERS]),
        of_the_scope("expires first, deep", sql::LIST_EXPIRES_FIRST, &[LIST, LETTERS]).after(rows, middle),
        of_the_scope("by address", sql::LIST_BY_ADDRESS, &[LIST, LETTERS]),
        of_the_scope("by address, deep", sql::LIST_BY_ADDRESS, &[LIST, LETTERS])
            .after(rows, middle)
            .with(Name::AfterAddress, format!("'{}'", address(middle))),
        Search::new("addressed to", sql::ADDRESSED_TO, &[RECIPIENT, LETTERS])
            .with(Name::Limit, "101")
            .with(Name::AfterAt, NEVER)
            .with(Name::AfterId, LAST)
            .many(8)
            .sorts(32),
        Search::new("of an address", sql::OF_ADDRESS, &[RECIPIENT, LETTERS])
            .with(Name::Recipient, format!("'{}'", address(OPEN)))
            .with(Name::Scope, "NULL")
            .with(Name::AfterAt, NEVER)
            .with(Name::AfterId, LAST)
            .sorts(8),
        Search::new("hold to erase", sql::HOLD_TO_ERASE, &[PRIMARY, QUEUED]).many(4).sorts(2),
        Search::new("erase", sql::ERASE, &[PRIMARY, HISTORY, "invite_letters_invitation"])
            .with(Name::Recipient, "'x@example.com'")
            .many(4),
        Search::new("history", sql::HISTORY, &[HISTORY, PRIMARY]).sorts(2),
        Search::new("ripen", sql::RIPEN, &[WAITING, QUEUE]),
        Search::new("walk", sql::WALK, &[READY]).with(Name::Limit, "8"),
        Search::new("walk on", sql::WALK_ON, &[READY]).with(Name::Limit, "8"),
        Search::new("walk on, until", sql::WALK_ON_UNTIL, &[READY]).with(Name::Limit, "8"),
        Search::new("take", sql::TAKE, &[PRIMARY, LETTERS, QUEUE]),
        Search::new("lease", sql::LEASE, &[QUEUE]),
        Search::new("remove", sql::REMOVE, &[QUEUE]).with(Name::Letter, queued(1)),
        Search::new("postpone", sql::POSTPONE, &[QUEUE]).with(Name::Letter, queued(1)),
        Search::new("settle", sql::SETTLE, &[DELIVERY, LETTERS, QUEUE]),
        Search::new("due reminders", sql::DUE_REMINDERS, &[REMIND, LETTERS]).with(Name::Limit, "200").many(200),
        Search::new("reminded", sql::REMINDED, &[PRIMARY]),
        Search::new("insert letter", sql::INSERT_LETTER, &[]).with(Name::Letter, id(rows + 1)),
        // Each of the thousand writes an event and a letter too, and into every index.
        Search::new("expire", sql::EXPIRE, &[DUE, PRIMARY]).with(Name::Limit, "1000").many(1700),
    ];
    let rows = |search: &Search| Some(Search { sql: rows_of(sql::ALL, &search.sql)?, ..search.clone() });
    let of_rows: Vec<_> = searches.iter().filter_map(rows).collect();
    [searches, of_rows].concat()
}

/// The usual value of a place: an open invitation in the large scope, and a claimant of eight addresses.
fn usual(name: Name, newest_first: bool) -> String {
    let addresses: Vec<_> = (0..8).map(|n| format!("'{}'", address(OPEN + n))).collect();
    match name.as_str() {
        "id" | "delivery" => id(OPEN),
        "digest" | "open_key" => digest(OPEN),
        "letters" => format!("ARRAY[{}, {}]", queued(1), queued(2)),
        "tokens" => format!("ARRAY[{}]", digest(0)),
        "invitations" => format!("ARRAY[{}]", id(OPEN)),
        "ids" => format!("ARRAY[{}, {}]", id(OPEN), id(OPEN + 8)),
        "keys" => format!("ARRAY[{}, {}]", digest(OPEN), digest(OPEN + 1)),
        "rows" => {
            let id = "ffffffff-0000-0000-0000-000000000001";
            let times = r#""created_at":"2030-01-01Z","expires_at":"2030-01-02Z","at":"2030-01-01Z""#;
            let counts = r#""generation":1,"min_generation":1,"revision":1"#;
            let texts = r#""kind":"member","scope":"big","recipient_given":"x@y.example","recipient":"x@y.example""#;
            let more = r#""inviter":"user:1","payload":"{}","display":"{}","status":"pending","event":"created""#;
            format!(r#"'[{{"id":"{id}",{texts},{more},"actor":"user:1",{counts},{times}}}]'"#)
        }
        "generations" => "ARRAY[1]".into(),
        "owner" => id(1),
        "discarded" => format!("ARRAY[{}]", queued(3)),
        "after" => "'big'".into(),
        "until" => "'org:9'".into(),
        "after_address" => "''".into(),
        "full" => "ARRAY['d1.example']".into(),
        "domain" => "'example.com'".into(),
        "priority" => "0".into(),
        "ready" => "true".into(),
        "settlements" => {
            let rest = r#""attempt":0,"kind":"member","state":"sent","attempts":1,"over":["queued"]"#;
            format!(r#"'[{{"letter":"f{:031x}","owner":"{:032x}",{rest}}}]'"#, 1, 1)
        }
        "addresses" => format!("ARRAY[{}]", addresses.join(", ")),
        "address" => "'x@example.com'".into(),
        "kind" => "'member'".into(),
        "kinds" => "ARRAY['member', 'provider', 'guest']".into(),
        "notify" => "ARRAY['member']".into(),
        "scope" => "'big'".into(),
        "status" => "'pending'".into(),
        "or_status" => "'delivery_failed'".into(),
        "statuses" => "ARRAY[]::text[]".into(),
        "over" => "ARRAY['queued', 'sent']".into(),
        "provider_id" => format!("'q-{OPEN}'"),
        "compare" => "'address'".into(),
        "event" | "ended_status" => "'accepted'".into(),
        "actor" => "'user:2'".into(),
        "after_at" if newest_first => NEVER.into(),
        "after_at" => ALWAYS.into(),
        "after_id" if newest_first => LAST.into(),
        "after_id" => id(0),
        "created_from" | "begin" => ALWAYS.into(),
        "created_until" | "end" => NEVER.into(),
        "import" => "'import-8'".into(),
        "unfiltered" => "true".into(),
        "deliveries" => "ARRAY[]::text[]".into(),
        "few" => "3".into(),
        "late" => "false".into(),
        "low" => id(0),
        "high" => LAST.into(),
        "purpose" => "'invitation'".into(),
        "delivery_state" => "'bounced'".into(),
        "recipient_given" => "'x@example.com'".into(),
        "payload" | "display" => "'{}'".into(),
        "limit" => PAGE.to_string(),
        "retire" => "true".into(),
        "sets_message" => "false".into(),
        "generation" | "min_generation" | "revision" | "refusals" | "unknowns" | "reminded" => "1".into(),
        "attempt" => "0".into(),
        "attempts" => "1".into(),
        "now" | "as_of" | "at" | "unexpired_at" | "resent_at" | "new_expires_at" | "grace_until" | "viewed_at"
        | "not_before" | "lease_until" | "created_at" | "expires_at" | "remind_at" => NOW.into(),
        "search" | "label" | "facet" | "inviter" | "idempotency_key" | "request_digest" | "renews"
        | "expiring_until" | "due_at" | "proved_address" | "not_resent_since" | "not_resent_until" | "reason"
        | "fault" | "letter" | "token" | "channel" | "error" | "message" | "locale" | "inviter_address" => {
            "NULL".into()
        }
        other => panic!("`{other}` has no usual value"),
    }
}

fn id(n: u64) -> String {
    format!("'{n:032x}'::uuid")
}

/// A letter in the queue. A notice of expiry has the invitation's own id.
fn queued(n: u64) -> String {
    format!("'f{n:031x}'::uuid")
}

fn digest(n: u64) -> String {
    format!("'\\x{n:064x}'::bytea")
}

fn address(n: u64) -> String {
    format!("person{}@d{}.example", n % 600_000, n % 97)
}

#[test]
fn no_statement_is_forgotten() {
    let searches = searches(rows());
    let searched: Vec<_> = searches.iter().map(|search| search.sql.name()).collect();
    let forgotten = forgotten(
        sql::ALL,
        &searched,
        &[sql::LEDGER, sql::RECORD_MIGRATION, sql::NOW, sql::IS_WRITABLE, sql::FORGET_INVITER],
    );
    assert_eq!(forgotten, Vec::<&str>::new());
}

#[tokio::test]
async fn every_search_among_a_million_has_its_index() {
    let rows = rows();
    let server = env::var("INVITE_TEST_POSTGRES_URL").expect("`cargo xtask databases` sets INVITE_TEST_POSTGRES_URL");
    let server: PgConnectOptions = server.parse().unwrap();
    let database = format!("invite_plans_{}", process::id());
    let mut keeper = PgConnection::connect_with(&server).await.unwrap();
    keeper.execute(AssertSqlSafe(format!("CREATE DATABASE {database}"))).await.unwrap();
    let pool = PgPoolOptions::new().max_connections(1).connect_with(server.database(&database)).await.unwrap();
    fill(&pool, rows).await;

    let mut complaints = Complaints::default();
    let mut conn = pool.acquire().await.unwrap();
    for search in searches(rows) {
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let plan = explain(&mut conn, &search, mode).await;
            judge(&search, mode, &plan, &mut complaints);
        }
    }
    for search in searches(rows).iter().filter(|search| search.is_asked_often()) {
        let kept = keeps_its_plan(&mut conn, search).await;
        complaints.unless(kept, || format!("{}: planned anew each time", search.about));
    }
    drop(conn);
    pool.close().await;
    keeper.execute(AssertSqlSafe(format!("DROP DATABASE {database}"))).await.unwrap();
    complaints.assert_none();
}

/// Whether the server, left to itself, makes one plan for all values. It tries five of its own for some first.
async fn keeps_its_plan(conn: &mut PgConnection, search: &Search) -> bool {
    let mut tx = conn.begin().await.unwrap();
    let prepare = format!("PREPARE statement AS {}", search.sql.text());
    tx.execute(sqlx::raw_sql(AssertSqlSafe(prepare))).await.unwrap();
    for _ in 0..10 {
        let execute = format!("EXECUTE statement ({})", search.values());
        tx.execute(sqlx::raw_sql(AssertSqlSafe(execute))).await.unwrap();
    }
    let generic = "SELECT generic_plans FROM pg_prepared_statements WHERE name = 'statement'";
    let generic: i64 = sqlx::query_scalar(generic).fetch_one(&mut *tx).await.unwrap();
    tx.execute("DEALLOCATE statement").await.unwrap();
    tx.rollback().await.unwrap();
    generic > 0
}

/// Runs the statement, prepared, and undoes it.
async fn explain(conn: &mut PgConnection, search: &Search, mode: &str) -> Value {
    let mut tx = conn.begin().await.unwrap();
    let prepare = format!("SET LOCAL plan_cache_mode = {mode}; PREPARE statement AS {}", search.sql.text());
    tx.execute(sqlx::raw_sql(AssertSqlSafe(prepare))).await.unwrap_or_else(|error| panic!("{}: {error}", search.about));
    let explain =
        format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE statement ({})", search.values());
    let row = tx.fetch_one(sqlx::raw_sql(AssertSqlSafe(explain))).await;
    let row = row.unwrap_or_else(|error| panic!("{}: {error}", search.about));
    let plan: Value = row.get(0);
    tx.execute("DEALLOCATE statement").await.unwrap();
    tx.rollback().await.unwrap();
    plan[0]["Plan"].clone()
}

fn judge(search: &Search, mode: &str, plan: &Value, complaints: &mut Complaints) {
    let nodes = nodes(plan);
    let complain = |what: String| format!("{} ({mode}): {what}\n{plan:#}", search.about);

    let mut indexes: Vec<_> = nodes.iter().filter_map(|node| node["Index Name"].as_str()).collect();
    indexes.sort_unstable();
    indexes.dedup();
    let right = indexes.iter().all(|index| search.indexes.contains(index))
        && search.indexes.iter().all(|index| indexes.contains(index) || search.may_miss(index));
    complaints.unless(right, || complain(format!("searches {indexes:?}")));
    let scans: Vec<_> = nodes.iter().filter(|node| node["Node Type"] == "Seq Scan").collect();
    complaints.unless(scans.is_empty(), || complain("reads a whole table".into()));
    let sorted = nodes.iter().filter(|node| node["Node Type"].as_str().is_some_and(|kind| kind.contains("Sort")));
    let sorted: u64 = sorted.map(|node| node["Plans"][0]["Actual Rows"].as_f64().unwrap_or_default() as u64).sum();
    complaints.unless(sorted <= search.sorted, || complain(format!("sorts {sorted} rows")));
    let pages = ["Shared Hit Blocks", "Shared Read Blocks"].map(|blocks| plan[blocks].as_u64().unwrap_or_default());
    let pages: u64 = pages.iter().sum();
    complaints.unless(pages <= search.pages, || complain(format!("touches {pages} pages")));
    let arbiters: Vec<_> = (nodes.iter().filter_map(|node| node["Conflict Arbiter Indexes"].as_array()))
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let expected: &[&str] = match search.sql.name() {
        name if name == sql::EXPIRE.name() => &[QUEUE],
        name if name == sql::RECORD_DELIVERY.name() || name == sql::SETTLE.name() => &[LETTERS],
        _ => &[],
    };
    complaints
        .unless(arbiters.iter().all(|index| expected.contains(index)) && arbiters.len() == expected.len(), || {
            complain(format!("looks for conflicts by {arbiters:?}"))
        });
}

fn nodes(plan: &Value) -> Vec<&Value> {
    let below = plan["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
    [plan].into_iter().chain(below.iter().flat_map(nodes)).collect()
}
