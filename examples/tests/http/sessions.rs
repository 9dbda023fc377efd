//! Sessions: how long they live, and how they end.

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::support::{Answer, Office, PASSWORD, Server};
use crate::program::{Database, on_every_database};

on_every_database!(
    #[tokio::test]
    a_session_that_is_used_begins_its_day_anew,
    a_log_out_leaves_no_cookie_behind,
    a_request_that_outlasts_the_log_out_does_not_undo_it,
);

fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect()
}

async fn a_session_that_is_used_begins_its_day_anew(database: Database) {
    let server = Server::start(database).await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;

    for path in ["/api/me", "/me", "/"] {
        let answer = ada.get(path).await;
        let renewed = cookies(&answer).iter().any(|cookie| cookie.starts_with("session=") && cookie.contains("86400"));
        assert!(renewed, "{path}: {answer:?}");
    }
    // Nobody gets one by looking.
    assert_eq!(cookies(&server.browser().get("/").await), Vec::<&str>::new());
    // And what a proxy may keep neither hands one out nor takes one away.
    for path in ["/assets/style.css", "/healthz"] {
        let broken = server.browser().request(reqwest::Method::GET, path).header("cookie", "session=x");
        for answer in [ada.get(path).await, Answer::to(broken).await] {
            assert_eq!((answer.status, cookies(&answer)), (200, vec![]), "{path}");
        }
    }
}

async fn a_log_out_leaves_no_cookie_behind(database: Database) {
    let secure = Server::start_with(database, &[("PUBLIC_URL", "https://invite.example.com")]).await;
    let form = json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": "Ada" });
    let signed_up = secure.browser().post("/api/signup", form).await;
    signed_up.expect(201);
    let session = cookies(&signed_up)[0];
    assert!(session.starts_with("__Host-session=") && session.contains("; Secure"), "{session}");
    assert!(session.contains("; Path=/") && !session.contains("Domain"), "{session}");

    let post = async |path: &str, body: &'static str| {
        let request = secure.browser().request(reqwest::Method::POST, path);
        let request = request.header("cookie", session.split(';').next().unwrap());
        Answer::to(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    };
    let gone = |answer: &Answer, name: &str| {
        let gone = format!("__Host-{name}=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
        cookies(answer).contains(&gone.as_str())
    };
    // Whoever changes the account to answer the invitation still needs it.
    let kept = post("/logout", "next=/invitation").await;
    assert!(gone(&kept, "session") && !gone(&kept, "invitation"), "{kept:?}");
    for answer in [post("/logout", "").await, post("/api/logout", "").await] {
        assert!(gone(&answer, "session") && gone(&answer, "invitation"), "{answer:?}");
    }
}

async fn a_request_that_outlasts_the_log_out_does_not_undo_it(database: Database) {
    let server = Server::start(database).await;
    let office = Office::open(&server).await;
    let session = office.owner.get("/api/me").await;
    let session = cookies(&session)[0].split(';').next().unwrap().to_owned();
    let me = async || {
        let request = server.browser().request(reqwest::Method::GET, "/api/me");
        Answer::to(request.header("cookie", &session)).await
    };
    me().await.expect(200);

    let body = json!({ "name": "Late Engines" }).to_string();
    let mut stream = BufReader::new(TcpStream::connect(server.url().strip_prefix("http://").unwrap()).await.unwrap());
    let head = format!(
        "POST /api/organizations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {session}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    // It asks for the body once it knows who is asking.
    stream.read_line(&mut line).await.unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    assert_eq!(office.owner.post("/api/logout", json!({})).await.status, 204);
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 201 "), "{answer}");

    me().await.refused(401, "unauthenticated");
}
