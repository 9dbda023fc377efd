//! The inviting side.

use serde_json::{Value, json};

use crate::support::{Office, Server, eventually, token_of};

#[tokio::test]
async fn an_invitation_shows_what_was_promised_and_nothing_secret() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let body = json!({
        "email": "Ada@example.com", "role": "manager", "message": "We need you.", "expires_in_hours": 48, "locale": "en"
    });
    let created = office.owner.post(&office.invitations, body).await.expect(201);

    let mut fields: Vec<_> = created.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let promised = [
        "accepted_at",
        "created_at",
        "delivery",
        "email",
        "expires_at",
        "id",
        "invited_by",
        "message",
        "role",
        "status",
    ];
    assert_eq!(fields, promised);
    assert_eq!(created["email"], "Ada@example.com");
    assert_eq!((&created["role"], &created["status"]), (&json!("manager"), &json!("pending")));
    assert_eq!(created["message"], "We need you.");
    let me = office.owner.get("/api/me").await.expect(200);
    assert_eq!(created["invited_by"], json!({ "id": me["user"]["id"], "name": "owner" }));
    assert_eq!(created["delivery"], json!({ "state": "queued", "attempts": 0, "last_error": null }));
    assert_eq!(created["accepted_at"], Value::Null);
    assert_eq!(time(&created["expires_at"]) - time(&created["created_at"]), chrono::TimeDelta::hours(48));
    assert!(created["created_at"].as_str().unwrap().ends_with('Z'), "UTC: {created}");

    let token = server.token_to("Ada@example.com", 1).await;
    let stored = office.owner.get(&office.path_of(&created)).await;
    stored.expect(200);
    assert!(!stored.text.contains(&token[..20]), "{}", stored.text);
}

#[tokio::test]
async fn the_letter_follows_the_creation_and_is_accounted_for() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let mail = server.mails_to("ada@example.com", 1).await.remove(0);

    let link = mail["links"][0].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/invitation?token=inv1_", server.url())), "{link}");
    assert!(mail["text"].as_str().unwrap().contains(link));
    assert!(mail["html"].as_str().unwrap().contains("href="));
    let subject = mail["subject"].as_str().unwrap();
    assert!(subject.contains("Engines") && !subject.contains("inv1_"), "{subject}");

    let delivery = eventually("the delivery is recorded", async || {
        let delivery = office.owner.get(&office.path_of(&created)).await.expect(200)["delivery"].clone();
        (delivery["state"] == "sent").then_some(delivery)
    });
    assert_eq!(delivery.await, json!({ "state": "sent", "attempts": 1, "last_error": null }));
}

#[tokio::test]
async fn an_invitation_by_link_mails_nothing_and_shows_its_link_once() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let (token, created) = office.link_for("ada@example.com").await;

    assert_eq!(created["delivery"]["state"], "not_mailed");
    server.browser().preview(&token).await.expect(200);
    let stored = office.owner.get(&office.path_of(&created)).await.expect(200);
    assert!(stored.get("invite_link").is_none(), "{stored}");

    // Whatever is mailed later would have come after it.
    office.invite("later@example.com").await;
    server.mails_to("later@example.com", 1).await;
    assert!(server.mails_to("ada@example.com", 0).await.is_empty());

    let blames = [
        ("delivery=pigeon", "delivery"),
        ("delivery=", "delivery"),
        ("delivery=link&delivery=mail", "delivery"),
        ("delivery=link&foo=1", "foo"),
        ("foo", "foo"),
    ];
    for (query, field) in blames {
        let path = format!("{}?{query}", office.invitations);
        office.owner.post(&path, json!({ "email": "b@example.com", "role": "member" })).await.invalid(field);
    }
    assert_eq!(
        office.owner.get(&format!("{}?q=b@example.com", office.invitations)).await.expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn an_amendment_changes_what_it_names() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let path = office.path_of(&created);

    let amended = office.owner.patch(&path, json!({ "role": "admin" })).await.expect(200);
    assert_eq!((&amended["role"], &amended["message"]), (&json!("admin"), &Value::Null));
    assert_eq!(amended["expires_at"], created["expires_at"]);
    let amended = office.owner.patch(&path, json!({ "message": "Hello", "expires_in_hours": 1 })).await.expect(200);
    assert_eq!((&amended["role"], &amended["message"]), (&json!("admin"), &json!("Hello")));
    assert!(time(&amended["expires_at"]) < time(&created["expires_at"]));

    let amended = office.owner.patch(&path, json!({ "message": " " })).await.expect(200);
    assert_eq!((&amended["role"], &amended["message"]), (&json!("admin"), &Value::Null), "blank takes it away");
    office.owner.patch(&path, json!({})).await.invalid("amendment");
    let events = office.owner.get(&format!("{path}/events")).await.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 4, "{events}");
    // What is put into the letter says nothing that an amendment would make wrong.
    let words = server.database().await.row("SELECT display FROM invite_invitations").await;
    let words: Value = serde_json::from_str(&words[0]).unwrap();
    assert_eq!(words, json!({ "inviter": "owner", "organization": "Engines", "organization_id": office.id }));

    // A link sent before grants what the invitation says now.
    let token = server.token_to("ada@example.com", 1).await;
    assert_eq!(server.browser().preview(&token).await.expect(200)["role"], "admin");
}

#[tokio::test]
async fn a_resend_mails_a_new_link_and_retires_the_old() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let old = server.token_to("ada@example.com", 1).await;

    let resent = office.owner.post(&format!("{}/resend", office.path_of(&created)), json!({})).await.expect(200);
    assert_eq!(resent["id"], created["id"]);
    assert!(time(&resent["expires_at"]) > time(&created["expires_at"]));
    let new = server.token_to("ada@example.com", 2).await;
    assert_ne!(old, new);
    server.browser().preview(&old).await.refused(410, "superseded");
    server.browser().preview(&new).await.expect(200);
}

#[tokio::test]
async fn a_copied_link_leaves_the_earlier_ones_alive() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let mailed = server.token_to("ada@example.com", 1).await;

    let path = format!("{}/link", office.path_of(&created));
    let link = office.owner.post(&path, json!({})).await.expect(200);
    assert_eq!(link.as_object().unwrap().len(), 1);
    let copied = token_of(link["invite_link"].as_str().unwrap());
    for token in [mailed, copied] {
        server.browser().preview(&token).await.expect(200);
    }
}

#[tokio::test]
async fn a_cancelled_invitation_says_so_and_can_be_made_again() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let path = office.path_of(&created);
    let token = server.token_to("ada@example.com", 1).await;

    let body = json!({ "reason": "wrong person" });
    let cancelled = office.owner.send(reqwest::Method::DELETE, &path, &body).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(office.owner.delete(&path).await.expect(200)["status"], "cancelled", "asked twice");
    server.browser().preview(&token).await.refused(410, "cancelled");
    assert_ne!(office.invite("ada@example.com").await["id"], created["id"]);
}

#[tokio::test]
async fn the_history_tells_everything_in_order() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let path = office.path_of(&created);
    office.owner.patch(&path, json!({ "role": "viewer" })).await.expect(200);
    office.owner.post(&format!("{path}/link"), json!({})).await.expect(200);
    office.owner.post(&format!("{path}/resend"), json!({})).await.expect(200);
    let body = json!({ "reason": "left the company" });
    office.owner.send(reqwest::Method::DELETE, &path, &body).await.expect(200);

    let events = office.owner.get(&format!("{path}/events")).await.expect(200);
    let items = events["items"].as_array().unwrap();
    let actions: Vec<_> = items.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["created", "amended", "link_created", "resent", "cancelled"]);
    let me = office.owner.get("/api/me").await.expect(200)["user"]["id"].clone();
    for event in items {
        assert_eq!(event["actor"], format!("user:{me}"));
        assert_eq!(event.as_object().unwrap().len(), 4, "{event}");
    }
    assert_eq!(items[4]["reason"], "left the company");
    assert!(items.is_sorted_by_key(|event| time(&event["at"])));
}

#[tokio::test]
async fn an_admin_may_do_what_an_owner_may_except_make_owners() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let admin = office.hire(&server, "admin@example.com", "admin").await;

    let created = admin.post(&office.invitations, json!({ "email": "a@example.com", "role": "admin" })).await;
    let path = office.path_of(&created.expect(201));
    admin.patch(&path, json!({ "role": "viewer" })).await.expect(200);

    let owner = json!({ "email": "b@example.com", "role": "owner" });
    // A refusal must leave nothing behind that lets the next try pass.
    for _ in 0..3 {
        admin.post(&office.invitations, owner.clone()).await.refused(403, "not_permitted");
        admin.patch(&path, json!({ "role": "owner" })).await.refused(403, "not_permitted");
    }
    assert_eq!(admin.get(&path).await.expect(200)["role"], "viewer");
    office.owner.post(&office.invitations, owner).await.expect(201);
}

fn time(value: &Value) -> chrono::DateTime<chrono::FixedOffset> {
    chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap()
}
