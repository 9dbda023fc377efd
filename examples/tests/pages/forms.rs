//! What the pages answer to requests that no page of ours sends, or not yet.

use reqwest::{Client, RequestBuilder, Response, header, redirect::Policy};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Server};

pub(super) struct Visitor {
    client: Client,
    url: String,
}

impl Visitor {
    pub(super) fn of(server: &Server) -> Self {
        let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
        Self { client, url: server.url.clone() }
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self.client.post(format!("{}{path}", self.url));
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.finish())
    }

    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.form(path, fields).send().await.unwrap()
    }

    pub(super) async fn sign_up(&self, email: &str, join: &str) -> Response {
        let fields = [("full_name", "Somebody"), ("email", email), ("password", PASSWORD), ("join", join)];
        self.post("/signup", &fields).await
    }

    async fn memberships(&self) -> Value {
        self.get("/api/me").await.json::<Value>().await.unwrap()["memberships"].clone()
    }
}

/// An owner of organization 1, and the token of an invitation into it.
pub(super) async fn invite(server: &Server, email: &str) -> (Visitor, String) {
    let owner = Visitor::of(server);
    assert_eq!(owner.sign_up("owner@example.com", "").await.status(), 303);
    assert_eq!(owner.post("/organizations", &[("name", "Engines")]).await.status(), 303);
    let fields = [("email", email), ("role", "member"), ("expires_in_hours", "168"), ("delivery", "mail")];
    assert_eq!(owner.post("/organizations/1/invitations", &fields).await.status(), 303);
    let link = server.link_to(email, 1).await;
    (owner, link.split_once("token=").unwrap().1.into())
}

fn said<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_token_goes_from_the_link_into_a_cookie() {
    let server = Server::start().await;
    let (_, token) = invite(&server, "ada@example.com").await;
    let ada = Visitor::of(&server);
    let answer = ada.get(&format!("/invitation?token={token}")).await;
    assert_eq!((answer.status().as_u16(), said(&answer, "location")), (303, "/invitation"));
    let cookie = format!("invitation={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=1800");
    assert_eq!(said(&answer, "set-cookie"), cookie);

    let answer = ada.get("/invitation").await;
    assert_eq!(said(&answer, "cache-control"), "no-store");
    assert_eq!(said(&answer, "referrer-policy"), "no-referrer");
    assert_eq!(said(&answer, "x-robots-tag"), "noindex");
    assert!(said(&answer, "content-security-policy").starts_with("default-src 'self'"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("Join Engines") && page.contains("a***@example.com"));
    assert!(!page.contains("ada@example.com") && !page.contains(&token));
}

#[tokio::test]
async fn what_is_no_token_is_neither_kept_nor_shown() {
    let server = Server::start().await;
    let (_, token) = invite(&server, "ada@example.com").await;
    let stranger = Visitor::of(&server);
    let several = format!("{token}&token={token}");
    for wrong in ["%22%3E%3Csvg%20onload%3Dalert(1)%3E", "", "x%0d%0aSet-Cookie:%20a=b", &several] {
        let answer = stranger.get(&format!("/invitation?token={wrong}")).await;
        assert_eq!(answer.status(), 404, "{wrong}");
        assert_eq!(said(&answer, "set-cookie"), "");
        let page = answer.text().await.unwrap();
        assert!(page.contains("This link is not valid") && !page.contains("<svg") && !page.contains(&token), "{wrong}");
    }
}

#[tokio::test]
async fn nobody_joins_without_pressing_the_button_that_says_so() {
    let server = Server::start().await;
    let (_, token) = invite(&server, "ada@example.com").await;
    let ada = Visitor::of(&server);
    ada.get(&format!("/invitation?token={token}")).await;

    // The form showed another organization than the one opened since.
    assert_eq!(ada.sign_up("ada@example.com", "2").await.status(), 409);
    assert_eq!(ada.get("/api/me").await.status(), 401);

    assert_eq!(ada.sign_up("ada@example.com", "").await.status(), 303);
    assert_eq!(ada.memberships().await, json!([]));
    let answer = ada.post("/invitation/accept", &[("join", "2")]).await;
    assert_eq!((answer.status().as_u16(), said(&answer, "location")), (303, "/invitation"));
    assert_eq!(ada.memberships().await, json!([]));
    assert_eq!(ada.post("/invitation/accept", &[]).await.status(), 422);

    let answer = ada.post("/invitation/accept", &[("join", "1")]).await;
    assert_eq!((answer.status().as_u16(), said(&answer, "location")), (303, "/me"));
    assert_eq!(ada.memberships().await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn accepting_twice_leads_to_the_same_place() {
    let server = Server::start().await;
    let (_, token) = invite(&server, "ada@example.com").await;
    let ada = Visitor::of(&server);
    ada.sign_up("ada@example.com", "").await;
    for words in ["You are now a member of Engines.", "You are already a member of Engines."] {
        ada.get(&format!("/invitation?token={token}")).await;
        let answer = ada.post("/invitation/accept", &[("join", "1")]).await;
        assert_eq!((answer.status().as_u16(), said(&answer, "location")), (303, "/me"));
        assert!(ada.get("/me").await.text().await.unwrap().contains(words));
        assert!(!ada.get("/me").await.text().await.unwrap().contains(words), "said twice");
    }
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let server = Server::start().await;
    let (_, token) = invite(&server, "ada@example.com").await;
    let ada = Visitor::of(&server);
    ada.sign_up("ada@example.com", "").await;
    ada.get(&format!("/invitation?token={token}")).await;
    for path in [
        "/invitation/accept",
        "/invitation/decline",
        "/invitation/open",
        "/organizations",
        "/organizations/1/invitations/selected",
        "/organizations/1/invite-many",
        "/organizations/1/imports/x",
        "/logout",
    ] {
        let fields = [("join", "1"), ("name", "x"), ("token", "x")];
        for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
            assert_eq!(ada.form(path, &fields).header(name, value).send().await.unwrap().status(), 403, "{path}");
        }
    }
    assert_eq!(ada.memberships().await, json!([]));
}

#[tokio::test]
async fn a_log_in_comes_back_to_where_it_was_asked_for_and_nowhere_else() {
    let server = Server::start().await;
    Visitor::of(&server).sign_up("ada@example.com", "").await;
    let ada = Visitor::of(&server);
    let answer = ada.get("/organizations/1/invitations?q=x").await;
    assert_eq!(said(&answer, "location"), "/login?next=%2Forganizations%2F1%2Finvitations%3Fq%3Dx");
    let places = [("/me", "/me"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil.example", "/")];
    for (next, location) in places {
        let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", next)];
        assert_eq!(said(&ada.post("/login", &fields).await, "location"), location);
    }
}

#[tokio::test]
async fn a_link_is_shown_once_and_names_are_only_text() {
    let server = Server::start().await;
    let owner = Visitor::of(&server);
    owner.sign_up("owner@example.com", "").await;
    owner.post("/organizations", &[("name", "<script>alert(1)</script>")]).await;
    let fields = [
        ("email", "ada@example.com"),
        ("role", "member"),
        ("expires_in_hours", "24"),
        ("message", "<img src=x onerror=alert(1)>"),
        ("delivery", "link"),
    ];
    let page = owner.post("/organizations/1/invitations", &fields).await.text().await.unwrap();
    let token = page.split_once("?token=").unwrap().1.split_once('"').unwrap().0.to_owned();
    let list = owner.get("/api/organizations/1/invitations").await.json::<Value>().await.unwrap();
    let invitation = format!("/organizations/1/invitations/{}", list["items"][0]["id"].as_str().unwrap());
    assert_eq!(said(&owner.get(&format!("{invitation}/link")).await, "location"), invitation);

    let ada = Visitor::of(&server);
    ada.get(&format!("/invitation?token={token}")).await;
    let pages = [
        page,
        owner.get("/").await.text().await.unwrap(),
        owner.get("/organizations/1/invitations").await.text().await.unwrap(),
        owner.get(&invitation).await.text().await.unwrap(),
        ada.get("/invitation").await.text().await.unwrap(),
        ada.get("/signup").await.text().await.unwrap(),
    ];
    for (number, page) in pages.iter().enumerate() {
        assert!(!page.contains("<script>") && !page.contains("<img src=x"), "{number}");
        assert_eq!(page.contains(&token), number == 0, "{number}");
    }
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page() {
    let server = Server::start().await;
    let (owner, _) = invite(&server, "person0@example.com").await;
    for number in 1..21 {
        let email = format!("person{number}@example.com");
        let fields = [("email", &*email), ("role", "viewer"), ("expires_in_hours", "24"), ("delivery", "link")];
        assert_eq!(owner.post("/organizations/1/invitations", &fields).await.status(), 200);
    }
    let first = owner.get("/organizations/1/invitations?sort=created_at").await.text().await.unwrap();
    assert!(first.contains("person0@") && first.contains("person19@") && !first.contains("person20@"));
    assert!(!first.contains("First page"));
    let next = first.split_once("rel=\"next\"").unwrap().0.rsplit_once("href=\"").unwrap().1;
    let next = next.split_once('"').unwrap().0.replace("&amp;", "&").replace("&#x2f;", "/");
    let second = owner.get(&next).await.text().await.unwrap();
    assert!(second.contains("person20@") && !second.contains("person19@"), "{next}");
    assert!(second.contains("First page") && !second.contains("Next page"));
}

#[tokio::test]
async fn an_open_invitation_can_be_changed() {
    let server = Server::start().await;
    let (owner, _) = invite(&server, "ada@example.com").await;
    let list = owner.get("/api/organizations/1/invitations").await.json::<Value>().await.unwrap();
    let before = list["items"][0].clone();
    let path = format!("/organizations/1/invitations/{}", before["id"].as_str().unwrap());
    let fields = [("role", "manager"), ("message", "Hello\r\nAda"), ("expires_in_hours", "24")];
    assert_eq!(owner.post(&path, &fields).await.status(), 303);
    let after = owner.get(&format!("/api{path}")).await.json::<Value>().await.unwrap();
    assert_eq!((&after["role"], &after["message"]), (&json!("manager"), &json!("Hello\nAda")));
    assert_ne!(after["expires_at"], before["expires_at"]);

    for (field, value) in [("role", "emperor"), ("expires_in_hours", "-1"), ("expires_in_hours", "soon")] {
        let mut fields = vec![("role", "manager"), ("message", "Hello")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let answer = owner.post(&path, &fields).await;
        assert_eq!(answer.status(), 422, "{field} {value}");
        assert!(answer.text().await.unwrap().contains(&format!("id=\"{field}-error\"")), "{field} {value}");
    }
}
