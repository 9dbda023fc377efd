//! The database fails over to a standby, or takes no writes for a while: the program says so, loses nothing it has
//! acknowledged, and goes on by itself.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use xtask::{Durability, Engine, Folder};

use crate::program::Connection;
use crate::support::{Browser, Office, Server, eventually, eventually_within};

const CLIENTS: usize = 3;
/// How many are invited before the fault, and again after it.
const ENOUGH: usize = 30;
/// How many requests are refused before the fault ends.
const REFUSALS: usize = 12;
/// What a worker has leased when the server fails may wait so long.
const LEASE: Duration = Duration::from_secs(12);
/// For what may have to wait for a pool that is losing its patience.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_promoted_has_all_that_was_acknowledged_and_is_found_without_a_restart() {
    let folder = Folder::create().unwrap();
    let mut primary = start(&xtask::POSTGRES, folder.path());
    let standby = |name| xtask::standby(&primary, folder.path(), name, Durability::Fsync).unwrap();
    let (next, stale) = (standby("next"), standby("stale"));
    let mut admin = Connection::to(&primary.url()).await;
    admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'next'").await;
    admin.execute("SELECT pg_reload_conf()").await;
    let synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    eventually("the standby is synchronous", async || (admin.number(synchronous).await == 1).then_some(())).await;

    let name = name::Name::of(primary.port()).await;
    let mut load = Load::begin(&name.url(&primary.url())).await;
    load.until_invited(ENOUGH).await;

    // For a while the name leads to a server that is up and takes no writes, and will never take any.
    primary.kill().unwrap();
    name.now_leads_to(stale.port());
    let mut on_stale = Connection::to(&stale.url()).await;
    let connected = "SELECT count(*) FROM pg_stat_activity
                     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    eventually("the program is on the standby", async || (on_stale.number(connected).await > 0).then_some(())).await;
    load.until_refused(REFUSALS).await;

    Connection::to(&next.url()).await.execute("SELECT pg_promote()").await;
    name.now_leads_to(next.port());
    load.until_invited(ENOUGH).await;
    eventually("nobody asks the other any more", async || (on_stale.number(connected).await == 0).then_some(())).await;
    load.end().await;
}

#[cfg(not(feature = "postgres"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_writes_for_a_while_is_asked_again_on_new_connections() {
    let folder = Folder::create().unwrap();
    let server = start(&xtask::MARIADB, folder.path());
    let mut root = Connection::to(&server.url()).await;
    // Who may do everything may write to a replica too.
    root.execute("CREATE USER 'app'@'127.0.0.1'").await;
    root.execute("GRANT ALL ON test.* TO 'app'@'127.0.0.1'").await;
    let mut load = Load::begin(&server.url().replace("root@", "app@")).await;
    load.until_invited(ENOUGH).await;

    root.execute("SET GLOBAL read_only = 1").await;
    root.execute("SET @newest = (SELECT max(id) FROM information_schema.processlist)").await;
    load.until_refused(REFUSALS).await;

    root.execute("SET GLOBAL read_only = 0").await;
    load.until_invited(ENOUGH).await;
    load.end().await;
    let older = "SELECT count(*) FROM information_schema.processlist WHERE user = 'app' AND id <= @newest";
    eventually("older connections are closed", async || (root.number(older).await == 0).then_some(())).await;
}

fn start(engine: &'static Engine, folder: &Path) -> xtask::Server {
    xtask::Server::start(engine, folder, Durability::Fsync).unwrap_or_else(|why| panic!("{why}"))
}

#[cfg(feature = "postgres")]
mod name;

/// A program, and clients that invite and take back.
struct Load {
    server: Server,
    owner: Arc<Browser>,
    invitations: String,
    /// By address, the status that was acknowledged last; nothing where an answer went missing.
    known: Arc<Mutex<HashMap<String, Option<&'static str>>>>,
    refused: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    async fn begin(database: &str) -> Self {
        let unlimited = u32::MAX.to_string();
        let server = Server::start_with(&[
            ("DATABASE_URL", database),
            ("INVITES_PER_MINUTE", &unlimited),
            ("WORKER_LEASE_SECONDS", &LEASE.as_secs().to_string()),
        ])
        .await;
        let Office { owner, invitations, .. } = Office::open(&server).await;
        let mut load = Self {
            server,
            owner: Arc::new(owner),
            invitations,
            known: Arc::default(),
            refused: Arc::default(),
            is_over: Arc::default(),
            clients: JoinSet::new(),
        };
        for client in 0..CLIENTS {
            let client = Client {
                number: client,
                owner: Arc::clone(&load.owner),
                invitations: load.invitations.clone(),
                known: Arc::clone(&load.known),
                refused: Arc::clone(&load.refused),
                is_over: Arc::clone(&load.is_over),
            };
            load.clients.spawn(client.work());
        }
        load
    }

    async fn until_invited(&self, more: usize) {
        let enough = self.known.lock().unwrap().len() + more;
        self.until("some are invited", || self.known.lock().unwrap().len() >= enough).await;
    }

    async fn until_refused(&self, more: usize) {
        let enough = self.refused.load(Ordering::Relaxed) + more;
        self.until("some are refused", || self.refused.load(Ordering::Relaxed) >= enough).await;
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool + Send + Sync) {
        eventually_within(PATIENCE, what, async || if is_so() { Ok(()) } else { Err(String::new()) }).await;
    }

    /// Everything acknowledged is there, and every open invitation is mailed.
    async fn end(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client.unwrap();
        }
        let known = std::mem::take(&mut *self.known.lock().unwrap());
        let stored = eventually_within(LEASE * 5, "every open invitation is mailed", async || {
            let stored = self.owner.all(&self.invitations).await;
            let late = |item: &&Value| item["status"] == "pending" && item["delivery"]["state"] != "sent";
            match stored.values().find(late) {
                Some(late) => Err(late.to_string()),
                None => Ok(stored),
            }
        })
        .await;
        for (email, status) in &known {
            let stored = stored.get(email).unwrap_or_else(|| panic!("{email} was acknowledged and is gone"));
            assert!(status.is_none_or(|status| stored["status"] == status), "{status:?} was acknowledged: {stored}");
        }
        let log = self.server.log();
        assert!(!log.contains("a request failed"), "somebody was answered 500:\n{log}");
    }
}

struct Client {
    number: usize,
    owner: Arc<Browser>,
    invitations: String,
    known: Arc<Mutex<HashMap<String, Option<&'static str>>>>,
    refused: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Client {
    async fn work(self) {
        for n in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let email = format!("person{n}of{}@example.com", self.number);
            let body = json!({ "email": email, "role": "member" });
            let created = self.owner.post(&self.invitations, body).await;
            if self.is_unavailable(created.status, created.header("retry-after")) {
                continue;
            }
            let created = created.expect(201);
            self.known.lock().unwrap().insert(email.clone(), Some("pending"));
            if n % 4 == 0 {
                let path = format!("{}/{}", self.invitations, created["id"].as_str().unwrap());
                let cancelled = self.owner.delete(&path).await;
                let unknown = self.is_unavailable(cancelled.status, cancelled.header("retry-after"));
                if !unknown {
                    cancelled.expect(200);
                }
                self.known.lock().unwrap().insert(email, (!unknown).then_some("cancelled"));
            }
        }
    }

    fn is_unavailable(&self, status: u16, retry_after: &str) -> bool {
        if status == 503 {
            assert_eq!(retry_after, "1");
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        status == 503
    }
}
