//! What many ask at once happens as often as it may, and nobody is told to try again.

use std::sync::Arc;

use invite_core::{Clock, SystemClock};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Browser, Office, Server};

const MANY: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn one_person_who_accepts_on_many_devices_joins_once() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let path = office.path_of(&office.invite("ada@example.com").await);
    let token = server.token_to("ada@example.com", 1).await;
    server.browser().sign_up("ada@example.com").await;
    let mut devices = Vec::new();
    for _ in 0..MANY {
        let device = server.browser();
        device.log_in("ada@example.com").await.expect(200);
        devices.push(device);
    }

    let answers = at_once(devices, move |device| {
        let token = token.clone();
        async move { device.accept(&token).await }
    })
    .await;
    let first = answers.iter().filter(|answer| answer.expect(200)["already_accepted"] == false).count();
    assert_eq!(first, 1);
    let events = office.owner.get(&format!("{path}/events")).await.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 2, "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_accepts_invitations_of_many_organizations() {
    let server = Server::start().await;
    let mut tokens = Vec::new();
    for n in 0..MANY {
        let office = Office::open_as(&server, &format!("owner{n}@example.com")).await;
        office.invite("ada@example.com").await;
        tokens.push(server.token_to("ada@example.com", n + 1).await);
    }
    let ada = Arc::new(server.browser());
    // Not verified yet, so that each acceptance also writes to the account.
    ada.sign_up("ada@example.com").await;

    let answers = at_once(tokens, |token| {
        let ada = Arc::clone(&ada);
        async move { ada.accept(&token).await }
    })
    .await;
    assert!(answers.iter().all(|answer| answer.expect(200)["already_accepted"] == false));
    let me = ada.get("/api/me").await.expect(200);
    assert_eq!(me["memberships"].as_array().unwrap().len(), MANY, "{me}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_one_account() {
    let server = Server::start().await;
    let browsers = (0..MANY).map(|_| server.browser()).collect();
    let answers = at_once(browsers, |browser: Browser| async move {
        let form = json!({ "email": "ada@example.com", "password": "correct horse", "full_name": "Ada" });
        browser.post("/api/signup", form).await
    })
    .await;
    one_is_created(&answers, "email_taken");
    assert_eq!(server.database().await.number("SELECT count(*) FROM users").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_one_invitation() {
    let server = Server::start().await;
    let office = Arc::new(Office::open(&server).await);
    let answers = at_once((0..MANY).collect(), |_| invite(&office, "ada@example.com".into())).await;
    one_is_created(&answers, "already_pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_minute_has_no_more_letters_than_it_may() {
    let server = Server::start_with(&[("INVITES_PER_MINUTE", "3")]).await;
    // The minute may end between two requests: then once more, with somebody else.
    for n in 0.. {
        let office = Arc::new(Office::open_as(&server, &format!("owner{n}@example.com")).await);
        let minute = minute();
        let answers = at_once((0..MANY).collect(), |m| invite(&office, format!("person{m}@example.com"))).await;
        if minute != self::minute() {
            continue;
        }
        let (invited, limited): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(invited.len(), 3, "{answers:?}");
        for answer in limited {
            answer.refused(429, "limit_reached");
        }
        return;
    }
}

/// Asks all of them, and waits for the answers.
async fn at_once<T, F>(these: Vec<T>, mut ask: impl FnMut(T) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut asked = JoinSet::new();
    for this in these {
        asked.spawn(ask(this));
    }
    asked.join_all().await
}

fn invite(office: &Arc<Office>, email: String) -> impl Future<Output = Answer> + Send + 'static + use<> {
    let office = Arc::clone(office);
    let body = json!({ "email": email, "role": "member" });
    async move { office.owner.post(&office.invitations, body).await }
}

#[track_caller]
fn one_is_created(answers: &[Answer], otherwise: &str) {
    let (created, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(created.len(), 1, "{answers:?}");
    for answer in refused {
        answer.refused(409, otherwise);
    }
}

fn minute() -> i64 {
    SystemClock.now().timestamp().div_euclid(60)
}
