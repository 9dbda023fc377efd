//! Lists: filters, order, pages.

use serde_json::{Value, json};

use crate::support::{Office, Server};

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let mut all = Vec::new();
    for n in 0..7 {
        all.push(office.invite(&format!("person{n}@example.com")).await["id"].clone());
    }

    for (sort, newest_first) in [("", true), ("sort=-created_at", true), ("sort=created_at", false)] {
        let mut expected = all.clone();
        if newest_first {
            expected.reverse();
        }
        assert_eq!(
            pages(&office, sort, 3).await,
            [expected[..3].to_vec(), expected[3..6].into(), expected[6..].into()]
        );
    }
    // A page that ends exactly at the end has none after it.
    assert_eq!(pages(&office, "sort=email", 7).await, [all.clone()]);
    assert_eq!(pages(&office, "sort=expires_at", 4).await, [all[..4].to_vec(), all[4..].into()]);
}

#[tokio::test]
async fn filters_by_status_and_address() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    for name in ["ada", "grace", "mary", "joan"] {
        office.invite(&format!("{name}@example.com")).await;
    }
    server.expire("grace@example.com").await;
    let list = office.owner.get(&format!("{}?q=mary", office.invitations)).await.expect(200);
    office.owner.delete(&office.path_of(&list["items"][0])).await.expect(200);

    for (query, expected) in [
        ("status=pending", "joan ada"),
        ("status=expired", "grace"),
        ("status=cancelled&status=expired", "mary grace"),
        ("status=accepted", ""),
        ("q=A", "joan mary grace ada"),
        ("q=GRACE", "grace"),
        ("q=a%25", ""),
        ("q=_", ""),
        ("q=ad&status=pending", "ada"),
        ("status=&q=&sort=&limit=&cursor=", "joan mary grace ada"),
        ("delivery=not_mailed", ""),
        ("delivery=queued&delivery=sent&q=ada", "ada"),
        ("limit=1", "joan"),
        ("limit=200&sort=email", "ada grace joan mary"),
    ] {
        let list = office.owner.get(&format!("{}?{query}", office.invitations)).await.expect(200);
        let found = list["items"].as_array().unwrap().iter().map(|item| item["email"].as_str().unwrap());
        let found: Vec<_> = found.map(|email| email.trim_end_matches("@example.com")).collect();
        assert_eq!(found.join(" "), expected, "{query}");
    }
}

#[tokio::test]
async fn people_are_found_by_the_name_that_the_inviter_knows() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    office.invite("grace@example.com").await;
    let body = json!({ "email": "ab@example.com", "role": "member", "name": "Ada Byron" });
    let ada = office.owner.post(&office.invitations, body).await.expect(201);
    // Another role, and the same name.
    let amended = office.owner.patch(&office.path_of(&ada), json!({ "role": "viewer" })).await.expect(200);
    assert_eq!((&amended["name"], &amended["role"]), (&json!("Ada Byron"), &json!("viewer")));
    let found = office.owner.get(&format!("{}?q=byron", office.invitations)).await.expect(200);
    assert_eq!((&found["items"][0]["id"], &found["items"][0]["name"]), (&ada["id"], &ada["name"]));
    assert_eq!(found["items"].as_array().unwrap().len(), 1);

    let nameless = json!({ "email": "x@example.com", "role": "member", "name": "a\nb" });
    office.owner.post(&office.invitations, nameless).await.invalid("name");
}

#[tokio::test]
async fn filters_by_who_invited_and_when() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let admin = office.hire(&server, "admin@example.com", "admin").await;
    let me = admin.get("/api/me").await.expect(200)["user"]["id"].clone();
    let body = json!({ "email": "ada@example.com", "role": "member" });
    let ada = admin.post(&office.invitations, body).await.expect(201);
    let created = ada["created_at"].as_str().unwrap();

    for (query, expected) in [
        (format!("invited_by={me}"), "ada@example.com"),
        ("invited_by=0".into(), ""),
        (format!("created_from={created}"), "ada@example.com"),
        (format!("created_to={created}"), "admin@example.com"),
        ("created_to=2020-01-01".into(), ""),
    ] {
        let list = office.owner.get(&format!("{}?{query}", office.invitations)).await.expect(200);
        let found: Vec<_> =
            list["items"].as_array().unwrap().iter().map(|item| item["email"].as_str().unwrap()).collect();
        assert_eq!(found.join(" "), expected, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_named() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    for n in 0..2 {
        office.invite(&format!("person{n}@example.com")).await;
    }
    let first = office.owner.get(&format!("{}?limit=1", office.invitations)).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();

    for (query, field) in [
        ("status=open".to_owned(), "status"),
        ("status=pending&status=x".into(), "status"),
        ("delivery=lost".into(), "delivery"),
        ("invited_by=ada".into(), "invited_by"),
        ("created_from=today".into(), "created_from"),
        ("created_from=2030-01-02&created_to=2030-01-01".into(), "period"),
        ("sort=role".into(), "sort"),
        ("sort=digest".into(), "sort"),
        ("limit=0".into(), "limit"),
        ("limit=201".into(), "limit"),
        ("limit=-1".into(), "limit"),
        ("limit=many".into(), "limit"),
        ("cursor=x".into(), "cursor"),
        (format!("cursor={cursor}&sort=email"), "cursor"),
        ("token=x".into(), "token"),
    ] {
        office.owner.get(&format!("{}?{query}", office.invitations)).await.invalid(field);
    }
}

async fn pages(office: &Office, query: &str, limit: usize) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{}?{query}&limit={limit}&cursor={cursor}", office.invitations);
        let page = office.owner.get(&path).await.expect(200);
        pages.push(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect());
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["next_cursor"], Value::Null);
            return pages;
        };
        next.clone_into(&mut cursor);
    }
}
