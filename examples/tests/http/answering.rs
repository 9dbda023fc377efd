//! The invited side.

use serde_json::{Value, json};

use crate::support::{Office, PASSWORD, Server};

#[tokio::test]
async fn a_preview_tells_enough_to_decide_and_no_more() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let body = json!({ "email": "ada@example.com", "role": "manager", "message": "Hello" });
    let created = office.owner.post(&office.invitations, body).await.expect(201);

    let preview = server.browser().preview(&server.token_to("ada@example.com", 1).await).await.expect(200);
    let expected = json!({
        "organization": { "id": office.id, "name": "Engines" },
        "role": "manager",
        "email": "a***@example.com",
        "invited_by": { "name": "owner" },
        "message": "Hello",
        "expires_at": created["expires_at"],
    });
    assert_eq!(preview, expected);
}

#[tokio::test]
async fn signing_up_with_a_mailed_token_joins_and_proves_the_address() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite_as("ada@example.com", "manager").await;
    let ada = server.browser();
    let answer = ada.sign_up_with("Ada@example.com", &server.token_to("ada@example.com", 1).await).await.expect(201);

    assert_eq!(answer["user"]["email_verified"], true);
    let membership = json!({
        "organization": { "id": office.id, "name": "Engines" }, "role": "manager", "invitation_id": created["id"]
    });
    assert_eq!(answer["membership"], membership);
    let me = ada.get("/api/me").await.expect(200);
    assert_eq!(me["user"]["email_verified"], true);
    assert_eq!(me["memberships"], json!([membership]));
    let stored = office.owner.get(&office.path_of(&created)).await.expect(200);
    assert_eq!(stored["status"], "accepted");
    assert!(stored["accepted_at"].is_string(), "{stored}");
}

#[tokio::test]
async fn signing_up_with_a_copied_link_proves_nothing_and_leaves_nothing() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let (token, created) = office.link_for("ada@example.com").await;

    let ada = server.browser();
    ada.sign_up_with("ada@example.com", &token).await.refused(403, "email_not_verified");
    ada.get("/api/me").await.refused(401, "unauthenticated");
    server.browser().log_in("ada@example.com").await.refused(401, "unauthenticated");
    assert_eq!(office.owner.get(&office.path_of(&created)).await.expect(200)["status"], "pending");
}

#[tokio::test]
async fn a_sign_up_that_fails_accepts_nothing() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    server.browser().sign_up("ada@example.com").await;
    let created = office.invite("ada@example.com").await;
    let token = server.token_to("ada@example.com", 1).await;

    let stranger = server.browser();
    stranger.sign_up_with("ada@example.com", &token).await.refused(409, "email_taken");
    stranger.sign_up_with("eve@example.com", &token).await.refused(403, "wrong_recipient");
    stranger.log_in("eve@example.com").await.refused(401, "unauthenticated");
    let short = json!({ "email": "ada@example.com", "password": "short", "full_name": "Ada", "token": token });
    stranger.post("/api/signup", short).await.invalid("password");
    for token in ["", "inv1_x", &token.replace("inv1_", "inv2_"), &token[..52]] {
        stranger.sign_up_with("grace@example.com", token).await.refused(404, "not_found");
    }
    stranger.log_in("grace@example.com").await.refused(401, "unauthenticated");

    assert_eq!(office.owner.get(&office.path_of(&created)).await.expect(200)["status"], "pending");
    let events = office.owner.get(&format!("{}/events", office.path_of(&created))).await.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
}

#[tokio::test]
async fn accepting_joins_and_says_where_to_go() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    for (email, role, to) in [
        ("ada@example.com", "member", "/me".to_owned()),
        ("grace@example.com", "admin", format!("/organizations/{}/invitations", office.id)),
    ] {
        let person = server.browser();
        person.sign_up(email).await;
        office.invite_as(email, role).await;
        let answer = person.accept(&server.token_to(email, 1).await).await.expect(200);
        let expected = json!({
            "organization": { "id": office.id, "name": "Engines" },
            "role": role,
            "already_accepted": false,
            "redirect_to": to,
        });
        assert_eq!(answer, expected);
        let me = person.get("/api/me").await.expect(200);
        assert_eq!(me["memberships"][0]["role"], role);
        assert_eq!(me["user"]["email_verified"], true, "the mailed link proves the address");
    }
}

#[tokio::test]
async fn the_same_person_again_gets_the_same_answer() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    office.invite("ada@example.com").await;
    let token = server.token_to("ada@example.com", 1).await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;

    let mut first = ada.accept(&token).await.expect(200);
    first["already_accepted"] = true.into();
    assert_eq!(ada.accept(&token).await.expect(200), first);
    let elsewhere = server.browser();
    elsewhere.log_in("ada@example.com").await.expect(200);
    assert_eq!(elsewhere.accept(&token).await.expect(200), first);

    let members = office.owner.get(&format!("/api/organizations/{}/members", office.id)).await.expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn two_browsers_do_not_mix_people_up() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    office.invite("ada@example.com").await;
    let token = server.token_to("ada@example.com", 1).await;
    let (ada, eve) = (server.browser(), server.browser());
    ada.sign_up("ada@example.com").await;
    eve.sign_up("eve@example.com").await;

    eve.accept(&token).await.refused(403, "wrong_recipient");
    ada.accept(&token).await.expect(200);
    eve.accept(&token).await.refused(410, "already_accepted");
    assert_eq!(eve.get("/api/me").await.expect(200)["memberships"], json!([]));
    assert_eq!(eve.get("/api/me").await.expect(200)["user"]["email"], "eve@example.com");
}

#[tokio::test]
async fn declining_needs_only_the_link() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let token = server.token_to("ada@example.com", 1).await;

    let anybody = server.browser();
    let body = json!({ "token": token, "reason": "no time" });
    let answer = anybody.post("/api/invitations/reject", body).await.expect(200);
    assert_eq!(answer, json!({ "status": "rejected" }));
    assert_eq!(anybody.reject(&token).await.expect(200), answer, "asked twice");
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;
    ada.accept(&token).await.refused(410, "rejected");

    let path = office.path_of(&created);
    assert_eq!(office.owner.get(&path).await.expect(200)["status"], "rejected");
    let events = office.owner.get(&format!("{path}/events")).await.expect(200);
    let last = &events["items"][1];
    assert_eq!(
        (&last["action"], &last["actor"], &last["reason"]),
        (&json!("rejected"), &json!("bearer"), &json!("no time"))
    );
}

#[tokio::test]
async fn a_verified_person_finds_their_invitations_without_any_mail() {
    let server = Server::start().await;
    let first = Office::open(&server).await;
    let second = Office::open_as(&server, "second@example.com").await;
    let third = Office::open_as(&server, "third@example.com").await;
    let ada = first.hire(&server, "ada@example.com", "member").await;
    let to_accept = second.invite_as("Ada@example.com", "admin").await;
    let to_decline = third.invite("ada@example.com").await;

    let list = ada.get("/api/me/invitations").await.expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "only the open ones: {list}");
    assert_eq!(items[0]["id"], to_decline["id"], "newest first");
    assert_eq!(items[1]["organization"], json!({ "id": second.id, "name": "Engines" }));
    assert_eq!((&items[1]["role"], &items[1]["invited_by"]), (&json!("admin"), &json!({ "name": "second" })));
    assert!(!list.to_string().contains("inv1_"));
    assert_eq!(list["next_cursor"], Value::Null);
    ada.get("/api/me/invitations?cursor=x").await.invalid("cursor");
    ada.get("/api/me/invitations?token=x").await.invalid("token");

    let accept = format!("/api/me/invitations/{}/accept", to_accept["id"].as_str().unwrap());
    let mut answer = ada.post(&accept, json!({})).await.expect(200);
    assert_eq!(answer["redirect_to"], format!("/organizations/{}/invitations", second.id));
    answer["already_accepted"] = true.into();
    assert_eq!(ada.post(&accept, json!({})).await.expect(200), answer);

    let reject = format!("/api/me/invitations/{}/reject", to_decline["id"].as_str().unwrap());
    let body = json!({ "reason": "no time" });
    assert_eq!(ada.post(&reject, body).await.expect(200), json!({ "status": "rejected" }));
    assert_eq!(ada.post(&reject, Value::Null).await.status, 422, "null is not an object");
    assert_eq!(ada.get("/api/me/invitations").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn an_id_is_no_capability() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let ada = office.hire(&server, "ada@example.com", "member").await;
    let created = office.invite("grace@example.com").await;
    let id = created["id"].as_str().unwrap();

    // Neither another verified person may answer it, nor an unverified one with the right address.
    for action in ["accept", "reject"] {
        let path = format!("/api/me/invitations/{id}/{action}");
        ada.post(&path, json!({})).await.refused(404, "not_found");
    }
    let grace = server.browser();
    grace.sign_up("grace@example.com").await;
    grace.get("/api/me/invitations").await.refused(403, "email_not_verified");
    for action in ["accept", "reject"] {
        let path = format!("/api/me/invitations/{id}/{action}");
        grace.post(&path, json!({})).await.refused(403, "email_not_verified");
    }
    grace.accept(id).await.refused(404, "not_found");
    grace.post("/api/me/invitations/x/accept", json!({})).await.refused(404, "not_found");
    assert_eq!(office.owner.get(&office.path_of(&created)).await.expect(200)["status"], "pending");
}

#[tokio::test]
async fn nobody_joins_by_signing_up_alone() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;

    let ada = server.browser();
    let form = json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": "Ada", "token": null });
    let answer = ada.post("/api/signup", form).await.expect(201);
    assert!(answer.get("membership").is_none(), "{answer}");
    assert_eq!(ada.get("/api/me").await.expect(200)["memberships"], json!([]));
    assert_eq!(office.owner.get(&office.path_of(&created)).await.expect(200)["status"], "pending");
}
