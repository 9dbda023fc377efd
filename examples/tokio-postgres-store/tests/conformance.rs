//! The store under the whole suite, each case and each mutant as a test of its own.

use std::{
    env,
    process::{self, ExitCode},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use invite_conformance::{Damage, Effort, Fate, Harness, Outcome, Suite};
use invite_core::{InvitationId, store::StoreError};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;
use tokio_postgres::Config;
use tokio_postgres_store::{PgConnection, PgPool, PgStore, Transaction, migrate, store_error};

struct OnPostgres {
    runtime: Runtime,
    databases: AtomicUsize,
    /// Databases that are empty again.
    empty: Mutex<Vec<PgPool>>,
}

fn main() -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let suite = Arc::new(Suite::new(OnPostgres { runtime, databases: AtomicUsize::new(0), empty: Mutex::default() }));
    let cases = invite_conformance::cases().into_iter().map(|case| {
        let suite = Arc::clone(&suite);
        Trial::test(format!("postgres::{}", case.name()), move || match suite.run(case) {
            Outcome::Passed | Outcome::NotApplicable(_) => Ok(()),
            Outcome::Failed(seen) => Err(Failed::from(format!("rule: {}\nseen: {seen}", case.rule()))),
        })
    });
    let mutants = invite_conformance::mutants().into_iter().map(|mutant| {
        let suite = Arc::clone(&suite);
        Trial::test(format!("postgres::mutants::{}", mutant.name().replace(' ', "_")), move || {
            match suite.kill(&mutant) {
                Fate::Killed { .. } | Fate::NotApplicable(_) => Ok(()),
                Fate::Survived => Err(Failed::from("it passes every case")),
            }
        })
    });
    let trials = cases.chain(mutants).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn server() -> Result<Config, StoreError> {
    let url = env::var("INVITE_TEST_POSTGRES_URL");
    url.map_err(StoreError::failed)?.parse().map_err(|error: tokio_postgres::Error| StoreError::failed(error))
}

impl Harness for OnPostgres {
    type Store = PgStore;
    type Pool = PgPool;
    type Connection = Transaction;
    type Transaction = Transaction;

    fn store(&self) -> PgStore {
        PgStore
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    fn levels(&self) -> &'static [&'static str] {
        &[
            "BEGIN ISOLATION LEVEL READ COMMITTED",
            "BEGIN ISOLATION LEVEL REPEATABLE READ",
            "BEGIN ISOLATION LEVEL SERIALIZABLE",
        ]
    }

    fn effort(&self) -> Effort {
        let number = |name, otherwise| env::var(name).map_or(otherwise, |number| number.parse().expect(name));
        Effort { tasks: number("INVITE_TEST_TASKS", 32), rounds: number("INVITE_TEST_ROUNDS", 10) }
    }

    async fn fresh(&self) -> Result<PgPool, StoreError> {
        if let Some(pool) = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(pool);
        }
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("invite_tokio_{}_{number}", process::id());
        let mut config = server()?;
        let admin = PgConnection::connect(&config).await?;
        admin.client().batch_execute(&format!("CREATE DATABASE {name}")).await.map_err(store_error)?;
        config.dbname(&name);
        let pool = PgPool::new(config);
        migrate(&mut *pool.lend().await?).await?;
        Ok(pool)
    }

    async fn close(&self, pool: PgPool) {
        let Ok(conn) = pool.lend().await else { return };
        let emptied = "TRUNCATE invite_invitations, invite_tokens, invite_outbox, invite_letters, invite_events";
        let emptied = conn.client().batch_execute(emptied).await;
        drop(conn);
        if emptied.is_ok() {
            self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
        }
    }

    async fn connect(&self, pool: &PgPool) -> Result<Transaction, StoreError> {
        pool.lend().await
    }

    async fn begin(&self, pool: &PgPool, level: &'static str) -> Result<Transaction, StoreError> {
        let mut tx = pool.lend().await?;
        tx.begin(level).await?;
        Ok(tx)
    }

    async fn commit(&self, mut tx: Transaction) -> Result<(), StoreError> {
        tx.commit().await
    }

    async fn rollback(&self, mut tx: Transaction) -> Result<(), StoreError> {
        tx.rollback().await
    }

    async fn move_time_zone(&self, tx: &mut Transaction) -> Result<bool, StoreError> {
        tx.client().batch_execute("SET LOCAL TIME ZONE 'Asia/Kathmandu'").await.map_err(store_error)?;
        Ok(true)
    }

    async fn damage(&self, tx: &mut Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        let spoil = match what {
            Damage::DeliveryState => {
                "INSERT INTO invite_letters (id, invitation, state, attempts) \
                 SELECT delivery_id, id, 'lost', 1 FROM invite_invitations WHERE id = $1"
            }
            Damage::Inviter => "UPDATE invite_invitations SET inviter = 'nobody' WHERE id = $1",
            Damage::Recipient => "UPDATE invite_invitations SET recipient_given = 'x' WHERE id = $1",
            _ => return Ok(false),
        };
        tx.client().execute(spoil, &[id.as_uuid()]).await.map_err(store_error)?;
        Ok(true)
    }
}
