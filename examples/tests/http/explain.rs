//! Why somebody cannot get in.

use serde_json::{Value, json};

use crate::support::{Office, Server, eventually};

#[tokio::test]
async fn whoever_may_invite_is_told_where_an_address_stands() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let path = format!("{}/explain", office.invitations);
    let about = |email: &str| format!("{path}?email={email}");
    assert_eq!(office.owner.get(&about("ada@example.com")).await.expect(200), json!({ "items": [] }));

    let ada = office.invite("ada@example.com").await;
    let sent = eventually("the letter is sent", async || {
        let answer = office.owner.get(&about("Ada@Example.com")).await.expect(200);
        (answer["items"][0]["code"] == "open").then_some(answer)
    })
    .await;
    let item = &sent["items"][0];
    assert_eq!((&item["invitation_id"], &item["facts"]["letter"]), (&ada["id"], &json!("sent")), "{sent}");
    assert_eq!(item["facts"]["expires_at"], ada["expires_at"], "{sent}");
    assert!(!sent.to_string().contains("ada@"), "{sent}");

    office.owner.delete(&office.path_of(&ada)).await.expect(200);
    let ended = office.owner.get(&about("ada@example.com")).await.expect(200);
    let facts = &ended["items"][0]["facts"];
    assert_eq!(ended["items"][0]["code"], "cancelled", "{ended}");
    assert!(facts["by"].is_string() && facts["at"].is_string(), "{ended}");

    for (query, field) in [("", "email"), ("?email=nobody", "email"), ("?email=a@example.com&token=x", "token")] {
        office.owner.get(&format!("{path}{query}")).await.invalid(field);
    }
    let member = office.hire(&server, "grace@example.com", "member").await;
    member.get(&about("ada@example.com")).await.refused(403, "not_permitted");
    let other = Office::open_as(&server, "other@example.com").await;
    let theirs = other.owner.get(&about("ada@example.com").replace(&office.invitations, &other.invitations)).await;
    assert_eq!(theirs.expect(200)["items"], Value::Array(Vec::new()), "another organization's invitation is explained");
}
