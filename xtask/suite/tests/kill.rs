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
    database::Database,
    drivers::{blocking, diesel, sqlx},
    kill::{self, Figures},
    on::On,
    threads,
};
use libtest_mimic::{Arguments, Failed, Trial};
use rand::{
    SeedableRng, TryRng,
    rngs::{StdRng, SysRng},
};
use xtask::{Engine, MARIADB, POSTGRES};

/// Enough for every change; a release needs more.
const KILLS: u32 = 3;

/// What each test has to say at the end.
type Remarks = Arc<Mutex<Vec<String>>>;

/// `stores!(visit, arguments)`: calls `visit::<D>("name of the store", engine, arguments)` for each store.
macro_rules! stores {
    ($visit:ident, $($argument:expr),*) => {
        [
            $visit::<blocking::MySql>("blocking_mysql", Some(&MARIADB), $($argument),*),
            $visit::<blocking::Postgres>("blocking_postgres", Some(&POSTGRES), $($argument),*),
            $visit::<blocking::Sqlite>("blocking_sqlite", None, $($argument),*),
            $visit::<diesel::MySql>("diesel_mysql", Some(&MARIADB), $($argument),*),
            $visit::<diesel::Postgres>("diesel_postgres", Some(&POSTGRES), $($argument),*),
            $visit::<diesel::Sqlite>("diesel_sqlite", None, $($argument),*),
            $visit::<sqlx::MySql>("sqlx_mysql", Some(&MARIADB), $($argument),*),
            $visit::<sqlx::Postgres>("sqlx_postgres", Some(&POSTGRES), $($argument),*),
            $visit::<sqlx::Sqlite>("sqlx_sqlite", None, $($argument),*),
        ]
    };
}

fn main() -> ExitCode {
    if let Ok(order) = env::var(kill::CHILD) {
        let known = stores!(obey, &order).contains(&true);
        assert!(known, "an order for a store that there is not: {order}");
        return ExitCode::FAILURE;
    }
    if let Ok(order) = env::var(kill::FIRST) {
        let known = stores!(migrate, &order).contains(&true);
        assert!(known, "an order for a store that there is not: {order}");
        return ExitCode::FAILURE;
    }
    let remarks = Remarks::default();
    let trials = stores!(trials, &remarks).into_iter().flatten().collect();
    let arguments = Arguments::from_args();
    let arguments = Arguments { test_threads: arguments.test_threads.or_else(threads), ..arguments };
    let conclusion = libtest_mimic::run(&arguments, trials);
    for remark in remarks.lock().expect("no test holds it").iter() {
        println!("suite: {remark}");
    }
    conclusion.exit_code()
}

/// Does what the order says, if it is for this store. Only a kill ends that.
fn obey<D: Database>(store: &str, _: Option<&'static Engine>, order: &str) -> bool {
    let is_it = kill::name_in(order) == store;
    if is_it {
        kill::child(On::<D>::default(), order);
    }
    is_it
}

/// Migrates and waits, if the order is for this store. Only a kill ends that.
fn migrate<D: Database>(store: &str, _: Option<&'static Engine>, order: &str) -> bool {
    kill::first::<D>(store, order)
}

fn trials<D: Database>(store: &'static str, engine: Option<&'static Engine>, remarks: &Remarks) -> Vec<Trial> {
    let process = trial(remarks, store, "a_killed_process_loses_nothing", move |kills, random| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = D::FACTS.server.map_or_else(|| folder.path().display().to_string(), server);
        kill::kill_processes(On::<D>::default(), store, &place, kills, random)
    });
    let first =
        trial(remarks, store, "a_killed_first_migration_is_completed_by_the_next_start", move |kills, random| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let place = D::FACTS.server.map_or_else(|| folder.path().display().to_string(), server);
            kill::kill_first_migrations::<D>(store, &place, kills, random)
        });
    let server = engine.map(|engine| {
        trial(remarks, store, "a_killed_server_loses_nothing", move |kills, random| {
            kill::kill_servers(On::<D>::default(), engine, kills, random)
        })
    });
    [process, first].into_iter().chain(server).collect()
}

fn trial(
    remarks: &Remarks,
    store: &'static str,
    rule: &'static str,
    test: impl FnOnce(u32, &mut StdRng) -> Figures + Send + 'static,
) -> Trial {
    let remarks = Arc::clone(remarks);
    Trial::test(format!("{store}::{rule}"), move || {
        let kills = number("INVITE_TEST_KILLS").map_or(KILLS, |kills| kills.try_into().expect("a number of kills"));
        let seed = number("INVITE_TEST_KILL_SEED").unwrap_or_else(|| SysRng.try_next_u64().expect("chance"));
        let run = AssertUnwindSafe(|| test(kills, &mut StdRng::seed_from_u64(seed)));
        let outcome = panic::catch_unwind(run).map_err(|why| format!("{} (INVITE_TEST_KILL_SEED={seed})", said(&*why)));
        let remark = match &outcome {
            Ok(figures) => figures.to_string(),
            // Of a server's log, too, one line.
            Err(why) => format!("FAILED: {}", why.replace('\n', " / ")),
        };
        remarks.lock().expect("no test holds it").push(format!("{store}, {}: {remark}", rule.replace('_', " ")));
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
