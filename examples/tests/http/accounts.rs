//! Accounts, sessions and organizations.

use reqwest::Method;
use serde_json::json;

use crate::support::{Office, PASSWORD, Server};

#[tokio::test]
async fn whoever_signs_up_is_signed_in_and_not_yet_verified() {
    let server = Server::start().await;
    let ada = server.browser();
    let answer = ada.sign_up("Ada@Example.com").await;

    assert_eq!(answer["user"]["email"], "Ada@Example.com");
    assert_eq!(answer["user"]["email_verified"], false);
    assert!(answer.get("membership").is_none(), "{answer}");
    let me = ada.get("/api/me").await.expect(200);
    assert_eq!(me["user"], answer["user"]);
    assert_eq!(me["memberships"], json!([]));
    assert_eq!(me["user"].as_object().unwrap().len(), 4, "nothing of the password: {me}");
}

#[tokio::test]
async fn the_session_is_a_cookie_that_scripts_cannot_read() {
    let server = Server::start().await;
    let form = json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": "Ada" });
    let answer = server.browser().post("/api/signup", form).await;

    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
}

#[tokio::test]
async fn logging_in_gives_another_session_and_logging_out_ends_it() {
    let server = Server::start().await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;
    let elsewhere = server.browser();

    let first = elsewhere.log_in("ADA@example.com").await;
    assert_eq!(first.expect(200)["user"]["full_name"], "ada");
    let second = elsewhere.log_in("ada@example.com").await;
    assert_ne!(first.header("set-cookie"), second.header("set-cookie"), "a session must not survive a log-in");

    assert_eq!(elsewhere.post("/api/logout", json!({})).await.status, 204);
    elsewhere.get("/api/me").await.refused(401, "unauthenticated");
    ada.get("/api/me").await.expect(200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let server = Server::start().await;
    server.browser().sign_up("ada@example.com").await;

    let wrong = json!({ "email": "ada@example.com", "password": "incorrect horse" });
    let wrong = server.browser().post("/api/login", wrong).await;
    let unknown = server.browser().log_in("nobody@example.com").await;
    let absurd = server.browser().log_in("no address").await;

    assert_eq!(wrong.refused(401, "unauthenticated"), unknown.refused(401, "unauthenticated"));
    assert_eq!(absurd.refused(401, "unauthenticated"), unknown.refused(401, "unauthenticated"));
}

#[tokio::test]
async fn an_address_has_one_account_however_it_is_spelt() {
    let server = Server::start().await;
    server.browser().sign_up("ada@example.com").await;

    let form = json!({ "email": "ADA@EXAMPLE.COM", "password": PASSWORD, "full_name": "Eve" });
    server.browser().post("/api/signup", form).await.refused(409, "email_taken");
}

#[tokio::test]
async fn an_account_needs_an_address_a_name_and_a_password_of_eight_characters() {
    let server = Server::start().await;
    let cases = [
        ("email", json!({ "email": "no address", "password": PASSWORD, "full_name": "Ada" })),
        ("email", json!({ "email": "a@example.com, b@example.com", "password": PASSWORD, "full_name": "Ada" })),
        ("password", json!({ "email": "ada@example.com", "password": "1234567", "full_name": "Ada" })),
        ("full_name", json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": " " })),
        ("full_name", json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": "a\r\nBcc: eve" })),
        ("full_name", json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": "a\u{202E}b" })),
        ("full_name", json!({ "email": "ada@example.com", "password": PASSWORD, "full_name": "a".repeat(201) })),
    ];
    for (field, form) in cases {
        server.browser().post("/api/signup", form).await.invalid(field);
    }
    // Eight characters, not bytes.
    let form = json!({ "email": "ada@example.com", "password": "ääääöööö", "full_name": "Ada" });
    server.browser().post("/api/signup", form).await.expect(201);
}

#[tokio::test]
async fn the_founder_of_an_organization_owns_it() {
    let server = Server::start().await;
    let office = Office::open(&server).await;

    let me = office.owner.get("/api/me").await.expect(200);
    let expected = json!([{
        "organization": { "id": office.id, "name": "Engines" }, "role": "owner", "invitation_id": null
    }]);
    assert_eq!(me["memberships"], expected);
    for name in ["", "  ", "a\nb"] {
        office.owner.post("/api/organizations", json!({ "name": name })).await.invalid("name");
    }
}

#[tokio::test]
async fn members_see_each_other_and_outsiders_see_nothing() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let invitation = office.invite_as("ada@example.com", "viewer").await;
    let ada = server.browser();
    ada.sign_up_with("ada@example.com", &server.token_to("ada@example.com", 1).await).await.expect(201);
    let stranger = server.browser();
    stranger.sign_up("stranger@example.com").await;

    let path = format!("/api/organizations/{}/members", office.id);
    let members = ada.get(&path).await.expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 2);
    assert_eq!(members["items"][0]["user"]["email"], "ada@example.com");
    assert_eq!(members["items"][0]["role"], "viewer");
    assert_eq!(members["items"][0]["invitation_id"], invitation["id"]);
    assert_eq!(members["items"][1]["role"], "owner");
    stranger.get(&path).await.refused(404, "not_found");
    ada.get("/api/organizations/4711/members").await.refused(404, "not_found");
    ada.get("/api/organizations/x/members").await.refused(404, "not_found");
}

#[tokio::test]
async fn what_needs_a_sign_in_says_so() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let invitation = office.invite("ada@example.com").await;
    let one = office.path_of(&invitation);
    let mine = format!("/api/me/invitations/{}", invitation["id"].as_str().unwrap());
    let before = office.owner.get(&one).await.expect(200);

    let anybody = server.browser();
    let calls = [
        (Method::GET, "/api/me".into(), json!({})),
        (Method::POST, "/api/organizations".into(), json!({ "name": "x" })),
        (Method::GET, format!("/api/organizations/{}/members", office.id), json!({})),
        (Method::POST, office.invitations.clone(), json!({ "email": "b@example.com", "role": "member" })),
        (Method::GET, office.invitations.clone(), json!({})),
        (Method::GET, one.clone(), json!({})),
        (Method::PATCH, one.clone(), json!({ "role": "admin" })),
        (Method::POST, format!("{one}/resend"), json!({})),
        (Method::POST, format!("{one}/link"), json!({})),
        (Method::DELETE, one.clone(), json!({})),
        (Method::GET, format!("{one}/events"), json!({})),
        (Method::POST, "/api/invitations/accept".into(), json!({ "token": "x" })),
        (Method::GET, "/api/me/invitations".into(), json!({})),
        (Method::POST, format!("{mine}/accept"), json!({})),
        (Method::POST, format!("{mine}/reject"), json!({})),
    ];
    for (method, path, body) in calls {
        anybody.send(method, &path, &body).await.refused(401, "unauthenticated");
    }
    let after = office.owner.get(&one).await.expect(200);
    assert_eq!((&before["role"], &before["status"]), (&after["role"], &after["status"]));
}
