//! How many invitations stand where, and how far an import is.

use invite_core::{Clock, SystemClock};
use serde_json::json;

use crate::support::{Office, Server, eventually};

#[tokio::test]
async fn an_organization_counts_its_own_invitations() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let stats = format!("{}/stats", office.invitations);
    let none = office.owner.get(&stats).await.expect(200);
    assert_eq!((&none["total"], &none["acceptance_rate"]), (&json!(0), &json!(null)), "{none}");

    office.hire(&server, "grace@example.com", "manager").await;
    office.invite("ada@example.com").await;
    let mary = office.path_of(&office.invite("mary@example.com").await);
    office.owner.delete(&mary).await.expect(200);
    let others = Office::open_as(&server, "other@example.com").await;
    others.invite("ada@example.com").await;

    let today = SystemClock.now().date_naive().to_string();
    let all = office.owner.get(&format!("{stats}?from={today}&by=day")).await.expect(200);
    assert_eq!(all["total"], 3, "{all}");
    let status = &all["by_status"];
    assert_eq!((&status["accepted"], &status["pending"], &status["cancelled"]), (&json!(1), &json!(1), &json!(1)));
    let roles = json!([{ "facet": "member", "count": 2 }, { "facet": "manager", "count": 1 }]);
    assert_eq!((&all["by_facet"], &all["acceptance_rate"]), (&roles, &json!(0.5)));
    assert_eq!(all["time_to_accept"]["histogram"][0], json!({ "up_to_seconds": 3600, "count": 1 }));
    let sum = |what: &str| all["series"].as_array().unwrap().iter().map(|day| day[what].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("created"), sum("accepted")), (3, 1), "{all}");

    for (query, total) in [("role=manager", 1), ("role=owner", 0), ("import=none", 0), ("to=2020-01-01", 0)] {
        assert_eq!(office.owner.get(&format!("{stats}?{query}")).await.expect(200)["total"], total, "{query}");
    }
    for (query, field) in [
        ("from=yesterday", "from"),
        ("by=hour", "by"),
        ("by=day", "period"),
        ("from=2020-01-01&by=day", "period"),
        ("from=2020-01-02&to=2020-01-01", "period"),
        ("q=ada", "q"),
    ] {
        office.owner.get(&format!("{stats}?{query}")).await.invalid(field);
    }
}

#[tokio::test]
async fn an_import_says_how_many_letters_wait() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let rows =
        json!([{ "email": "ada@example.com", "role": "member" }, { "email": "joan@example.com", "role": "viewer" }]);
    let body = json!({ "rows": rows, "import": "staff 2030.csv" });
    office.owner.post(&format!("{}/bulk", office.invitations), body).await.expect(200);
    office.invite("grace@example.com").await;

    let import = format!("/api/organizations/{}/imports/staff%202030.csv", office.id);
    let done = eventually("the letters are sent", async || {
        let progress = office.owner.get(&import).await.expect(200);
        (progress["letters_waiting"] == 0).then_some(progress)
    });
    let done = done.await;
    assert_eq!((&done["import"], &done["total"]), (&json!("staff 2030.csv"), &json!(2)), "{done}");
    assert_eq!(done["by_delivery"]["sent"], 2, "{done}");
    office.owner.get(&import.replace("2030", "2031")).await.refused(404, "not_found");
}

#[tokio::test]
async fn numbers_are_for_those_who_manage() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let member = office.hire(&server, "grace@example.com", "member").await;
    let stranger = server.browser();
    stranger.sign_up("stranger@example.com").await;
    for path in [format!("{}/stats", office.invitations), format!("/api/organizations/{}/imports/x", office.id)] {
        member.get(&path).await.refused(403, "not_permitted");
        stranger.get(&path).await.refused(404, "not_found");
        server.browser().get(&path).await.refused(401, "unauthenticated");
    }
}
