//! Every row of the table of refusals.

use serde_json::{Value, json};

use crate::support::{Browser, Office, Server};

/// Looking, accepting and declining all refuse alike.
async fn refuses_everywhere(person: &Browser, token: &str, status: u16, code: &str) {
    person.preview(token).await.refused(status, code);
    person.accept(token).await.refused(status, code);
    person.reject(token).await.refused(status, code);
}

#[tokio::test]
async fn an_unknown_or_damaged_token_is_not_found() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    office.invite("ada@example.com").await;
    let token = server.token_to("ada@example.com", 1).await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;

    // Well formed, but nobody's.
    let forged = "inv1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K";
    let damaged = [
        String::new(),
        " ".into(),
        "null".into(),
        "undefined".into(),
        "0".into(),
        "0".repeat(64),
        token.to_uppercase(),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}."),
        format!("{token}="),
        format!("{token}\0"),
        token[..token.len() - 1].into(),
        "\"><svg onload=alert(1)>".into(),
        "' OR '1'='1".into(),
        forged.into(),
    ];
    for token in damaged {
        refuses_everywhere(&ada, &token, 404, "not_found").await;
    }
    ada.accept(&token).await.expect(200);
}

#[tokio::test]
async fn an_expired_invitation_is_gone() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let token = server.token_to("ada@example.com", 1).await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;
    server.expire("ada@example.com").await;

    refuses_everywhere(&ada, &token, 410, "expired").await;
    server.browser().sign_up_with("x@example.com", &token).await.refused(410, "expired");
    let path = office.path_of(&created);
    assert_eq!(office.owner.get(&path).await.expect(200)["status"], "expired");
    // It blocks nobody, swept or not.
    office.invite("ada@example.com").await;
}

#[tokio::test]
async fn each_end_is_told_apart() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let stranger = server.browser();
    stranger.sign_up("stranger@example.com").await;

    office.invite("accepted@example.com").await;
    let token = server.token_to("accepted@example.com", 1).await;
    let accepted = server.browser();
    accepted.sign_up_with("accepted@example.com", &token).await.expect(201);
    refuses_everywhere(&stranger, &token, 410, "already_accepted").await;
    // The person themselves may neither look again nor change their mind.
    accepted.preview(&token).await.refused(410, "already_accepted");
    accepted.reject(&token).await.refused(410, "already_accepted");

    office.invite("rejected@example.com").await;
    let token = server.token_to("rejected@example.com", 1).await;
    server.browser().reject(&token).await.expect(200);
    refuses_everywhere(&stranger, &token, 410, "rejected").await;

    let created = office.invite("cancelled@example.com").await;
    let token = server.token_to("cancelled@example.com", 1).await;
    office.owner.delete(&office.path_of(&created)).await.expect(200);
    refuses_everywhere(&stranger, &token, 410, "cancelled").await;

    let created = office.invite("superseded@example.com").await;
    let token = server.token_to("superseded@example.com", 1).await;
    office.owner.post(&format!("{}/resend", office.path_of(&created)), json!({})).await.expect(200);
    refuses_everywhere(&stranger, &token, 410, "superseded").await;
}

#[tokio::test]
async fn only_the_invited_and_verified_address_may_accept() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let (link, created) = office.link_for("ada@example.com").await;
    let (ada, eve) = (server.browser(), server.browser());
    ada.sign_up("ada@example.com").await;
    eve.sign_up("eve@example.com").await;

    eve.accept(&link).await.refused(403, "wrong_recipient");
    // The inviter has seen a copied link, so it proves nothing about the address.
    ada.accept(&link).await.refused(403, "email_not_verified");
    let me = ada.get("/api/me").await.expect(200);
    assert_eq!((&me["user"]["email_verified"], &me["memberships"]), (&json!(false), &json!([])));

    // Once verified, by another invitation's mail, the same link works.
    let other = Office::open_as(&server, "other@example.com").await;
    other.invite("ada@example.com").await;
    ada.accept(&server.token_to("ada@example.com", 1).await).await.expect(200);
    ada.accept(&link).await.expect(200);
    assert_eq!(office.owner.get(&office.path_of(&created)).await.expect(200)["status"], "accepted");
}

#[tokio::test]
async fn an_open_invitation_is_not_doubled() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let first = office.invite("ada@example.com").await;

    for role in ["member", "admin"] {
        let body = json!({ "email": "ADA@example.com", "role": role });
        let problem = office.owner.post(&office.invitations, body).await.refused(409, "already_pending");
        assert_eq!(problem["id"], first["id"]);
    }
    Office::open_as(&server, "other@example.com").await.invite("ada@example.com").await;
}

#[tokio::test]
async fn a_member_is_not_invited_again() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    office.hire(&server, "ada@example.com", "member").await;

    for email in ["ada@example.com", "Owner@Example.com"] {
        let body = json!({ "email": email, "role": "admin" });
        office.owner.post(&office.invitations, body).await.refused(409, "already_member");
    }
}

#[tokio::test]
async fn whoever_became_a_member_meanwhile_leaves_the_invitation_open() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let ada = office.hire(&server, "ada@example.com", "member").await;
    // No call of the API leads here; two admins on two databases would.
    let other = office.invite("other@example.com").await;
    let token = server.token_to("other@example.com", 1).await;
    let readdress = "UPDATE invite_invitations SET recipient = 'ada@example.com', recipient_given = 'ada@example.com'
                     WHERE recipient = 'other@example.com'";
    assert_eq!(server.database().await.execute(readdress).await, 1);

    ada.accept(&token).await.refused(409, "already_member");
    let path = office.path_of(&other);
    assert_eq!(office.owner.get(&path).await.expect(200)["status"], "pending");
    let events = office.owner.get(&format!("{path}/events")).await.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "rolled back with the rest: {events}");
    server.browser().preview(&token).await.expect(200);
    assert_eq!(ada.get("/api/me").await.expect(200)["memberships"][0]["role"], "member");
}

#[tokio::test]
async fn what_has_ended_is_not_changed() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    office.hire(&server, "accepted@example.com", "member").await;
    office.invite("expired@example.com").await;
    server.expire("expired@example.com").await;
    office.invite("rejected@example.com").await;
    server.browser().reject(&server.token_to("rejected@example.com", 1).await).await.expect(200);

    let list = office.owner.get(&office.invitations).await.expect(200);
    for invitation in list["items"].as_array().unwrap() {
        let path = office.path_of(invitation);
        office.owner.delete(&path).await.refused(409, "illegal_transition");
        office.owner.patch(&path, json!({ "role": "admin" })).await.refused(409, "illegal_transition");
        office.owner.post(&format!("{path}/resend"), json!({})).await.refused(409, "illegal_transition");
        office.owner.post(&format!("{path}/link"), json!({})).await.refused(409, "illegal_transition");
        let after = office.owner.get(&path).await.expect(200);
        for field in ["status", "role", "expires_at", "accepted_at"] {
            assert_eq!(after[field], invitation[field], "{field}");
        }
    }
}

#[tokio::test]
async fn resending_too_often_is_refused_with_the_time_to_wait() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let resend = format!("{}/resend", office.path_of(&office.invite("ada@example.com").await));
    server.mails_to("ada@example.com", 1).await;
    office.owner.post(&resend, json!({})).await.expect(200);

    let answer = office.owner.post(&resend, json!({})).await;
    answer.refused(429, "limit_reached");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(server.mails_to("ada@example.com", 2).await.len(), 2);
}

#[tokio::test]
async fn a_locale_that_names_no_language_is_left_out() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    for (n, locale) in ["pt_BR", "de_DE.UTF-8", "en\r\n", "", &"x".repeat(36)].into_iter().enumerate() {
        let new = json!({ "email": format!("p{n}@example.com"), "role": "member", "locale": locale });
        office.owner.post(&office.invitations, new).await.expect(201);
    }
}

#[tokio::test]
async fn what_is_not_acceptable_is_named() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "email": "ada@example.com", "role": "member" });
        body[field] = value;
        body
    };
    let long = format!("{}@example.com", "a".repeat(250));
    let cases = [
        (
            "email",
            [
                "",
                "ada",
                "a@b@example.com",
                "a@example.com,b@example.com",
                "a@example.com\r\nBcc: b@example.com",
                "a\0@example.com",
                "\"a b\"@example.com",
                "a@localhost",
                "a@\u{202E}example.com",
                &long,
            ]
            .map(Value::from)
            .to_vec(),
        ),
        ("role", ["king", "", "Owner", "member\0"].map(Value::from).to_vec()),
        ("role", vec![json!(1), json!(null), json!(["member"])]),
        ("message", vec!["x".repeat(5_001).into(), "a\0b".into(), "a\u{202E}b".into()]),
        (
            "expires_in_hours",
            vec![
                json!(0),
                json!(-1),
                json!(i64::MIN),
                json!(i64::MAX),
                json!(u64::MAX),
                json!(2_161),
                json!(1.5),
                json!("7"),
            ],
        ),
    ];
    for (field, values) in cases {
        for value in values {
            office.owner.post(&office.invitations, with(field, value)).await.invalid(field);
        }
    }
    assert_eq!(office.owner.get(&office.invitations).await.expect(200)["items"], json!([]));

    let path = office.path_of(&office.invite("ada@example.com").await);
    for (field, value) in [("role", json!("king")), ("message", json!("a\0b")), ("expires_in_hours", json!(-1))] {
        office.owner.patch(&path, json!({ field: value })).await.invalid(field);
    }
    for reason in ["a\nb", " ", &"x".repeat(201)] {
        let body = json!({ "reason": reason });
        office.owner.send(reqwest::Method::DELETE, &path, &body).await.invalid("reason");
    }
    assert_eq!(office.owner.get(&path).await.expect(200)["status"], "pending");
}

#[tokio::test]
async fn members_may_not_act_and_outsiders_see_nothing() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let invitation = office.invite("ada@example.com").await;
    let path = office.path_of(&invitation);
    let outsider = server.browser();
    outsider.sign_up("outsider@example.com").await;
    let mut people = vec![(outsider, 404, "not_found")];
    for role in ["manager", "member", "viewer"] {
        people.push((office.hire(&server, &format!("{role}@example.com"), role).await, 403, "not_permitted"));
    }
    let before = (office.owner.get(&path).await.expect(200), office.owner.get(&format!("{path}/events")).await.text);

    for (person, status, code) in people {
        let body = json!({ "email": "new@example.com", "role": "viewer" });
        person.post(&office.invitations, body.clone()).await.refused(status, code);
        person.post(&format!("{}?delivery=link", office.invitations), body).await.refused(status, code);
        person.get(&office.invitations).await.refused(status, code);
        person.get(&path).await.refused(status, code);
        person.patch(&path, json!({ "role": "admin" })).await.refused(status, code);
        person.post(&format!("{path}/resend"), json!({})).await.refused(status, code);
        person.post(&format!("{path}/link"), json!({})).await.refused(status, code);
        person.delete(&path).await.refused(status, code);
        person.get(&format!("{path}/events")).await.refused(status, code);
    }
    let after = (office.owner.get(&path).await.expect(200), office.owner.get(&format!("{path}/events")).await.text);
    assert_eq!((&before.0["role"], &before.0["status"], &before.1), (&after.0["role"], &after.0["status"], &after.1));
}

#[tokio::test]
async fn an_id_of_another_organization_is_not_found() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let path = office.path_of(&office.invite("ada@example.com").await);
    let other = Office::open_as(&server, "other@example.com").await;

    // The organization is their own, and the invitation is the other one's.
    let mixed = path.replace(&office.invitations, &other.invitations);
    let nobody = format!("{}/0199aa00-0000-7000-8000-000000000000", other.invitations);
    for path in [mixed, nobody, format!("{}/7", other.invitations), format!("{}/%27", other.invitations)] {
        other.owner.get(&path).await.refused(404, "not_found");
        other.owner.patch(&path, json!({ "role": "admin" })).await.refused(404, "not_found");
        other.owner.post(&format!("{path}/resend"), json!({})).await.refused(404, "not_found");
        other.owner.post(&format!("{path}/link"), json!({})).await.refused(404, "not_found");
        other.owner.delete(&path).await.refused(404, "not_found");
        other.owner.get(&format!("{path}/events")).await.refused(404, "not_found");
    }
    assert_eq!(office.owner.get(&path).await.expect(200)["status"], "pending");
}
