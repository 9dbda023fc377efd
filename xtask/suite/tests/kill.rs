//! Processes and database servers killed at random moments, on every store.
//!
//! Named `<store>::<what is killed>`. The last lines say what was at stake.

use std::{
    any::Any,
    env,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{Arc, Mutex},
};

use invite_suite::{
    blocking::{self, Blocking},
    diesel_mysql, diesel_postgres, diesel_sqlite,
    kill::{self, Figures},
    sqlx_mysql::OnMySql,
    sqlx_postgres::OnPostgres,
    sqlx_sqlite::OnSqlite,
};
use libtest_mimic::{Arguments, Failed, Trial};
use rand::{
    SeedableRng, TryRng,
    rngs::{StdRng, SysRng},
};
use xtask::{MARIADB, POSTGRES};

const KILLS: u32 = 10;

/// What each test has to say at the end.
type Remarks = Arc<Mutex<Vec<String>>>;

fn main() -> ExitCode {
    if let Ok(order) = env::var(kill::CHILD) {
        match kill::name_in(&order).as_str() {
            "blocking_mysql" => kill::child(Blocking::<blocking::MySql>::default(), &order),
            "blocking_postgres" => kill::child(Blocking::<blocking::Postgres>::default(), &order),
            "blocking_sqlite" => kill::child(Blocking::<blocking::Sqlite>::default(), &order),
            "diesel_mysql" => kill::child(diesel_mysql::OnMySql::default(), &order),
            "diesel_postgres" => kill::child(diesel_postgres::OnPostgres::default(), &order),
            "diesel_sqlite" => kill::child(diesel_sqlite::OnSqlite::default(), &order),
            "sqlx_mysql" => kill::child(OnMySql::default(), &order),
            "sqlx_postgres" => kill::child(OnPostgres::default(), &order),
            _ => kill::child(OnSqlite::wal(), &order),
        }
        return ExitCode::FAILURE;
    }
    let remarks = Remarks::default();
    let trials = vec![
        trial(&remarks, "blocking_mysql::a_killed_process_loses_nothing", |name, kills, random| {
            let server = server("INVITE_TEST_MYSQL_URL");
            kill::kill_processes(Blocking::<blocking::MySql>::default(), name, &server, kills, random)
        }),
        trial(&remarks, "blocking_mysql::a_killed_server_loses_nothing", |_, kills, random| {
            kill::kill_servers(Blocking::<blocking::MySql>::default(), &MARIADB, kills, random)
        }),
        trial(&remarks, "blocking_postgres::a_killed_process_loses_nothing", |name, kills, random| {
            let server = server("INVITE_TEST_POSTGRES_URL");
            kill::kill_processes(Blocking::<blocking::Postgres>::default(), name, &server, kills, random)
        }),
        trial(&remarks, "blocking_postgres::a_killed_server_loses_nothing", |_, kills, random| {
            kill::kill_servers(Blocking::<blocking::Postgres>::default(), &POSTGRES, kills, random)
        }),
        trial(&remarks, "blocking_sqlite::a_killed_process_loses_nothing", |name, kills, random| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let files = folder.path().display().to_string();
            kill::kill_processes(Blocking::<blocking::Sqlite>::default(), name, &files, kills, random)
        }),
        trial(&remarks, "diesel_mysql::a_killed_process_loses_nothing", |name, kills, random| {
            let server = server("INVITE_TEST_MYSQL_URL");
            kill::kill_processes(diesel_mysql::OnMySql::default(), name, &server, kills, random)
        }),
        trial(&remarks, "diesel_mysql::a_killed_server_loses_nothing", |_, kills, random| {
            kill::kill_servers(diesel_mysql::OnMySql::default(), &MARIADB, kills, random)
        }),
        trial(&remarks, "diesel_postgres::a_killed_process_loses_nothing", |name, kills, random| {
            let server = server("INVITE_TEST_POSTGRES_URL");
            kill::kill_processes(diesel_postgres::OnPostgres::default(), name, &server, kills, random)
        }),
        trial(&remarks, "diesel_postgres::a_killed_server_loses_nothing", |_, kills, random| {
            kill::kill_servers(diesel_postgres::OnPostgres::default(), &POSTGRES, kills, random)
        }),
        trial(&remarks, "diesel_sqlite::a_killed_process_loses_nothing", |name, kills, random| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let files = folder.path().display().to_string();
            kill::kill_processes(diesel_sqlite::OnSqlite::default(), name, &files, kills, random)
        }),
        trial(&remarks, "sqlx_mysql::a_killed_process_loses_nothing", |name, kills, random| {
            kill::kill_processes(OnMySql::default(), name, &server("INVITE_TEST_MYSQL_URL"), kills, random)
        }),
        trial(&remarks, "sqlx_mysql::a_killed_server_loses_nothing", |_, kills, random| {
            kill::kill_servers(OnMySql::default(), &MARIADB, kills, random)
        }),
        trial(&remarks, "sqlx_postgres::a_killed_process_loses_nothing", |name, kills, random| {
            kill::kill_processes(OnPostgres::default(), name, &server("INVITE_TEST_POSTGRES_URL"), kills, random)
        }),
        trial(&remarks, "sqlx_postgres::a_killed_server_loses_nothing", |_, kills, random| {
            kill::kill_servers(OnPostgres::default(), &POSTGRES, kills, random)
        }),
        trial(&remarks, "sqlx_sqlite::a_killed_process_loses_nothing", |name, kills, random| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            kill::kill_processes(OnSqlite::wal(), name, &folder.path().display().to_string(), kills, random)
        }),
    ];
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    for remark in remarks.lock().expect("no test holds it").iter() {
        println!("suite: {remark}");
    }
    conclusion.exit_code()
}

fn trial(
    remarks: &Remarks,
    name: &'static str,
    test: impl FnOnce(&str, u32, &mut StdRng) -> Figures + Send + 'static,
) -> Trial {
    let remarks = Arc::clone(remarks);
    Trial::test(name, move || {
        let kills = number("INVITE_TEST_KILLS").map_or(KILLS, |kills| kills.try_into().expect("a number of kills"));
        let seed = number("INVITE_TEST_KILL_SEED").unwrap_or_else(|| SysRng.try_next_u64().expect("chance"));
        let (store, what) = name.split_once("::").expect("a store and what is killed");
        let run = AssertUnwindSafe(|| test(store, kills, &mut StdRng::seed_from_u64(seed)));
        let outcome = panic::catch_unwind(run).map_err(|why| format!("{} (INVITE_TEST_KILL_SEED={seed})", said(&*why)));
        let what = if what.contains("server") { "server" } else { "process" };
        let remark = match &outcome {
            Ok(figures) => figures.to_string(),
            // Of a server's log, too, one line.
            Err(why) => format!("FAILED: {}", why.replace('\n', " / ")),
        };
        remarks.lock().expect("no test holds it").push(format!("{store}, {what} killed: {remark}"));
        outcome.map(drop).map_err(Failed::from)
    })
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|number| number.parse().expect("a number"))
}

fn server(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("`cargo xtask databases` sets {variable}"))
}
