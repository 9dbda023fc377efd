//! Requests that no handler takes: a browser is answered by a page.

use reqwest::Method;

use crate::support::{ACCEPT_PAGES, Server};

#[tokio::test]
async fn whoever_asks_for_a_page_gets_a_page() {
    let server = Server::start().await;
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
        let headers: Vec<_> = [Some(ACCEPT_PAGES), extra].into_iter().flatten().collect();
        let answer = anybody.ask(method.clone(), path, &headers).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{method} {path}");
        assert!(answer.text.contains("To the start page") && answer.text.contains(&status.to_string()), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'self'"), "{answer:?}");
    }
}
