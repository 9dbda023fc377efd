//! Running it: configuration, a busy database, and the end.

use std::{net::TcpListener, thread};

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::program::{DATABASE, Place, serve};
use crate::support::{Browser, Office, Server, eventually, fails_to_start};

#[tokio::test]
async fn a_database_that_is_away_for_too_long_is_unavailable_and_then_back() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let (token, _) = office.link_for("ada@example.com").await;

    let mut writer = server.database().await;
    writer.block_writers().await;
    let body = json!({ "email": "grace@example.com", "role": "member" });
    let answer = office.owner.post(&office.invitations, body.clone()).await;
    answer.refused(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    // Who only reads is not kept waiting.
    server.browser().preview(&token).await.expect(200);

    writer.unblock_writers().await;
    office.owner.post(&office.invitations, body).await.expect(201);
    server.mails_to("grace@example.com", 1).await;
}

#[tokio::test]
async fn a_database_that_is_away_for_a_while_is_waited_for() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let mut writer = server.database().await;
    writer.block_writers().await;

    let body = json!({ "email": "grace@example.com", "role": "member" });
    let founding = json!({ "name": "Second Engines" });
    let back = async {
        // Only when the database itself has stopped waiting, so that nothing helps but to begin again.
        let busy = async || (server.log().matches("the database could not do it now").count() >= 2).then_some(());
        eventually("both are told to try again", busy).await;
        writer.unblock_writers().await;
    };
    let (invited, founded, ()) = tokio::join!(
        office.owner.post(&office.invitations, body),
        office.owner.post("/api/organizations", founding),
        back
    );
    invited.expect(201);
    founded.expect(201);
}

#[tokio::test]
async fn those_that_start_at_once_on_a_new_database_all_serve() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::make(dir.path()).await;
    let starting: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| serve(dir.path(), &place, &[]))).collect();
        starts.into_iter().map(|start| start.join()).collect()
    });
    let mut up = 0;
    for (mut child, url) in starting.into_iter().flatten() {
        up += usize::from(Browser::new(&url).get("/healthz").await.status == 200);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(up, 4);
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_named_in_one_sentence_without_the_password() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let urls = [
        // Not every driver says that it was refused.
        ("postgres", format!("postgres://invite:hunter2@{closed}/invite"), "onnecti"),
        ("postgres", "postgres://invite:hunter2@localhost:port/invite".into(), "invalid port"),
        ("mysql", format!("mysql://invite:hunter2@{closed}/invite"), "onnection refused"),
        ("mysql", format!("mariadb://invite:hunter2@{closed}/invite"), "onnection refused"),
        ("sqlite", "sqlite://nowhere/at/all.sqlite".into(), "unable to open"),
        ("none", "mssql://invite:hunter2@localhost/invite".into(), "begins with none of"),
        ("none", "hunter2:".into(), "begins with none of"),
    ];
    for (database, url, why) in urls {
        let other = format!("build it with `--no-default-features --features {database}`");
        let why = if [DATABASE, "none"].contains(&database) { why } else { other.as_str() };
        let (status, said) = fails_to_start(&[("DATABASE_URL", &url)]);
        assert!(!status.success() && said.starts_with("DATABASE_URL: ") && said.contains(why), "{url}: {said}");
        assert!(said.lines().count() == 1 && !said.contains("hunter2"), "{url}: {said}");
    }
}

#[cfg(not(feature = "sqlite"))]
#[tokio::test]
async fn a_database_on_a_server_has_no_default() {
    let (status, said) = fails_to_start(&[]);
    assert!(!status.success() && said.starts_with("DATABASE_URL: it is not set"), "{said}");
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn unless_told_otherwise_it_listens_on_port_3000_and_keeps_a_file() {
    drop(TcpListener::bind("127.0.0.1:3000").expect("port 3000 is free"));
    let server = Server::start_with(&[("PORT", ""), ("DATABASE_URL", "")]).await;
    assert_eq!(server.url(), "http://127.0.0.1:3000");
    assert!(server.dir().join("invitations.sqlite").is_file());
    assert_eq!(server.browser().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn ending_it_leaves_no_leased_letter_behind() {
    let mut server = Server::start().await;
    let office = Office::open(&server).await;
    for n in 0..30 {
        office.invite(&format!("person{n}@example.com")).await;
    }
    assert!(server.terminate().await.success());

    let leased = "SELECT count(*) FROM invite_outbox WHERE lease_owner IS NOT NULL";
    assert_eq!(server.database().await.number(leased).await, 0);

    // What was still queued is mailed by the next one.
    server.start_again();
    let owner = server.browser();
    owner.log_in("owner@example.com").await.expect(200);
    eventually("all letters are sent", async || {
        let list = owner.get(&format!("{}?limit=200", office.invitations)).await.expect(200);
        list["items"].as_array().unwrap().iter().all(|item| item["delivery"]["state"] == "sent").then_some(())
    })
    .await;
}

#[tokio::test]
async fn whoever_never_finishes_a_request_does_not_keep_it_from_ending() {
    let mut server = Server::start().await;
    let address = server.url().strip_prefix("http://").unwrap().to_owned();
    // Browsers open connections ahead of need; others are just slow.
    let _idle = TcpStream::connect(&address).await.unwrap();
    let mut slow = TcpStream::connect(&address).await.unwrap();
    slow.write_all(b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{").await.unwrap();
    server.browser().get("/healthz").await;

    assert!(server.terminate().await.success());
}

#[tokio::test]
async fn links_lead_to_the_configured_address() {
    let server = Server::start_with(&[("PUBLIC_URL", "http://localhost:81/app/")]).await;
    let office = Office::open(&server).await;
    office.invite("ada@example.com").await;

    let link = server.link_to("ada@example.com", 1).await;
    assert!(link.starts_with("http://localhost:81/app/invitation?token=inv1_"), "{link}");
}

#[tokio::test]
async fn an_account_outlives_a_restart() {
    let mut server = Server::start().await;
    let office = Office::open(&server).await;
    office.invite("ada@example.com").await;
    let token = server.token_to("ada@example.com", 1).await;
    server.kill();
    server.start_again();

    let ada = server.browser();
    ada.sign_up_with("ada@example.com", &token).await.expect(201);
    let owner = server.browser();
    owner.log_in("owner@example.com").await.expect(200);
    assert_eq!(owner.get(&office.invitations).await.expect(200)["items"][0]["status"], "accepted");
}
