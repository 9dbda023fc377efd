//! Every case of the conformance suite on every store, each as a test of its own.
//!
//! Named `<store>::<case>`, and `<store>::mutants::<what is broken>` for the stores broken on purpose. The last
//! lines say, for each store, how many cases ran and how many mutants were killed.

use std::{
    env,
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use invite_conformance::{Fate, Harness, Outcome, Suite};
use invite_suite::{
    database::Care,
    drivers::{blocking, diesel, sqlx},
    in_memory,
    mixed::Mixed,
    on::On,
    threads,
};
use libtest_mimic::{Arguments, Failed, Trial};

/// One store, and what has become of its cases so far.
struct Entry {
    name: &'static str,
    /// Gone after the last case, and all its connections with it.
    suite: Mutex<Option<Arc<Suite>>>,
    left: AtomicUsize,
    passed: AtomicUsize,
    failed: AtomicUsize,
    not_applicable: AtomicUsize,
    killed: AtomicUsize,
    survived: AtomicUsize,
    /// Mutants that are no different from the store on this database.
    harmless: AtomicUsize,
}

impl Entry {
    fn new(name: &'static str, harness: impl Harness) -> Arc<Self> {
        Arc::new(Self {
            name,
            suite: Mutex::new(Some(Arc::new(Suite::new(harness)))),
            left: AtomicUsize::default(),
            passed: AtomicUsize::default(),
            failed: AtomicUsize::default(),
            not_applicable: AtomicUsize::default(),
            killed: AtomicUsize::default(),
            survived: AtomicUsize::default(),
            harmless: AtomicUsize::default(),
        })
    }

    fn trials(self: &Arc<Self>) -> Vec<Trial> {
        let trials: Vec<_> = self.cases().chain(self.mutants().filter(|_| self.has_mutants())).collect();
        self.left.store(trials.len(), Ordering::Relaxed);
        trials
    }

    /// Lends the suite to one of the trials.
    fn with<T>(&self, work: impl FnOnce(&Suite) -> T) -> T {
        let lock = || self.suite.lock().unwrap_or_else(PoisonError::into_inner);
        let suite = lock().clone().expect("there until the last trial is over");
        let answer = work(&suite);
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            lock().take();
        }
        answer
    }

    /// Whether the mutants are played here. They prove the suite on a database, through whichever driver: an ordinary run
    /// takes the first one, `INVITE_TEST_MUTANTS` says how many.
    fn has_mutants(&self) -> bool {
        const DRIVERS: [&str; 3] = ["sqlx_", "diesel_", "blocking_"];
        let drivers = env::var("INVITE_TEST_MUTANTS").map_or(1, |number| number.parse().expect("a number of drivers"));
        let through_one_of_them = DRIVERS.iter().take(drivers).any(|driver| self.name.starts_with(driver));
        self.name == "memory" || through_one_of_them && !self.name.ends_with("rollback_journal")
    }

    fn cases(self: &Arc<Self>) -> impl Iterator<Item = Trial> {
        invite_conformance::cases().into_iter().map(|case| {
            let entry = Arc::clone(self);
            Trial::test(format!("{}::{}", self.name, case.name()), move || {
                let (count, answer) = match entry.with(|suite| suite.run(case)) {
                    Outcome::Passed => (&entry.passed, Ok(())),
                    Outcome::NotApplicable(_) => (&entry.not_applicable, Ok(())),
                    Outcome::Failed(seen) => {
                        (&entry.failed, Err(Failed::from(format!("rule: {}\nseen: {seen}", case.rule()))))
                    }
                };
                count.fetch_add(1, Ordering::Relaxed);
                answer
            })
        })
    }

    fn mutants(self: &Arc<Self>) -> impl Iterator<Item = Trial> {
        invite_conformance::mutants().into_iter().map(|mutant| {
            let entry = Arc::clone(self);
            Trial::test(format!("{}::mutants::{}", self.name, mutant.name().replace(' ', "_")), move || {
                let (count, answer) = match entry.with(|suite| suite.kill(&mutant)) {
                    Fate::Killed { .. } => (&entry.killed, Ok(())),
                    Fate::Survived => (&entry.survived, Err(Failed::from("it passes every case"))),
                    Fate::NotApplicable(_) => (&entry.harmless, Ok(())),
                };
                count.fetch_add(1, Ordering::Relaxed);
                answer
            })
        })
    }
}

fn main() -> ExitCode {
    let entries = [
        Entry::new("memory", in_memory()),
        Entry::new("sqlx_sqlite", On::<sqlx::Sqlite>::default()),
        Entry::new("sqlx_sqlite_rollback_journal", On::<sqlx::Sqlite>::with(Care::QuickWithJournal)),
        Entry::new("sqlx_postgres", On::<sqlx::Postgres>::default()),
        Entry::new("sqlx_mysql", On::<sqlx::MySql>::default()),
        Entry::new("diesel_sqlite", On::<diesel::Sqlite>::default()),
        Entry::new("diesel_postgres", On::<diesel::Postgres>::default()),
        Entry::new("diesel_mysql", On::<diesel::MySql>::default()),
        Entry::new("blocking_sqlite", On::<blocking::Sqlite>::default()),
        Entry::new("blocking_postgres", On::<blocking::Postgres>::default()),
        Entry::new("blocking_mysql", On::<blocking::MySql>::default()),
        Entry::new("mixed_sqlite", Mixed::<sqlx::Sqlite, diesel::Sqlite>::default()),
        Entry::new("mixed_postgres", Mixed::<sqlx::Postgres, diesel::Postgres>::default()),
        Entry::new("mixed_mysql", Mixed::<sqlx::MySql, diesel::MySql>::default()),
    ];
    let trials = entries.iter().flat_map(Entry::trials).collect();
    let arguments = Arguments::from_args();
    let arguments = Arguments { test_threads: arguments.test_threads.or_else(threads), ..arguments };
    let conclusion = libtest_mimic::run(&arguments, trials);
    for entry in &entries {
        let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let (passed, failed) = (count(&entry.passed), count(&entry.failed));
        let (killed, survived) = (count(&entry.killed), count(&entry.survived));
        let (name, mutants) = (entry.name, killed + survived);
        if passed + failed + mutants > 0 {
            let (not_applicable, harmless) = (count(&entry.not_applicable), count(&entry.harmless));
            println!(
                "suite: {name}: {passed} cases passed, {failed} failed, {not_applicable} not applicable; \
                 mutants killed: {killed}/{mutants}, {harmless} no different here"
            );
        }
    }
    conclusion.exit_code()
}
