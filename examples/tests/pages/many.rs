//! The pages about many invitations, as requests that a browser would not send, or not at that moment.

use std::collections::HashSet;

use serde_json::Value;

use super::forms::{Visitor, invite};
use crate::support::{PASSWORD, Server};

const SELECTED: &str = "/organizations/1/invitations/selected";
const IMPORT: &str = "/organizations/1/imports/staff";

async fn text(answer: reqwest::Response, status: u16) -> String {
    assert_eq!(answer.status(), status);
    answer.text().await.unwrap()
}

/// The invitations of organization 1.
async fn all(visitor: &Visitor, query: &str) -> Vec<Value> {
    let path = format!("/api/organizations/1/invitations?limit=200&{query}");
    let page: Value = visitor.get(&path).await.json().await.unwrap();
    page["items"].as_array().unwrap().clone()
}

/// As where the answer to a step was lost: it is sent again to the program that starts next, and so is the rest.
#[tokio::test]
async fn a_list_goes_on_after_a_kill_and_nobody_is_invited_twice() {
    let mut server = Server::start().await;
    let (owner, _) = invite(&server, "first@example.com").await;
    let list: String = (0..230).map(|n| format!("person{n}@example.com\n")).collect();
    let step = |from| [("list", &*list), ("role", "viewer"), ("import", "staff"), ("from", from)];

    let plan = text(owner.post("/organizations/1/invite-many", &step("0")).await, 200).await;
    assert!(plan.contains("230 people will be invited") && plan.contains("30 more are not shown"), "{plan}");
    assert_eq!(all(&owner, "").await.len(), 1, "a plan stores nothing");
    let first = text(owner.post(IMPORT, &step("0")).await, 200).await;
    assert!(first.contains("200 of 230 lines") && first.contains("data-goes-on"), "{first}");
    assert!(first.contains("name=\"from\" value=\"200\""), "{first}");

    server.kill();
    server.start_again();
    let owner = Visitor::of(&server);
    owner.post("/login", &[("email", "owner@example.com"), ("password", PASSWORD)]).await;
    let again = text(owner.post(IMPORT, &step("0")).await, 200).await;
    assert!(again.contains("200 people invited by this list before") && !again.contains("Left out"), "{again}");
    let last = text(owner.post(IMPORT, &step("200")).await, 200).await;
    assert!(last.contains("230 of 230 lines") && !last.contains("data-goes-on"), "{last}");
    let most = usize::MAX.to_string();
    for beyond in ["230", &most] {
        let mut fields = step(beyond).to_vec();
        fields.extend([("invited", &*most), ("left", &*most)]);
        let none = text(owner.post(IMPORT, &fields).await, 200).await;
        assert!(none.contains("230 of 230 lines"), "{none}");
    }

    let mut rows = all(&owner, "import=staff&sort=created_at").await;
    rows.extend(all(&owner, "import=staff&sort=-created_at").await);
    let emails: HashSet<_> = rows.iter().map(|row| row["email"].as_str().unwrap()).collect();
    assert_eq!(emails.len(), 230);
    let stats: Value = owner.get("/api/organizations/1/imports/staff").await.json().await.unwrap();
    assert_eq!(stats["total"], 230);
}

#[tokio::test]
async fn a_filter_that_got_lost_is_not_everything() {
    let server = Server::start().await;
    let (owner, _) = invite(&server, "ada@example.com").await;
    for filter in ["", "status=nonsense", "x"] {
        let fields = [("act", "cancel"), ("all", "matching"), ("filter", filter)];
        text(owner.post(SELECTED, &fields).await, 422).await;
    }
    assert_eq!(owner.post(SELECTED, &[("act", "cancel")]).await.status(), 303);
    assert_eq!(owner.post(SELECTED, &[("act", "accept"), ("all", "everything")]).await.status(), 404);
    assert_eq!(owner.post(SELECTED, &[("act", "cancel"), ("id", "x")]).await.status(), 404);
    // To look at the question changes nothing.
    text(owner.get(&format!("{SELECTED}?act=cancel&all=everything")).await, 200).await;
    assert_eq!(all(&owner, "status=pending").await.len(), 1);

    let done = text(owner.post(SELECTED, &[("act", "cancel"), ("all", "everything")]).await, 200).await;
    assert!(done.contains("1 invitation was cancelled"), "{done}");
}

#[tokio::test]
async fn many_go_in_steps_that_add_up() {
    let server = Server::start().await;
    let (owner, _) = invite(&server, "ada@example.com").await;
    let list: String = (0..210).map(|n| format!("person{n}@example.com ")).collect();
    let fields = [("list", &*list), ("role", "viewer"), ("import", "staff"), ("from", "0")];
    owner.post(IMPORT, &fields).await;
    owner.post(IMPORT, &[fields[0], fields[1], fields[2], ("from", "200")]).await;

    let fields = [("act", "cancel"), ("all", "matching"), ("filter", "import=staff"), ("reason", "no more")];
    let first = text(owner.post(SELECTED, &fields).await, 200).await;
    assert!(first.contains("200 invitations were cancelled") && first.contains("data-goes-on"), "{first}");
    let cursor = first.split_once("name=\"cursor\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let mut next = fields.to_vec();
    next.extend([("cursor", cursor), ("done", "200"), ("skipped", "0")]);
    let last = text(owner.post(SELECTED, &next).await, 200).await;
    assert!(last.contains("210 invitations were cancelled") && !last.contains("data-goes-on"), "{last}");
    assert_eq!(all(&owner, "status=pending").await.len(), 1, "not those of the other list");
}

#[tokio::test]
async fn these_pages_are_for_those_who_manage() {
    let server = Server::start().await;
    let (_, token) = invite(&server, "ada@example.com").await;
    let (ada, stranger) = (Visitor::of(&server), Visitor::of(&server));
    ada.get(&format!("/invitation?token={token}")).await;
    ada.sign_up("ada@example.com", "1").await;
    stranger.sign_up("stranger@example.com", "").await;
    let question = format!("{SELECTED}?act=cancel&all=everything");
    let nothing = format!("{SELECTED}?act=cancel");
    for path in ["/organizations/1/statistics", "/organizations/1/invite-many", IMPORT, &question, &nothing] {
        text(ada.get(path).await, 403).await;
        text(stranger.get(path).await, 404).await;
        assert_eq!(Visitor::of(&server).get(path).await.status(), 303);
    }
    let fields =
        [("list", "x@example.com"), ("role", "viewer"), ("import", "staff"), ("act", "cancel"), ("all", "everything")];
    for path in ["/organizations/1/invite-many", IMPORT, SELECTED] {
        text(ada.post(path, &fields).await, 403).await;
        text(stranger.post(path, &fields).await, 404).await;
    }
}

#[tokio::test]
async fn what_people_paste_is_only_text() {
    let server = Server::start().await;
    let (owner, _) = invite(&server, "ada@example.com").await;
    let list = "email,name,role\nx@example.com,<script>alert(1)</script>,\n\"<img src=x>\",,\"<b>\"\n";
    let fields = [("list", list), ("role", "viewer"), ("import", "<i>../staff"), ("from", "0")];
    let plan = text(owner.post("/organizations/1/invite-many", &fields).await, 200).await;
    let import = "/organizations/1/imports/%3Ci%3E..%2Fstaff";
    assert!(plan.contains("imports&#x2f;%3Ci%3E..%2Fstaff"), "{plan}");
    let done = text(owner.post(import, &fields).await, 200).await;
    let list = text(owner.get("/organizations/1/invitations?import=%3Ci%3E..%2Fstaff").await, 200).await;
    assert!(list.contains("x@example.com") && !list.contains("ada@example.com"));
    for page in [plan, done, list, text(owner.get(import).await, 200).await] {
        assert!(!["<script>", "<img src=x", "<i>", "<b>"].iter().any(|tag| page.contains(tag)), "{page}");
    }
    for (import, list) in [("", "x@example.com"), (&*"x".repeat(65), "x@example.com"), ("staff", " ")] {
        let fields = [("list", list), ("role", "viewer"), ("import", import)];
        let field = if list == " " { "list-error" } else { "import-error" };
        let form = text(owner.post("/organizations/1/invite-many", &fields).await, 422).await;
        assert!(form.contains(field), "{form}");
    }
}
