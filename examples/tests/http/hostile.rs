//! Requests that no honest client sends.

use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Answer, Office, PASSWORD, Server};

#[tokio::test]
async fn a_token_is_a_string_or_it_is_not_a_token() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    // An invitation is open that a query would find if it compared a token with a number or with nothing.
    let created = office.invite("owner2@example.com").await;
    let values = [
        json!(0),
        json!(7),
        json!(1e3),
        json!(true),
        json!(null),
        json!([]),
        json!([null]),
        json!(["inv1_x"]),
        json!({}),
        json!({ "$ne": "" }),
        json!({ "$regex": "^i" }),
    ];
    for value in values {
        for call in ["preview", "accept", "reject"] {
            let path = format!("/api/invitations/{call}");
            office.owner.post(&path, json!({ "token": value })).await.invalid("token");
        }
        if !value.is_null() {
            let form = json!({ "email": "x@example.com", "password": PASSWORD, "full_name": "X", "token": value });
            server.browser().post("/api/signup", form).await.invalid("token");
        }
    }
    for body in [json!({}), json!([]), json!("inv1_x"), json!(null), json!(7)] {
        office.owner.post("/api/invitations/accept", body).await.refused(422, "invalid");
    }
    assert_eq!(office.owner.get(&office.path_of(&created)).await.expect(200)["status"], "pending");
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_every_call() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let path = office.path_of(&office.invite("ada@example.com").await);
    let mine = path.replace(&office.invitations, "/api/me/invitations");
    let calls = [
        (
            Method::POST,
            "/api/signup".into(),
            json!({ "email": "x@example.com", "password": PASSWORD, "full_name": "X" }),
        ),
        (Method::POST, "/api/login".into(), json!({ "email": "x@example.com", "password": PASSWORD })),
        (Method::POST, "/api/logout".into(), json!({})),
        (Method::POST, "/api/organizations".into(), json!({ "name": "X" })),
        (Method::POST, office.invitations.clone(), json!({ "email": "x@example.com", "role": "member" })),
        (Method::PATCH, path.clone(), json!({ "role": "member" })),
        (Method::POST, format!("{path}/resend"), json!({})),
        (Method::POST, format!("{path}/link"), json!({})),
        (Method::DELETE, path.clone(), json!({})),
        (Method::POST, "/api/invitations/preview".into(), json!({ "token": "x" })),
        (Method::POST, "/api/invitations/accept".into(), json!({ "token": "x" })),
        (Method::POST, "/api/invitations/reject".into(), json!({ "token": "x" })),
        (Method::POST, format!("{mine}/accept"), json!({})),
        (Method::POST, format!("{mine}/reject"), json!({})),
    ];
    let before = office.owner.get(&format!("{path}/events")).await.text;
    for (method, path, mut body) in calls {
        body["email_to"] = "evil@example.com".into();
        let problem = office.owner.send(method, &path, &body).await.refused(422, "invalid");
        assert!(problem["detail"].as_str().unwrap().contains("email_to"), "{problem}");
    }
    assert_eq!(office.owner.get(&format!("{path}/events")).await.text, before);
}

#[tokio::test]
async fn an_acceptance_grants_what_was_invited_and_nothing_else() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    office.invite_as("ada@example.com", "viewer").await;
    let token = server.token_to("ada@example.com", 1).await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;

    // A server that copies the fields of a request into its own rows would let the invited choose what they get.
    for (field, value) in [
        ("role", json!("owner")),
        ("organization_id", json!(1)),
        ("status", json!("accepted")),
        ("is_admin", json!(true)),
        ("expires_at", json!("2099-01-01T00:00:00Z")),
        ("user_id", json!(1)),
        ("email_verified", json!(true)),
    ] {
        ada.post("/api/invitations/accept", json!({ "token": token, field: value })).await.refused(422, "invalid");
        let mut form = json!({ "email": "b@example.com", "password": PASSWORD, "full_name": "B", "token": token });
        form[field] = value;
        server.browser().post("/api/signup", form).await.refused(422, "invalid");
    }
    assert_eq!(ada.accept(&token).await.expect(200)["role"], "viewer");
    assert_eq!(ada.get("/api/me").await.expect(200)["memberships"][0]["role"], "viewer");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let path = office.path_of(&created);

    // A page of another site can make a browser send these, with the cookies of the person who looks at it.
    let foreign: [&[(&str, &str)]; 6] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:1")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "null")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
    ];
    for headers in foreign {
        for (method, path) in [
            (Method::DELETE, path.clone()),
            (Method::POST, format!("{path}/resend")),
            (Method::POST, "/api/logout".into()),
            (Method::POST, "/api/invitations/accept".into()),
        ] {
            let mut request = office.owner.request(method, &path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            Answer::to(request.json(&json!({}))).await.refused(403, "foreign_origin");
        }
    }
    assert_eq!(office.owner.get(&path).await.expect(200)["status"], "pending");

    for headers in [
        &[("origin", server.url())][..],
        &[("origin", server.url()), ("sec-fetch-site", "same-origin")],
        // What a browser sends for a form on a page with `Referrer-Policy: no-referrer`.
        &[("origin", "null"), ("sec-fetch-site", "same-origin")],
    ] {
        let mut request = office.owner.request(Method::PATCH, &path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::to(request.json(&json!({ "role": "viewer" }))).await.expect(200);
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_too_large() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let path = office.path_of(&office.invite("ada@example.com").await);
    let body = |size: usize| format!("{{\"token\":\"{}\"}}", "x".repeat(size - 12));
    let post = async |path: &str, body: reqwest::Body| {
        let request = office.owner.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        Answer::to(request.body(body)).await
    };

    post("/api/invitations/accept", body(64 * 1024).into()).await.refused(404, "not_found");
    post("/api/invitations/accept", body(64 * 1024 + 1).into()).await.refused(413, "too_large");
    // Also where no body is wanted.
    post(&format!("{path}/resend"), body(64 * 1024 + 1).into()).await.refused(413, "too_large");

    // Also where its length is not announced.
    let mut stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).await.unwrap();
    let head = "POST /api/invitations/preview HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("10001\r\n{}\r\n0\r\n\r\n", body(64 * 1024 + 1));
    stream.write_all(format!("{head}{chunk}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn what_is_not_json_is_told_apart() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let post = async |kind: &str, body: &'static str| {
        let request = office.owner.request(Method::POST, "/api/invitations/accept").header(header::CONTENT_TYPE, kind);
        Answer::to(request.body(body)).await
    };

    post("application/json; charset=utf-8", "{\"token\":\"x\"}").await.refused(404, "not_found");
    for body in ["", "{", "{\"token\":\"x\"} trailing", "token=x"] {
        post("application/json", body).await.refused(400, "malformed_json");
    }
    for body in ["{\"token\":\"x\",\"token\":\"y\"}", "{\"token\":\"\\ud800\"}"] {
        post("application/json", body).await.refused(422, "invalid");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"] {
        post(kind, "{\"token\":\"x\"}").await.refused(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn no_header_moves_the_mailed_link() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    // A link that is built from such a header leads the invited, and their token, to the sender's own server.
    let request = office
        .owner
        .request(Method::POST, &office.invitations)
        .header(header::HOST, "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "host=evil.example")
        .json(&json!({ "email": "ada@example.com", "role": "member" }));
    Answer::to(request).await.expect(201);

    let mail = server.mails_to("ada@example.com", 1).await.remove(0);
    assert!(mail["links"][0].as_str().unwrap().starts_with(server.url()), "{mail}");
    assert!(!mail.to_string().contains("evil.example"), "{mail}");
}

#[tokio::test]
async fn what_people_write_cannot_build_a_link_or_an_element() {
    let server = Server::start().await;
    let owner = server.browser();
    owner.sign_up("owner@example.com").await;
    // Both would be markup or a template's expression if they were not escaped.
    let name = "<a href=//evil.example>{{7*7}}";
    let org = owner.post("/api/organizations", json!({ "name": name })).await.expect(201);
    let body =
        json!({ "email": "ada@example.com", "role": "member", "message": "<img src=x onerror=alert(1)> {{7*7}}" });
    owner.post(&format!("/api/organizations/{}/invitations", org["id"]), body).await.expect(201);

    let mail = server.mails_to("ada@example.com", 1).await.remove(0);
    let html = mail["html"].as_str().unwrap();
    assert!(!html.contains("<img src=x") && !html.contains("<a href=//evil"), "{html}");
    assert!(!html.contains(">49") && mail["text"].as_str().unwrap().contains("{{7*7}}"), "{mail}");
    let preview = server.browser().preview(&server.token_to("ada@example.com", 1).await).await.expect(200);
    assert_eq!(preview["organization"]["name"], Value::from(name));
}
