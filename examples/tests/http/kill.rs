//! Killed at any moment, the program loses no letter and mails no dead link.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::{
    RngExt, SeedableRng, TryRng,
    rngs::{StdRng, SysRng},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Browser, Office, Server, Sink, eventually, eventually_within, token_of};

/// At least so many kills for each of `INVITE_TEST_KILLS`, and one of them in the middle of handing a letter over.
const KILLS: usize = 5;
const CLIENTS: usize = 3;
/// The mailer gives a letter up after a third of it: long enough for the sink on a machine this busy,
/// so that no letter is ever postponed, and all that a kill cuts short is back after it.
const LEASE: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread")]
async fn a_program_killed_at_random_moments_mails_every_invitation_and_no_dead_link() {
    // `KILL_SEED=<n>` plays a failure again, as far as the machine's timing allows.
    let seed = std::env::var("KILL_SEED").map_or_else(|_| SysRng.try_next_u64().unwrap(), |seed| seed.parse().unwrap());
    eprintln!("KILL_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);

    let sink = Sink::start(StdRng::from_rng(&mut random)).await;
    let mut server = Server::start_with(&[
        ("SMTP_URL", &sink.url),
        ("WORKER_LEASE_SECONDS", &LEASE.as_secs().to_string()),
        ("INVITES_PER_MINUTE", &u32::MAX.to_string()),
    ])
    .await;
    let invitations = Office::open(&server).await.invitations;
    let promised = Arc::new(Mutex::new(HashSet::new()));
    let names = Arc::new(AtomicUsize::new(0));

    let cut_short = std::env::var("INVITE_TEST_KILLS").map_or(3, |kills| kills.parse().unwrap());
    let (wanted, mut kills) = (cut_short * KILLS, 0);
    while kills < wanted || sink.cut_short() < cut_short || promised.lock().unwrap().len() <= wanted {
        let mut clients = JoinSet::new();
        let owner = Arc::new(server.browser());
        owner.log_in("owner@example.com").await.expect(200);
        for _ in 0..CLIENTS {
            let client = Client {
                owner: Arc::clone(&owner),
                invitations: invitations.clone(),
                promised: Arc::clone(&promised),
                names: Arc::clone(&names),
                random: StdRng::from_rng(&mut random),
            };
            clients.spawn(client.work_until_the_server_is_gone());
        }
        // Half of them while letters are under way for sure, the others whenever it happens.
        if random.random_bool(0.5) {
            let enough = promised.lock().unwrap().len() + 2 * CLIENTS;
            eventually("some are invited", async || (promised.lock().unwrap().len() >= enough).then_some(())).await;
        }
        // The fault itself, not a wait for anything.
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
        server.kill();
        clients.join_all().await;
        server.start_again();
        kills += 1;
    }

    let owner = server.browser();
    owner.log_in("owner@example.com").await.expect(200);
    let stored = eventually_within(LEASE * 5, "every open invitation is mailed", async || {
        let stored = owner.all(&invitations).await;
        let open = |item: &&Value| item["status"] == "pending" || item["status"] == "delivery_failed";
        match stored.values().filter(open).find(|item| item["delivery"]["state"] != "sent") {
            Some(late) => Err(late.to_string()),
            None => Ok(stored),
        }
    })
    .await;
    let promised = promised.lock().unwrap().clone();
    for email in &promised {
        assert!(stored.contains_key(email), "{email} was answered 201 and is gone");
    }

    // Every link that ever left, and what it says today.
    let mut living: HashSet<String> = HashSet::new();
    let mails = sink.mails();
    for mail in &mails {
        let answer = owner.preview(&token_of(mail.link())).await;
        match answer.status {
            200 => drop(living.insert(mail.to.clone())),
            410 => {}
            _ => panic!("a dead link was mailed to {}: {answer:?}", mail.to),
        }
    }
    for (email, invitation) in &stored {
        assert_eq!(invitation["status"] == "pending", living.contains(email), "{email}: {invitation}");
    }
    let (cut, promised, stored) = (sink.cut_short(), promised.len(), stored.len());
    eprintln!("{kills} kills, {cut} letters cut short, {promised} promised, {stored} stored, {} mails", mails.len());
    assert!(promised > wanted && living.len() > wanted, "there was something to lose");
}

/// Invites, and sometimes resends or takes back, until nobody answers any more.
struct Client {
    owner: Arc<Browser>,
    invitations: String,
    promised: Arc<Mutex<HashSet<String>>>,
    names: Arc<AtomicUsize>,
    random: StdRng,
}

impl Client {
    async fn work_until_the_server_is_gone(mut self) {
        loop {
            let email = format!("person{}@example.com", self.names.fetch_add(1, Ordering::Relaxed));
            let body = json!({ "email": email, "role": "member" });
            let Some(created) = self.ask(Method::POST, &self.invitations, &body).await else { return };
            self.promised.lock().unwrap().insert(email);
            let path = format!("{}/{}", self.invitations, created["id"].as_str().unwrap());
            let went_on = match self.random.random_range(0..8) {
                0 => self.ask(Method::DELETE, &path, &json!({})).await,
                1 | 2 => self.ask(Method::POST, &format!("{path}/resend"), &json!({})).await,
                _ => Some(created),
            };
            if went_on.is_none() {
                return;
            }
        }
    }

    /// The answer, if there is one. Whoever hears nothing knows nothing.
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Option<Value> {
        let response = self.owner.request(method, path).json(body).send().await.ok()?;
        let status = response.status();
        let answer = response.json().await.ok()?;
        assert!(status.is_success(), "{answer}");
        Some(answer)
    }
}
