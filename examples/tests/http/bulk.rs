//! Many invitations in one request.

use serde_json::{Value, json};

use crate::support::{Office, Server};

fn words(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|row| row["verdict"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_planned_and_then_invited_and_a_second_time_invites_nobody() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let open = office.invite("open@example.com").await;
    let rows = json!([
        { "email": "ada@example.com", "role": "member", "key": "1" },
        { "email": "nobody", "role": "member", "key": "2" },
        { "email": "Open@example.com", "role": "member", "key": "3" },
        { "email": "ADA@example.com", "role": "viewer", "key": "4" },
        { "email": "grace@example.com", "role": "manager", "key": "5", "message": "Welcome." },
    ]);
    let bulk = format!("{}/bulk", office.invitations);
    let wanted = ["created", "refused", "already_pending", "repeats", "created"];

    let plan =
        office.owner.post(&bulk, json!({ "rows": rows, "import": "staff.csv", "dry_run": true })).await.expect(200);
    assert_eq!(words(&plan), wanted, "{plan}");
    assert!(plan["items"][0].get("invitation").is_none(), "{plan}");
    let planned = office.owner.get(&office.invitations).await.expect(200);
    assert_eq!(planned["items"].as_array().unwrap().len(), 1, "a plan stores nothing");

    let body = json!({ "rows": rows, "import": "staff.csv" });
    let done = office.owner.post(&bulk, body.clone()).await.expect(200);
    assert_eq!(words(&done), wanted, "{done}");
    let summary = json!({ "created": 2, "existing": 0, "already_pending": 1, "repeats": 1, "refused": 1 });
    assert_eq!(done["summary"], summary);
    assert_eq!((&done["items"][2]["id"], &done["items"][3]["repeats"]), (&open["id"], &json!(0)));
    assert_eq!(done["items"][1]["error"]["code"], "invalid");
    assert_eq!(done["items"][1]["error"]["field"], "email");
    server.mails_to("ada@example.com", 1).await;
    server.mails_to("grace@example.com", 1).await;

    let again = office.owner.post(&bulk, body).await.expect(200);
    assert_eq!(words(&again), ["existing", "refused", "already_pending", "repeats", "existing"], "{again}");
    assert_eq!(again["items"][0]["id"], done["items"][0]["invitation"]["id"]);

    for (filter, count) in [("import=staff.csv", 2), ("role=manager", 1), ("role=owner", 0), ("import=other", 0)] {
        let list = office.owner.get(&format!("{}?{filter}", office.invitations)).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{filter}: {list}");
    }
}

#[tokio::test]
async fn many_are_cancelled_by_id_or_by_filter_and_all_others_are_explained() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(office.invite(&format!("person{n}@example.com")).await["id"].clone());
    }
    let cancel = format!("{}/bulk/cancel", office.invitations);
    let unknown = "00000000-0000-7000-8000-000000000000";
    let body = json!({ "ids": [ids[0], unknown], "reason": "the project ended" });
    let done = office.owner.post(&cancel, body).await.expect(200);
    assert_eq!(done["summary"], json!({ "done": 1, "skipped": 1 }), "{done}");
    assert_eq!(done["items"][1]["error"]["code"], "not_found", "{done}");

    let resend = format!("{}/bulk/resend", office.invitations);
    let again = office.owner.post(&resend, json!({ "ids": [ids[0], ids[1]] })).await.expect(200);
    assert_eq!(again["items"][0]["error"]["code"], "illegal_transition", "{again}");

    let matching = json!({ "matching": { "status": "pending", "q": "person2" } });
    let done = office.owner.post(&cancel, matching).await.expect(200);
    assert_eq!(done["summary"], json!({ "done": 1, "skipped": 0 }), "{done}");
    assert_eq!(done["items"][0]["id"], ids[2]);

    for nothing in [json!({}), json!({ "matching": {} }), json!({ "ids": [], "everything": true }), json!({ "all": 1 })]
    {
        office.owner.post(&cancel, nothing).await.expect(422);
    }
    let rows: Vec<_> = (0..1_001).map(|n| json!({ "email": format!("p{n}@example.com"), "role": "member" })).collect();
    let many = office.owner.post(&format!("{}/bulk", office.invitations), json!({ "rows": rows })).await;
    assert_eq!(many.expect(422)["field"], "rows");

    let done = office.owner.post(&cancel, json!({ "everything": true })).await.expect(200);
    assert_eq!(done["summary"], json!({ "done": 4, "skipped": 0 }), "{done}");
}

#[tokio::test]
async fn a_thousand_rows_of_ordinary_length_are_one_request() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let bulk = format!("{}/bulk", office.invitations);
    let row = |n: usize| json!({ "email": format!("somebody.with.a.name.{n}@example.com"), "role": "member", "key": format!("staff-2030.csv:{n}") });
    let rows: Vec<_> = (0..1_000).map(row).collect();
    let plan = office.owner.post(&bulk, json!({ "rows": rows, "dry_run": true })).await.expect(200);
    assert_eq!(plan["summary"]["created"], 1_000);

    let too_much = json!({ "rows": rows, "import": "x".repeat(1024 * 1024) });
    office.owner.post(&bulk, too_much).await.refused(413, "too_large");
}
