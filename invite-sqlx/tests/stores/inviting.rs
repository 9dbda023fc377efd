//! The inviting side: create, link, resend, amend, cancel, read.

use chrono::TimeDelta;
use invite_core::{
    Accepted, Actor, Amendment, Claimant, DeliveryState, EarlierLinks, Error, InvitationId, Invitations, NewInvitation,
    OneOpen, Policy, Problem, Query, Scope, Sort, Status,
};
use serde_json::json;

use crate::support::*;

fn ada() -> Claimant {
    Claimant::new(2).verified("ada@example.com")
}

fn new(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, membership("admin"))
}

on_every_store! {
    // S1-10 to 12, S2-12 to 17, S4-37 to 42
    async fn what_is_created_is_read_back_to_the_letter<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let display = json!({ "organization": "Ünïcode & Söhne", "inviter": "Дарья", "n": [1, 2.5, null, true] });
        let created = in_a_transaction!(world, tx => {
            let new = new("Ada@Example.com").display(&display).message("Line\r\nline\ttab").locale("pt-BR");
            world.members.scope("org:7").create(&mut tx, &Actor::System, new).await.unwrap()
        });
        let mut tx = world.backend.begin().await;
        let read = world.members.scope("org:7").get(&mut tx, &world.admin, created.id).await.unwrap();
        assert_eq!(*read, *created);
        assert_eq!(read.recipient.as_given(), "Ada@Example.com");
        assert_eq!(read.display, display);
        assert_eq!(read.message.as_deref(), Some("Line\nline\ttab"));
        assert_eq!((read.status, read.delivery.state), (Status::Pending, DeliveryState::Queued));
        assert_eq!(read.expires_at - read.created_at, TimeDelta::days(7));
        assert_eq!(read.inviter, Actor::System);
    }

    // S0-27, S2-37, S4-74, S4-100; incident 43
    async fn there_is_one_open_invitation_per_scope_and_address<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let first = world.invite("ada@example.com").await.id;
        let mut tx = world.backend.begin().await;
        let answer = world.members.scope(7).create(&mut tx, &world.admin, new("ADA@EXAMPLE.COM")).await;
        assert!(matches!(answer, Err(Error::AlreadyPending(id)) if id == first), "{answer:?}");
        // The refusal has not hurt the transaction, and neither scope nor kind is mixed up.
        world.members.scope(8).create(&mut tx, &world.admin, new("ada@example.com")).await.unwrap();
        world.members.scope(7).create(&mut tx, &world.admin, new("ada.@example.com")).await.unwrap_err();
        world.members.scope(7).create(&mut tx, &world.admin, new("ada+1@example.com")).await.unwrap();
        let providers = Invitations::new(B::Store::default(), Policy::default(), world.asked.clone());
        let provider = NewInvitation::new("ada@example.com", Provider {});
        providers.scope(7).create(&mut tx, &world.admin, provider).await.unwrap();
        world.members.scope(7).cancel(&mut tx, &world.admin, first, None).await.unwrap();
        world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await.unwrap();
        B::commit(tx).await;
    }

    // S1-34: unique over the platform; and a system that wants no limit.
    async fn uniqueness_is_the_policy_s<B: Backend>() {
        let world = World::<B>::new(Policy::default().one_open(OneOpen::PerRecipient)).await;
        let first = world.invite("ada@example.com").await.id;
        let mut tx = world.backend.begin().await;
        let answer = world.members.scope(8).create(&mut tx, &world.admin, new("ada@example.com")).await;
        assert!(matches!(answer, Err(Error::AlreadyPending(id)) if id == first));
        B::rollback(tx).await;
        let world = World::<B>::new(Policy::default().one_open(OneOpen::Unlimited)).await;
        assert_ne!(world.invite("ada@example.com").await.id, world.invite("ada@example.com").await.id);
    }

    // Race 19, demand theme 6
    async fn an_expired_but_unswept_invitation_never_blocks<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let first = world.invite("ada@example.com").await.id;
        world.clock.advance(TimeDelta::days(7));
        let second = world.invite("ada@example.com").await.id;
        assert_eq!(world.history(first).await, [(1, "created"), (2, "expired")]);
        assert_eq!(world.get(second).await.status, Status::Pending);
    }

    // S3-8, S3-10, S3-37 to 50, S3-68
    async fn a_link_is_returned_once_mails_nothing_and_another_can_be_made_later<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (created, first) = in_a_transaction!(world, tx => {
            world.members.scope(7).create_with_link(&mut tx, &world.admin, new("ada@example.com")).await.unwrap()
        });
        assert_eq!(created.delivery.state, DeliveryState::NotMailed);
        assert!(world.mailed().await.is_empty());
        let later = in_a_transaction!(world, tx => {
            world.members.scope(7).new_link(&mut tx, &world.admin, created.id).await.unwrap().1
        });
        assert_ne!(first.expose_secret(), later.expose_secret());
        let mut tx = world.backend.begin().await;
        assert!(world.members.preview(&mut tx, &first).await.is_ok(), "earlier links live");
        assert!(matches!(world.members.accept(&mut tx, &later, ada()).await, Ok(Accepted::Now(_))));
        B::rollback(tx).await;
        assert_eq!(world.history(created.id).await, [(1, "created"), (2, "link_created")]);
    }

    // S1-52, S4-25, S4-102 to 104; incident 36
    async fn a_resend_retires_every_earlier_link<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, first) = world.invite_and_mail("ada@example.com").await;
        let copied = in_a_transaction!(world, tx => world.members.scope(7).new_link(&mut tx, &world.admin, id).await.unwrap().1);
        let mut letters = vec![first];
        for _ in 0..20 {
            letters.push(world.resend_and_mail(id).await);
        }
        let newest = letters.pop().unwrap();
        let mut tx = world.backend.begin().await;
        for token in letters.iter().map(|letter| letter.token()).chain([&copied]) {
            for answer in [
                world.members.preview(&mut tx, token).await.map(drop),
                world.members.accept(&mut tx, token, ada()).await.map(drop),
                world.members.reject(&mut tx, token, &Actor::Bearer, None).await.map(drop),
                world.members.mark_viewed(&mut tx, token).await.map(drop),
            ] {
                assert!(matches!(answer, Err(Error::Superseded)), "{answer:?}");
            }
        }
        assert!(matches!(world.members.accept(&mut tx, newest.token(), ada()).await, Ok(Accepted::Now(_))));
    }

    async fn a_policy_may_keep_earlier_links<B: Backend>() {
        let world = World::<B>::new(Policy::default().on_resend(EarlierLinks::Keep)).await;
        let (id, first) = world.invite_and_mail("ada@example.com").await;
        let second = world.resend_and_mail(id).await;
        let mut tx = world.backend.begin().await;
        assert!(world.members.preview(&mut tx, second.token()).await.is_ok());
        assert!(matches!(world.members.accept(&mut tx, first.token(), ada()).await, Ok(Accepted::Now(_))));
    }

    async fn a_policy_may_keep_the_last_letter_s_links_for_a_while<B: Backend>() {
        let world = World::<B>::new(Policy::default().on_resend(EarlierLinks::KeepFor(TimeDelta::hours(1)))).await;
        let (id, first) = world.invite_and_mail("ada@example.com").await;
        let second = world.resend_and_mail(id).await;
        let third = world.resend_and_mail(id).await;
        world.clock.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
        let mut tx = world.backend.begin().await;
        assert!(matches!(world.members.preview(&mut tx, first.token()).await, Err(Error::Superseded)));
        assert!(world.members.accept(&mut tx, second.token(), ada()).await.is_ok());
        B::rollback(tx).await;
        world.clock.advance(TimeDelta::microseconds(1));
        let mut tx = world.backend.begin().await;
        assert!(matches!(world.members.accept(&mut tx, second.token(), ada()).await, Err(Error::Superseded)));
        assert!(world.members.accept(&mut tx, third.token(), ada()).await.is_ok());
    }

    // S1-52, S4-69
    async fn a_resend_gives_a_fresh_life_and_never_shortens_one<B: Backend>() {
        let world = World::<B>::new(Policy::default().lifetime(TimeDelta::days(2))).await;
        let id = world.invite("ada@example.com").await.id;
        world.clock.advance(TimeDelta::days(1));
        let resent = in_a_transaction!(world, tx => world.members.scope(7).resend(&mut tx, &world.admin, id).await.unwrap());
        assert_eq!(resent.expires_at - resent.created_at, TimeDelta::days(3));
        let long = in_a_transaction!(world, tx => {
            let new = new("grace@example.com").expires_in(TimeDelta::days(30));
            world.members.scope(7).create(&mut tx, &world.admin, new).await.unwrap()
        });
        let resent = in_a_transaction!(world, tx => world.members.scope(7).resend(&mut tx, &world.admin, long.id).await.unwrap());
        assert_eq!(resent.expires_at, long.expires_at);

        let world = World::<B>::new(Policy::default().resend_extends(false)).await;
        let first = world.invite("ada@example.com").await;
        world.clock.advance(TimeDelta::days(1));
        let resent = in_a_transaction!(world, tx => world.members.scope(7).resend(&mut tx, &world.admin, first.id).await.unwrap());
        assert_eq!(resent.expires_at, first.expires_at);
    }

    async fn resends_wait_for_the_cool_down<B: Backend>() {
        let world = World::<B>::new(Policy::default().resend_cooldown(TimeDelta::minutes(10))).await;
        let id = world.invite("ada@example.com").await.id;
        in_a_transaction!(world, tx => world.members.scope(7).resend(&mut tx, &world.admin, id).await.unwrap());
        world.clock.advance(TimeDelta::minutes(4));
        let mut tx = world.backend.begin().await;
        match world.members.scope(7).resend(&mut tx, &world.admin, id).await {
            Err(Error::LimitReached { retry_after }) => assert_eq!(retry_after.as_secs(), 360),
            other => panic!("{other:?}"),
        }
        B::rollback(tx).await;
        world.clock.advance(TimeDelta::minutes(6));
        in_a_transaction!(world, tx => world.members.scope(7).resend(&mut tx, &world.admin, id).await.unwrap());
    }

    // S1-74
    async fn an_amendment_changes_what_it_names_and_links_live<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let amendment = Amendment::new().payload(membership("viewer")).message("Sorry").expires_in(TimeDelta::hours(1));
        let amended = in_a_transaction!(world, tx => {
            world.members.scope(7).amend(&mut tx, &world.admin, id, &amendment).await.unwrap()
        });
        assert_eq!(amended.payload().unwrap(), membership("viewer"));
        assert_eq!(amended.message.as_deref(), Some("Sorry"));
        let without = Amendment::new().message(" \r\n");
        let amended = in_a_transaction!(world, tx => {
            world.members.scope(7).amend(&mut tx, &world.admin, id, &without).await.unwrap()
        });
        assert_eq!((amended.message.as_deref(), amended.payload().unwrap()), (None, membership("viewer")));
        assert_eq!(*world.get(id).await, *amended);
        let mut tx = world.backend.begin().await;
        let nothing = world.members.scope(7).amend(&mut tx, &world.admin, id, &Amendment::new()).await;
        assert!(matches!(nothing, Err(Error::Invalid { field: "amendment", problem: Problem::Empty })));
        B::rollback(tx).await;
        assert_eq!(amended.expires_at - amended.created_at, TimeDelta::hours(1));
        let mut tx = world.backend.begin().await;
        let accepted = world.members.accept(&mut tx, letter.token(), ada()).await.unwrap().into_acceptance();
        assert_eq!(accepted.invitation.payload().unwrap(), membership("viewer"));
        B::commit(tx).await;
        let mut tx = world.backend.begin().await;
        let answer = world.members.scope(7).amend(&mut tx, &world.admin, id, &amendment).await;
        assert!(matches!(answer, Err(Error::IllegalTransition { status: Status::Accepted, .. })), "{answer:?}");
    }

    // Incident 32: a letter mailed to one address never opens what belongs to another.
    async fn a_new_address_retires_all_links_and_takes_its_place_among_the_open<B: Backend>() {
        let world = World::<B>::new(Policy::default().on_resend(EarlierLinks::Keep)).await;
        let (id, letter) = world.invite_and_mail("eda@example.com").await;
        let other = world.invite("grace@example.com").await.id;
        world.mailed().await;
        let mut tx = world.backend.begin().await;
        let taken = Amendment::new().email("Grace@example.com");
        let answer = world.members.scope(7).amend(&mut tx, &world.admin, id, &taken).await;
        assert!(matches!(answer, Err(Error::AlreadyPending(id)) if id == other), "{answer:?}");
        let corrected = Amendment::new().email("ada@example.com");
        let amended = world.members.scope(7).amend(&mut tx, &world.admin, id, &corrected).await.unwrap();
        assert_eq!(amended.recipient.canonical(), "ada@example.com");
        let answer = world.members.preview(&mut tx, letter.token()).await;
        assert!(matches!(answer, Err(Error::Superseded)), "{answer:?}");
        B::commit(tx).await;
        world.invite("eda@example.com").await;
        world.mailed().await;
        let letter = world.resend_and_mail(id).await;
        assert_eq!(letter.recipient().canonical(), "ada@example.com");
        let mut tx = world.backend.begin().await;
        assert!(matches!(world.members.accept(&mut tx, letter.token(), ada()).await, Ok(Accepted::Now(_))));
    }

    // S4-29, S4-30, S4-105, S4-106; incident 37
    async fn a_cancelled_invitation_s_links_are_dead_at_once_and_say_so<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let link = in_a_transaction!(world, tx => world.members.scope(7).new_link(&mut tx, &world.admin, id).await.unwrap().1);
        in_a_transaction!(world, tx => world.members.scope(7).cancel(&mut tx, &world.admin, id, Some("left")).await.unwrap());
        let again = in_a_transaction!(world, tx => world.members.scope(7).cancel(&mut tx, &world.admin, id, None).await.unwrap());
        assert_eq!(again.ended.as_ref().unwrap().reason.as_deref(), Some("left"), "the same actor, the same answer");
        let mut tx = world.backend.begin().await;
        for token in [letter.token(), &link] {
            let answer = world.members.accept(&mut tx, token, ada()).await;
            assert!(matches!(answer, Err(Error::Cancelled)), "{answer:?}");
        }
        let scoped = world.members.scope(7);
        for answer in [
            scoped.cancel(&mut tx, &Actor::new(5), id, None).await.map(drop),
            scoped.resend(&mut tx, &world.admin, id).await.map(drop),
            scoped.new_link(&mut tx, &world.admin, id).await.map(drop),
            scoped.amend(&mut tx, &world.admin, id, &Amendment::new().message("x")).await.map(drop),
        ] {
            assert!(matches!(answer, Err(Error::IllegalTransition { status: Status::Cancelled, .. })), "{answer:?}");
        }
        B::rollback(tx).await;
        assert!(world.mailed().await.is_empty());
        assert_eq!(world.history(id).await, [(1, "created"), (2, "link_created"), (3, "cancelled")]);
    }

    // S0-39, S4-50 to 55; incidents 17, 38
    async fn an_id_of_another_scope_is_not_found_whatever_one_does_with_it<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let id = world.invite("ada@example.com").await.id;
        let before = world.get(id).await;
        let providers = Invitations::<_, Provider>::new(B::Store::default(), Policy::default(), world.asked.clone());
        let mut tx = world.backend.begin().await;
        let other = world.members.scope("70");
        let kind = providers.scope(7);
        for answer in [
            other.get(&mut tx, &world.admin, id).await.map(drop),
            other.history(&mut tx, &world.admin, id).await.map(drop),
            other.new_link(&mut tx, &world.admin, id).await.map(drop),
            other.resend(&mut tx, &world.admin, id).await.map(drop),
            other.amend(&mut tx, &world.admin, id, &Amendment::new().message("x")).await.map(drop),
            other.cancel(&mut tx, &world.admin, id, None).await.map(drop),
            kind.get(&mut tx, &world.admin, id).await.map(drop),
            kind.history(&mut tx, &world.admin, id).await.map(drop),
            kind.cancel(&mut tx, &world.admin, id, None).await.map(drop),
            kind.resend(&mut tx, &world.admin, id).await.map(drop),
        ] {
            assert!(matches!(answer, Err(Error::NotFound)), "{answer:?}");
        }
        assert!(other.list(&mut tx, &world.admin, &Query::new()).await.unwrap().items.is_empty());
        assert!(kind.list(&mut tx, &world.admin, &Query::new()).await.unwrap().items.is_empty());
        B::rollback(tx).await;
        assert_eq!(*world.get(id).await, *before);
    }

    // S0-25, S1-87; incidents 23, 24
    async fn the_authority_is_asked_exactly_once_before_each_call_and_a_refusal_writes_nothing<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let id = world.invite("ada@example.com").await.id;
        world.asked.take();
        let mut tx = world.backend.begin().await;
        let scoped = world.members.scope(7);
        let amendment = Amendment::new().message("x");
        for refusal in [Some("not_owner"), None] {
            world.asked.refuse(refusal);
            let answers = [
                scoped.get(&mut tx, &world.admin, id).await.map(drop),
                scoped.list(&mut tx, &world.admin, &Query::new()).await.map(drop),
                scoped.history(&mut tx, &world.admin, id).await.map(drop),
                scoped.create(&mut tx, &world.admin, new("x@example.com")).await.map(drop),
                scoped.create_with_link(&mut tx, &world.admin, new("y@example.com")).await.map(drop),
                scoped.new_link(&mut tx, &world.admin, id).await.map(drop),
                scoped.resend(&mut tx, &world.admin, id).await.map(drop),
                scoped.amend(&mut tx, &world.admin, id, &amendment).await.map(drop),
                scoped.cancel(&mut tx, &world.admin, id, None).await.map(drop),
            ];
            for answer in answers {
                match refusal {
                    Some(_) => assert!(matches!(answer, Err(Error::NotPermitted(why)) if why == "not_owner")),
                    None => assert!(answer.is_ok(), "{answer:?}"),
                }
            }
            let asked = world.asked.take();
            assert_eq!(asked, ["read", "read", "read", "create", "create", "new_link", "resend", "amend", "cancel"]);
            if refusal.is_some() {
                world.asked.refuse(None);
                assert_eq!(scoped.list(&mut tx, &world.admin, &Query::new()).await.unwrap().items.len(), 1);
                assert_eq!(scoped.history(&mut tx, &world.admin, id).await.unwrap().len(), 1);
                world.asked.take();
            }
        }
    }

    // Incidents 34, 60, 63, 70, 72
    async fn bad_input_is_a_typed_refusal_before_anybody_is_asked<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        world.asked.take();
        let ok = || new("ada@example.com");
        let long = "x".repeat(5_001);
        let cases = [
            ("recipient", new("")),
            ("recipient", new("ada@example.com,eve@example.com")),
            ("recipient", new("\"ada\"@example.com")),
            ("recipient", new(&"a".repeat(1_000_000))),
            ("message", ok().message(&long)),
            ("message", ok().message("x".repeat(10_000_000))),
            ("message", ok().message("a\u{0}b")),
            ("message", ok().message("a\rb")),
            ("message", ok().message("a\u{202E}b")),
            ("display", ok().display(&json!({ "organization": "x\r\nBcc: eve@example.com" }))),
            ("display", ok().display(&json!({ "organization": "x".repeat(201) }))),
            ("display", ok().display(&json!(vec!["x".repeat(200); 100]))),
            ("locale", ok().locale("")),
            ("locale", ok().locale("en/../..")),
            ("payload", NewInvitation::new("ada@example.com", membership(&"x".repeat(20_000)))),
            ("payload", NewInvitation::new("ada@example.com", membership("\0"))),
            ("lifetime", ok().expires_in(TimeDelta::zero())),
            ("lifetime", ok().expires_in(TimeDelta::seconds(-1))),
            ("lifetime", ok().expires_in(TimeDelta::days(91))),
            ("lifetime", ok().expires_in(TimeDelta::MAX)),
            ("lifetime", ok().expires_in(TimeDelta::MIN)),
            ("lifetime", ok().expires_in(TimeDelta::milliseconds(i64::MAX))),
        ];
        let mut tx = world.backend.begin().await;
        for (field, new) in cases {
            let answer = world.members.scope(7).create(&mut tx, &world.admin, new).await;
            assert!(matches!(answer, Err(Error::Invalid { field: named, .. }) if named == field), "{field}: {answer:?}");
        }
        let blank_scope = world.members.scope(" ").create(&mut tx, &world.admin, ok()).await;
        assert!(matches!(blank_scope, Err(Error::Invalid { field: "scope", problem: Problem::Empty })));
        let long_scope = world.members.scope(Scope::new("s".repeat(201))).create(&mut tx, &world.admin, ok()).await;
        assert!(matches!(long_scope, Err(Error::Invalid { field: "scope", problem: Problem::TooLong { max: 200 } })));
        let nobody = world.members.scope(7).create(&mut tx, &Actor::new("a\nb"), ok()).await;
        assert!(matches!(nobody, Err(Error::Invalid { field: "actor", .. })));
        assert!(world.asked.take().is_empty());
        let id: InvitationId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        let reason = world.members.scope(7).cancel(&mut tx, &world.admin, id, Some("x\ny")).await;
        assert!(matches!(reason, Err(Error::Invalid { field: "reason", .. })));
        let unknown = world.members.scope(7).cancel(&mut tx, &world.admin, id, Some("y")).await;
        assert!(matches!(unknown, Err(Error::NotFound)));
        assert!(world.members.scope(7).list(&mut tx, &world.admin, &Query::new()).await.unwrap().items.is_empty());
    }

    // S1-47 to 51, S3-11 to 14; keyset pages, rows of one instant among them.
    async fn pages_show_every_row_once_in_order_even_rows_of_one_instant<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let mut tx = world.backend.begin().await;
        for n in 0..25 {
            if n % 5 == 0 {
                world.clock.advance(TimeDelta::seconds(1));
            }
            let new = new(&format!("p{}@example.com", 24 - n)).expires_in(TimeDelta::hours(100 - n / 5 * 2));
            world.members.scope(7).create(&mut tx, &world.admin, new).await.unwrap();
        }
        for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
            let mut seen = Vec::new();
            let mut query = Query::new().sort(sort).limit(4);
            loop {
                let page = world.members.scope(7).list(&mut tx, &world.admin, &query).await.unwrap();
                assert!(page.items.len() <= 4);
                seen.extend(page.items);
                let Some(next) = page.next else { break };
                let again: invite_core::Cursor = next.to_string().parse().unwrap();
                assert_eq!(again, next);
                query = query.after(again);
            }
            let mut sorted = seen.clone();
            sorted.sort_by(|a, b| match sort {
                Sort::NewestFirst => (b.created_at, b.id).cmp(&(a.created_at, a.id)),
                Sort::OldestFirst => (a.created_at, a.id).cmp(&(b.created_at, b.id)),
                Sort::ExpiresFirst => (a.expires_at, a.id).cmp(&(b.expires_at, b.id)),
                Sort::Address => a.recipient.canonical().cmp(b.recipient.canonical()),
            });
            let ids = |list: &[invite_core::Invitation<Membership>]| list.iter().map(|i| i.id).collect::<Vec<_>>();
            assert_eq!(seen.len(), 25, "{sort:?}");
            assert_eq!(ids(&seen), ids(&sorted), "{sort:?}");
        }
        let page = world.members.scope(7).list(&mut tx, &world.admin, &Query::new().limit(4)).await.unwrap();
        let wrong = Query::new().sort(Sort::Address).after(page.next.unwrap());
        let answer = world.members.scope(7).list(&mut tx, &world.admin, &wrong).await;
        assert!(matches!(answer, Err(Error::Invalid { field: "cursor", .. })));
        for text in ["", "x", "AAAA", &"A".repeat(1_000), "%%%"] {
            assert!(text.parse::<invite_core::Cursor>().is_err());
        }
    }

    async fn lists_filter_by_status_address_and_time_left<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let mut ids = Vec::new();
        for (n, days) in [1, 3, 5, 20].into_iter().enumerate() {
            let invitation = in_a_transaction!(world, tx => {
                let new = new(&format!("Person{n}@Example.com")).expires_in(TimeDelta::days(days));
                world.members.scope(7).create(&mut tx, &world.admin, new).await.unwrap()
            });
            ids.push(invitation.id);
        }
        in_a_transaction!(world, tx => world.members.scope(7).cancel(&mut tx, &world.admin, ids[2], None).await.unwrap());
        world.clock.advance(TimeDelta::days(2));
        let mut tx = world.backend.begin().await;
        for (query, wanted) in [
            (Query::new().status(Status::Pending), vec![1, 3]),
            (Query::new().status(Status::Expired), vec![0]),
            (Query::new().status(Status::Cancelled).status(Status::Expired).status(Status::Expired), vec![0, 2]),
            (Query::new().status(Status::Accepted), vec![]),
            (Query::new().expiring_within(TimeDelta::days(2)), vec![1]),
            (Query::new().expiring_within(TimeDelta::MAX), vec![1, 3]),
            (Query::new().address("SON1@EX"), vec![1]),
            (Query::new().address("%"), vec![]),
            (Query::new().address("_"), vec![]),
            (Query::new().address("' OR 1=1 --"), vec![]),
            (Query::new(), vec![0, 1, 2, 3]),
        ] {
            let page = world.members.scope(7).list(&mut tx, &world.admin, &query.clone().sort(Sort::Address)).await.unwrap();
            let found: Vec<_> = page.items.iter().map(|found| ids.iter().position(|id| *id == found.id).unwrap()).collect();
            assert_eq!(found, wanted, "{query:?}");
        }
    }
}
