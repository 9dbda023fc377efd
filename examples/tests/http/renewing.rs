//! What has ended is renewed, or deleted.

use serde_json::json;

use crate::support::{Office, Server};

#[tokio::test]
async fn an_ended_invitation_is_renewed_to_the_same() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let body = json!({ "email": "ada@example.com", "role": "manager", "message": "Join us." });
    let first = office.owner.post(&office.invitations, body).await.expect(201);
    let path = office.path_of(&first);
    let renew = format!("{path}/renew");
    office.owner.post(&renew, json!({})).await.refused(409, "still_open");
    server.mails_to("ada@example.com", 1).await;
    server.expire("ada@example.com").await;

    let second = office.owner.post(&renew, json!({})).await.expect(201);
    assert_eq!((&second["renews"], &second["status"]), (&first["id"], &json!("pending")), "{second}");
    for same in ["email", "role", "message"] {
        assert_eq!(second[same], first[same]);
    }
    assert!(first.get("renews").is_none(), "{first}");
    assert_eq!(office.owner.get(&path).await.expect(200)["status"], "expired");
    office.owner.post(&renew, json!({})).await.refused(409, "already_pending");

    let token = server.token_to("ada@example.com", 2).await;
    server.browser().sign_up_with("ada@example.com", &token).await.expect(201);
    office.owner.post(&renew, json!({})).await.refused(409, "already_member");
}

#[tokio::test]
async fn nobody_renews_what_grants_more_than_they_may() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let invited = office.path_of(&office.invite_as("ada@example.com", "owner").await);
    office.owner.delete(&invited).await.expect(200);
    let admin = office.hire(&server, "admin@example.com", "admin").await;
    admin.post(&format!("{invited}/renew"), json!({})).await.refused(403, "not_permitted");
    office.owner.post(&format!("{invited}/renew"), json!({})).await.expect(201);
}

#[tokio::test]
async fn what_has_ended_is_deleted_and_what_is_open_stays() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let mut paths = Vec::new();
    let mut ids = Vec::new();
    for n in 0..3 {
        let invited = office.invite(&format!("person{n}@example.com")).await;
        paths.push(office.path_of(&invited));
        ids.push(invited["id"].clone());
    }
    office.owner.delete(&paths[0]).await.expect(200);
    server.expire("person1@example.com").await;
    let delete = format!("{}/bulk/delete", office.invitations);

    let member = office.hire(&server, "grace@example.com", "member").await;
    member.post(&delete, json!({ "ids": [ids[0]] })).await.refused(403, "not_permitted");
    for nothing in [json!({}), json!({ "matching": {} }), json!({ "ids": [], "everything": true })] {
        office.owner.post(&delete, nothing).await.expect(422);
    }

    let done = office.owner.post(&delete, json!({ "ids": [ids[0], ids[2]] })).await.expect(200);
    assert_eq!(done["summary"], json!({ "done": 1, "skipped": 1 }), "{done}");
    assert_eq!(done["items"][1]["error"]["code"], "still_open", "{done}");
    office.owner.get(&paths[0]).await.refused(404, "not_found");
    office.owner.get(&paths[2]).await.expect(200);

    let again = office.owner.post(&delete, json!({ "ids": [ids[0]] })).await.expect(200);
    assert_eq!(again["items"][0]["error"]["code"], "not_found", "{again}");
    let expired = json!({ "matching": { "status": "expired" } });
    let done = office.owner.post(&delete, expired).await.expect(200);
    assert_eq!((&done["summary"]["done"], &done["items"][0]["id"]), (&json!(1), &ids[1]), "{done}");
}
