//! Sessions: how long they live, and how they end.

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::support::{Office, PASSWORD, Server};

#[tokio::test]
async fn a_session_that_is_used_begins_its_day_anew() {
    let server = Server::start().await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;

    let answer = ada.get("/api/me").await;
    let renewed = answer.cookies().iter().any(|cookie| cookie.starts_with("session=") && cookie.contains("86400"));
    assert!(renewed, "{answer:?}");
    // Nobody gets one by looking.
    for path in ["/", "/api/me"] {
        assert_eq!(server.browser().get(path).await.cookies(), Vec::<&str>::new(), "{path}");
    }
    // And what a proxy may keep neither hands one out nor takes one away.
    let broken = server.browser().ask(Method::GET, "/healthz", &[("cookie", "session=x")]).await;
    for answer in [ada.get("/healthz").await, broken] {
        assert_eq!((answer.status, answer.cookies()), (200, vec![]));
    }
}

#[tokio::test]
async fn a_log_out_leaves_no_cookie_behind() {
    let secure = Server::start_with(&[("PUBLIC_URL", "https://invite.example.com")]).await;
    let form = json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": "Ada" });
    let signed_up = secure.browser().post("/api/signup", form).await;
    signed_up.expect(201);
    let session = signed_up.cookies()[0];
    assert!(session.starts_with("__Host-session=") && session.contains("; Secure"), "{session}");
    assert!(session.contains("; Path=/") && !session.contains("Domain"), "{session}");

    let own = ("cookie", session.split(';').next().unwrap());
    let answer = secure.browser().ask(Method::POST, "/api/logout", &[own]).await;
    let gone = "__Host-session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0";
    assert!(answer.cookies().contains(&gone), "{answer:?}");
}

#[tokio::test]
async fn a_request_that_outlasts_the_log_out_does_not_undo_it() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let session = office.owner.get("/api/me").await;
    let session = session.cookies()[0].split(';').next().unwrap().to_owned();
    let me = async || server.browser().ask(Method::GET, "/api/me", &[("cookie", &session)]).await;
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
