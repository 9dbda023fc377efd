//! Requests that no handler takes: pages say so to people, the API to programs.

use reqwest::{Method, header};
use serde_json::json;

use super::support::{Answer, Browser, Office, Server};
use crate::program::{Database, on_every_database};

on_every_database!(
    #[tokio::test]
    whoever_asks_for_a_page_gets_a_page,
    the_api_says_it_in_its_own_words_to_browsers_too,
    every_name_of_this_machine_is_the_same_site,
);

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn ask(browser: &Browser, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = browser.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::to(request).await
}

async fn whoever_asks_for_a_page_gets_a_page(database: Database) {
    let server = Server::start(database).await;
    let anybody = server.browser();
    let foreign = ("origin", "https://evil.example");
    let cases = [
        (Method::GET, "/nothing", None, 404),
        (Method::GET, "/assets/nothing.css", None, 404),
        (Method::GET, "/assets/%ff", None, 404),
        (Method::GET, "/logout", None, 405),
        (Method::PUT, "/login", None, 405),
        (Method::GET, "/login?next=a&next=b", None, 400),
        (Method::GET, "/dev/mailbox?mail=x", None, 400),
        (Method::POST, "/login", Some(foreign), 403),
        (Method::POST, "/nothing", Some(foreign), 403),
    ];
    for (method, path, extra, status) in cases {
        let headers: Vec<_> = [Some(("accept", BROWSER)), extra].into_iter().flatten().collect();
        let answer = ask(&anybody, method.clone(), path, &headers).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{method} {path}");
        assert!(answer.text.contains("To the start page") && answer.text.contains(&status.to_string()), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'self'"), "{answer:?}");
    }
}

async fn the_api_says_it_in_its_own_words_to_browsers_too(database: Database) {
    let server = Server::start(database).await;
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
        let headers: Vec<_> = [Some(("accept", BROWSER)), extra].into_iter().flatten().collect();
        ask(&anybody, method, path, &headers).await.refused(status, code);
    }
    let office = Office::open(&server).await;
    let owner = &office.owner;
    let html = [("accept", BROWSER)];
    ask(owner, Method::GET, "/api/organizations/%ff/members", &html).await.refused(404, "not_found");
    ask(owner, Method::GET, &format!("{}?limit=x", office.invitations), &html).await.invalid("limit");
    for body in ["{", "\u{0}"] {
        let request = owner.request(Method::POST, "/api/invitations/preview").header(header::ACCEPT, BROWSER);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        Answer::to(request).await.refused(400, "malformed_json");
    }
    // Programs that ask for no page get none anywhere.
    ask(owner, Method::GET, "/nothing", &[]).await.refused(404, "not_found");
    ask(owner, Method::POST, "/login", &[foreign]).await.refused(403, "foreign_origin");
}

async fn every_name_of_this_machine_is_the_same_site(database: Database) {
    let server = Server::start(database).await;
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
    let service = Server::start_with(database, &[("PUBLIC_URL", &format!("https://invite.example.com:{port}"))]).await;
    let request = service.browser().request(Method::POST, "/api/signup");
    let request = request.header(header::ORIGIN, format!("https://localhost:{port}")).json(&json!({}));
    Answer::to(request).await.refused(403, "foreign_origin");
}
