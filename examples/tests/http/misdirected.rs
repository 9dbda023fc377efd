//! Requests that no handler takes.

use reqwest::{Method, header};
use serde_json::json;

use crate::support::{ACCEPT_PAGES, Answer, Office, Server};

#[tokio::test]
async fn the_api_says_it_in_its_own_words_to_browsers_too() {
    let server = Server::start().await;
    let anybody = server.browser();
    let foreign = ("origin", "https://evil.example");
    let cases = [
        (Method::GET, "/api/nothing", None, 404, "not_found"),
        (Method::PUT, "/api/me", None, 405, "method_not_allowed"),
        (Method::POST, "/api/logout", Some(foreign), 403, "foreign_origin"),
        (Method::GET, "/api/organizations/%ff/members", None, 401, "unauthenticated"),
        (Method::GET, "/api/organizations/1/invitations?limit=x&limit=x", None, 401, "unauthenticated"),
    ];
    for (method, path, extra, status, code) in cases {
        let headers: Vec<_> = [Some(ACCEPT_PAGES), extra].into_iter().flatten().collect();
        anybody.ask(method, path, &headers).await.refused(status, code);
    }
    let office = Office::open(&server).await;
    let owner = &office.owner;
    let html = [ACCEPT_PAGES];
    owner.ask(Method::GET, "/api/organizations/%ff/members", &html).await.refused(404, "not_found");
    owner.ask(Method::GET, &format!("{}?limit=x", office.invitations), &html).await.invalid("limit");
    for body in ["{", "\u{0}"] {
        let request = owner.request(Method::POST, "/api/invitations/preview").header(header::ACCEPT, ACCEPT_PAGES.1);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        Answer::to(request).await.refused(400, "malformed_json");
    }
    // Programs that ask for no page get none anywhere.
    owner.ask(Method::GET, "/nothing", &[]).await.refused(404, "not_found");
    owner.ask(Method::POST, "/login", &[foreign]).await.refused(403, "foreign_origin");
}

#[tokio::test]
async fn every_name_of_this_machine_is_the_same_site() {
    let server = Server::start().await;
    let port = server.url().rsplit_once(':').unwrap().1;
    let answer = async |origin: &str| {
        let request = server.browser().request(Method::POST, "/api/signup").header(header::ORIGIN, origin);
        Answer::to(request.json(&json!({}))).await
    };
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        answer(&format!("http://{host}:{port}")).await.refused(422, "invalid");
        for foreign in [format!("https://{host}:{port}"), format!("http://{host}"), format!("http://{host}:1")] {
            answer(&foreign).await.refused(403, "foreign_origin");
        }
    }

    // A service that people reach from elsewhere has one name.
    let service = Server::start_with(&[("PUBLIC_URL", &format!("https://invite.example.com:{port}"))]).await;
    let request = service.browser().request(Method::POST, "/api/signup");
    let request = request.header(header::ORIGIN, format!("https://localhost:{port}")).json(&json!({}));
    Answer::to(request).await.refused(403, "foreign_origin");
}
