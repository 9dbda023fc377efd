//! Nobody asks for more letters and links in a minute than they may.

use invite_core::{Clock, SystemClock};
use serde_json::json;

use crate::support::{Office, Server};

#[tokio::test]
async fn over_the_limit_nothing_is_written_and_cancelling_gives_nothing_back() {
    let server = Server::start_with(&[("INVITES_PER_MINUTE", "2")]).await;
    // The minute may end between two requests: then once more, with somebody else.
    for n in 0.. {
        let office = Office::open_as(&server, &format!("owner{n}@example.com")).await;
        let minute = minute();
        let first = office.invite(&format!("first{n}@example.com")).await;
        let path = office.path_of(&first);
        office.owner.delete(&path).await.expect(200);
        office.invite(&format!("second{n}@example.com")).await;
        let new = json!({ "email": format!("third{n}@example.com"), "role": "member" });
        let by_link = format!("{}?delivery=link", office.invitations);
        let answers =
            [office.owner.post(&office.invitations, new.clone()).await, office.owner.post(&by_link, new).await];
        if minute != self::minute() {
            continue;
        }
        for answer in answers {
            answer.refused(429, "limit_reached");
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
        }
        let list = office.owner.get(&office.invitations).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 2, "{list}");
        assert_eq!(server.database().await.number(USED).await, 2);
        return;
    }
}

#[tokio::test]
async fn resending_and_copying_links_count_too_and_the_next_minute_begins_anew() {
    let server = Server::start_with(&[("INVITES_PER_MINUTE", "3")]).await;
    let mut look = server.database().await;
    for n in 0.. {
        let office = Office::open_as(&server, &format!("owner{n}@example.com")).await;
        let minute = minute();
        let path = office.path_of(&office.invite(&format!("ada{n}@example.com")).await);
        office.owner.post(&format!("{path}/link"), json!({})).await.expect(200);
        office.owner.post(&format!("{path}/resend"), json!({})).await.expect(200);
        let before = office.owner.get(&format!("{path}/events")).await.text;
        let link = office.owner.post(&format!("{path}/link"), json!({})).await;
        if minute != self::minute() {
            continue;
        }
        link.refused(429, "limit_reached");
        assert_eq!(office.owner.get(&format!("{path}/events")).await.text, before);
        // Everything else goes on.
        office.owner.patch(&path, json!({ "role": "viewer" })).await.expect(200);
        office.owner.get(&office.invitations).await.expect(200);

        // MySQL reads a table it changes only at second hand.
        let older = "UPDATE quotas SET minute = minute - 1
                     WHERE user_id = (SELECT last FROM (SELECT max(user_id) AS last FROM quotas) AS users)";
        assert_eq!(look.execute(older).await, 1);
        office.owner.post(&format!("{path}/link"), json!({})).await.expect(200);
        let rows = look.numbers(USED).await;
        assert_eq!((rows[0], rows.len()), (1, n + 1), "one row each, and no old ones");
        return;
    }
}

/// Of the newest user first.
const USED: &str = "SELECT used FROM quotas ORDER BY user_id DESC";

fn minute() -> i64 {
    SystemClock.now().timestamp().div_euclid(60)
}
