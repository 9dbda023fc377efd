//! Looking changes nothing: mail scanners open every link, some of them many times.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Office, Server, eventually};

#[tokio::test]
async fn scanners_may_open_every_link_and_the_invitation_is_untouched() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let path = office.path_of(&created);
    let link = server.link_to("ada@example.com", 1).await;
    let token = server.token_to("ada@example.com", 1).await;
    // Until the letter is accounted for, the worker still writes.
    eventually("the delivery is recorded", async || {
        (office.owner.get(&path).await.expect(200)["delivery"]["state"] == "sent").then_some(())
    })
    .await;
    let before = state_of(&server, &office, &path).await;

    let landing = link.strip_prefix(server.url()).unwrap().to_owned();
    let pages = [
        landing,
        "/invitation".into(),
        "/".into(),
        "/login".into(),
        "/signup".into(),
        "/me".into(),
        format!("/organizations/{}/invitations", office.id),
        "/dev/mailbox".into(),
        path.clone(),
        "/api/me/invitations".into(),
        "/api/invitations/accept".into(),
        "/api/invitations/preview".into(),
        format!("/api/invitations/accept?token={token}"),
    ];
    // A scanner without a session, and the inviter's own browser.
    for browser in [&server.browser(), &office.owner] {
        for page in &pages {
            for _ in 0..50 {
                for method in [Method::GET, Method::HEAD] {
                    let answer = Answer::to(browser.request(method, page)).await;
                    assert!(answer.status < 500, "{page}: {answer:?}");
                }
            }
            Answer::to(browser.request(Method::OPTIONS, page)).await;
        }
    }
    for _ in 0..100 {
        server.browser().preview(&token).await.expect(200);
    }

    assert_eq!(state_of(&server, &office, &path).await, before);
    let ada = server.browser();
    ada.sign_up_with("ada@example.com", &token).await.expect(201);
}

#[tokio::test]
async fn every_answer_keeps_its_secrets_from_caches_referrers_and_frames() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let (token, _) = office.link_for("ada@example.com").await;

    for answer in [
        office.owner.preview(&token).await,
        office.owner.preview("x").await,
        office.owner.accept("x").await,
        office.owner.get(&office.invitations).await,
        office.owner.get("/api/nothing").await,
        office.owner.get(&format!("/invitation?token={token}")).await,
        office.owner.get("/invitation").await,
        office.owner.get("/dev/mailbox.json").await,
        Answer::to(office.owner.request(Method::POST, "/api/logout").header("origin", "https://evil.example")).await,
    ] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").starts_with("default-src 'self'"), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let server = Server::start().await;
    let anybody = server.browser();

    assert_eq!(anybody.get("/healthz").await.status, 200);
    anybody.get("/api/nothing").await.refused(404, "not_found");
    anybody.send(Method::PUT, "/api/me", &json!({})).await.refused(405, "method_not_allowed");
    anybody.get("/api/invitations/accept").await.refused(405, "method_not_allowed");
}

/// Everything stored of the one invitation, and what the API shows of it.
async fn state_of(server: &Server, office: &Office, path: &str) -> (String, i64, [String; 2]) {
    let mut look = server.database().await;
    let row = look.row("SELECT * FROM invite_invitations").await.join("\n");
    let tokens = look.number("SELECT count(*) FROM invite_tokens").await;
    let shown = [office.owner.get(path).await.text, office.owner.get(&format!("{path}/events")).await.text];
    (row, tokens, shown)
}
