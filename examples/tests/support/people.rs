use std::collections::HashMap;

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap, redirect::Policy};
use serde_json::{Value, json};

use super::Server;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// What browsers accept when a person opens an address.
pub(crate) const ACCEPT_PAGES: (&str, &str) =
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

/// One person's browser: it keeps its cookies, and follows no redirect.
pub(crate) struct Browser {
    client: Client,
    url: String,
}

impl Browser {
    pub(crate) fn new(url: &str) -> Self {
        let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
        Self { client, url: url.into() }
    }

    /// A request of any other shape.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(method, path).json(body)).await
    }

    /// A request with headers of its own, and no body.
    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::to(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, &body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, path)).await
    }

    /// All invitations by address.
    pub(crate) async fn all(&self, invitations: &str) -> HashMap<String, Value> {
        let mut all = HashMap::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{invitations}?limit=200&cursor={cursor}")).await.expect(200);
            for item in page["items"].as_array().unwrap() {
                all.insert(item["email"].as_str().unwrap().to_owned(), item.clone());
            }
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return all,
            }
        }
    }

    pub(crate) async fn sign_up(&self, email: &str) -> Value {
        self.post("/api/signup", sign_up_form(email)).await.expect(201)
    }

    pub(crate) async fn sign_up_with(&self, email: &str, token: &str) -> Answer {
        let mut form = sign_up_form(email);
        form["token"] = token.into();
        self.post("/api/signup", form).await
    }

    pub(crate) async fn log_in(&self, email: &str) -> Answer {
        self.post("/api/login", json!({ "email": email, "password": PASSWORD })).await
    }

    pub(crate) async fn preview(&self, token: &str) -> Answer {
        self.post("/api/invitations/preview", json!({ "token": token })).await
    }

    pub(crate) async fn accept(&self, token: &str) -> Answer {
        self.post("/api/invitations/accept", json!({ "token": token })).await
    }

    pub(crate) async fn reject(&self, token: &str) -> Answer {
        self.post("/api/invitations/reject", json!({ "token": token })).await
    }
}

fn sign_up_form(email: &str) -> Value {
    let name = email.split('@').next().unwrap();
    json!({ "email": email, "password": PASSWORD, "full_name": name })
}

/// An organization and its owner, signed in.
pub(crate) struct Office {
    pub(crate) owner: Browser,
    pub(crate) id: i64,
    /// Where its invitations are.
    pub(crate) invitations: String,
}

impl Office {
    pub(crate) async fn open(server: &Server) -> Self {
        Self::open_as(server, "owner@example.com").await
    }

    pub(crate) async fn open_as(server: &Server, owner: &str) -> Self {
        let browser = server.browser();
        browser.sign_up(owner).await;
        let organization = browser.post("/api/organizations", json!({ "name": "Engines" })).await.expect(201);
        let id = organization["id"].as_i64().unwrap();
        Self { owner: browser, id, invitations: format!("/api/organizations/{id}/invitations") }
    }

    pub(crate) async fn invite(&self, email: &str) -> Value {
        self.invite_as(email, "member").await
    }

    pub(crate) async fn invite_as(&self, email: &str, role: &str) -> Value {
        self.owner.post(&self.invitations, json!({ "email": email, "role": role })).await.expect(201)
    }

    /// The token of a link that was never mailed, and the invitation.
    pub(crate) async fn link_for(&self, email: &str) -> (String, Value) {
        let path = format!("{}?delivery=link", self.invitations);
        let created = self.owner.post(&path, json!({ "email": email, "role": "member" })).await.expect(201);
        (token_of(created["invite_link"].as_str().unwrap()), created)
    }

    /// Somebody who has come by a mailed invitation, signed in.
    pub(crate) async fn hire(&self, server: &Server, email: &str, role: &str) -> Browser {
        self.invite_as(email, role).await;
        let browser = server.browser();
        browser.sign_up_with(email, &server.token_to(email, 1).await).await.expect(201);
        browser
    }

    /// Where one invitation is.
    pub(crate) fn path_of(&self, invitation: &Value) -> String {
        format!("{}/{}", self.invitations, invitation["id"].as_str().unwrap())
    }
}

/// The token in a link.
pub(crate) fn token_of(link: &str) -> String {
    link.split_once("token=").unwrap().1.into()
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The cookies that it sets.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }

    /// The JSON body, provided that the status is this.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }

    /// The problem, provided that it is this one and in the form promised.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        for words in ["title", "detail"] {
            assert!(problem[words].as_str().is_some_and(|words| !words.is_empty()), "{problem}");
        }
        problem
    }

    /// The same, where a field is to blame.
    #[track_caller]
    pub(crate) fn invalid(&self, field: &str) {
        let problem = self.refused(422, "invalid");
        assert_eq!(problem["field"], field, "{problem}");
    }
}
