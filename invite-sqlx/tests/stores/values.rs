//! What is written is read back to the letter, and what is different stays so. [incidents 09, 10, 58; races 2.7]

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{Actor, NewInvitation, Policy, Query, Scope, testing::ManualClock};
use serde_json::json;

use crate::support::*;

fn year(year: i32) -> DateTime<Utc> {
    format!("{year}-06-01T12:00:00.123456Z").parse().unwrap()
}

fn new(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, membership("admin"))
}

on_every_store! {
    async fn times_survive_to_the_microsecond_also_far_away<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        for at in [year(1971), year(2037), year(2040), year(9000)] {
            let members = world.members.clone().clock(ManualClock::at(at));
            let mut tx = world.backend.begin().await;
            let new = new(&format!("y{}@example.com", at.timestamp()));
            let created = members.scope(7).create(&mut tx, &world.admin, new).await.unwrap();
            assert_eq!(created.created_at, at);
            let read = members.scope(7).get(&mut tx, &world.admin, created.id).await.unwrap();
            assert_eq!(*read, *created);
            assert_eq!(read.expires_at - read.created_at, TimeDelta::days(7));
            B::commit(tx).await;
        }
    }

    async fn the_time_zone_of_the_session_does_not_matter<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let created = world.invite("ada@example.com").await;
        let mut tx = world.backend.begin().await;
        B::set_time_zone(&mut tx).await;
        let read = world.members.scope(7).get(&mut tx, &world.admin, created.id).await.unwrap();
        assert_eq!(*read, *created);
        let other = world.members.scope(7).create(&mut tx, &world.admin, new("grace@example.com")).await.unwrap();
        B::commit(tx).await;
        assert_eq!(*world.get(other.id).await, *other);
    }

    async fn scopes_that_look_alike_are_different<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let scopes = [
            "org:k", "org:K", "org:\u{212A}", "org:k ", "org:mike", "org:m\u{131}ke", "org:ss", "org:\u{DF}", "org:fi",
            "org:\u{FB01}", "org:\u{FF41}", "org:a", "org:\u{E1}", "7", "07",
        ];
        let mut tx = world.backend.begin().await;
        for scope in scopes {
            world.members.scope(scope).create(&mut tx, &world.admin, new("ada@example.com")).await.unwrap();
        }
        for scope in scopes {
            let page = world.members.scope(scope).list(&mut tx, &world.admin, &Query::new()).await.unwrap();
            assert_eq!(page.items.len(), 1, "{scope}");
            assert_eq!(page.items[0].scope, Scope::new(scope));
        }
    }

    async fn any_text_comes_back_to_the_letter_and_none_of_it_is_sql<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let mut tx = world.backend.begin().await;
        let long = "\u{1F642}".repeat(200);
        for text in [
            "'; DROP TABLE invite_invitations; --",
            "\" OR \"\"=\"",
            "x') ON CONFLICT DO NOTHING --",
            "%' OR 1=1 --",
            "?1 $1 :a @b",
            "back\\slash \\' \\0 \\x00",
            "trailing blank ",
            "\u{1F642} 日本語 Ünïcode \u{130}\u{131}",
            &long,
        ] {
            let scoped = world.members.scope(text);
            let new = new("ada@example.com").message(text).display(&json!({ "organization": text, text: 1.5 }));
            let actor = Actor::new(text);
            let created = scoped.create(&mut tx, &actor, new).await.unwrap();
            let page = scoped.list(&mut tx, &actor, &Query::new()).await.unwrap();
            assert_eq!(*page.items[0], *created);
            assert!(scoped.list(&mut tx, &actor, &Query::new().address(text)).await.unwrap().items.is_empty());
            let cancelled = scoped.cancel(&mut tx, &actor, created.id, Some(text)).await.unwrap();
            assert_eq!(cancelled.ended.as_ref().unwrap().reason.as_deref(), Some(text));
            let history = scoped.history(&mut tx, &actor, created.id).await.unwrap();
            assert_eq!((history[1].actor.id(), history[1].reason.as_deref()), (Some(text), Some(text)));
        }
    }
}
