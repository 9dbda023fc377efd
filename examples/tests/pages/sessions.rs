//! Sessions on the pages: they last as long as with the API, and end with the cookies of the pages.

use reqwest::{Method, header};
use serde_json::json;

use crate::support::{Answer, PASSWORD, Server};

#[tokio::test]
async fn a_page_that_is_opened_begins_the_day_of_the_session_anew() {
    let server = Server::start().await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;

    for path in ["/me", "/"] {
        let answer = ada.get(path).await;
        let renewed = answer.cookies().iter().any(|cookie| cookie.starts_with("session=") && cookie.contains("86400"));
        assert!(answer.status == 200 && renewed, "{path}: {answer:?}");
    }
    // A proxy may keep what the pages are made with, so that neither hands a cookie out nor takes one away.
    let path = "/assets/style.css";
    let broken = server.browser().ask(Method::GET, path, &[("cookie", "session=x")]).await;
    for answer in [ada.get(path).await, broken] {
        assert_eq!((answer.status, answer.cookies()), (200, vec![]));
    }
}

#[tokio::test]
async fn a_log_out_forgets_the_invitation_unless_another_account_is_to_answer_it() {
    let secure = Server::start_with(&[("PUBLIC_URL", "https://invite.example.com")]).await;
    let form = json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": "Ada" });
    let signed_up = secure.browser().post("/api/signup", form).await;
    signed_up.expect(201);
    let session = signed_up.cookies()[0].split(';').next().unwrap();

    let post = async |path: &str, body: &'static str| {
        let request = secure.browser().request(Method::POST, path).header(header::COOKIE, session);
        Answer::to(request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)).await
    };
    let gone = |answer: &Answer, name: &str| {
        let gone = format!("__Host-{name}=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
        answer.cookies().contains(&gone.as_str())
    };
    let kept = post("/logout", "next=/invitation").await;
    assert!(gone(&kept, "session") && !gone(&kept, "invitation"), "{kept:?}");
    for answer in [post("/logout", "").await, post("/api/logout", "").await] {
        assert!(gone(&answer, "session") && gone(&answer, "invitation"), "{answer:?}");
    }
}
