//! The invited side: preview, accept, reject, view; by link and by id.

use crate::support::*;
use chrono::TimeDelta;
use invite_core::{
    Accepted, Acceptor, Actor, Claimant, EarlierLinks, Error, Invitations, NewInvitation, Policy, Status, Token,
    TokenFormat, Unchecked,
};

fn ada() -> Claimant {
    Claimant::new(2).verified("ada@example.com")
}

on_every_store! {
    // S0-24, S2-40 to 46, S4-16, S4-82 to 84
    async fn an_invitation_is_previewed_without_being_used_and_accepted_once<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("Ada@Example.com").await;
        let token = letter.token();
        for _ in 0..20 {
            let mut tx = world.backend.begin().await;
            let preview = world.members.preview(&mut tx, token).await.unwrap();
            assert_eq!(preview.payload().unwrap().role, "admin");
            assert_eq!(preview.masked_recipient(), "a***@example.com");
            assert_eq!(preview.proved_recipient().unwrap().as_given(), "Ada@Example.com");
        }
        assert_eq!(world.get(id).await.status, Status::Pending);

        let accepted = in_a_transaction!(world, tx => world.members.accept(&mut tx, token, ada()).await.unwrap());
        let Accepted::Now(acceptance) = accepted else { panic!("the first click") };
        assert!(acceptance.address_proved);
        assert_eq!(acceptance.invitation.payload().unwrap(), membership("admin"));
        assert_eq!(acceptance.invitation.ended.as_ref().unwrap().by, Actor::new(2));
        assert_eq!(acceptance.invitation.scope.as_str(), "7");
        assert_eq!(world.history(id).await, [(1, "created"), (2, "accepted")]);
    }

    // Demand theme 1; races 1, 2, 14
    async fn the_same_person_gets_the_same_answer_again_and_others_do_not<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let first = in_a_transaction!(world, tx => world.members.accept(&mut tx, letter.token(), ada()).await.unwrap());
        world.clock.advance(TimeDelta::days(30));
        for _ in 0..100 {
            let mut tx = world.backend.begin().await;
            let again = world.members.accept(&mut tx, letter.token(), ada()).await.unwrap();
            let Accepted::Before(again) = again else { panic!("accepted twice") };
            assert_eq!(*again.invitation, *first.clone().into_acceptance().invitation);
            assert!(again.address_proved);
        }
        let mut tx = world.backend.begin().await;
        let other = Claimant::new(3).verified("ada@example.com");
        let answer = world.members.accept(&mut tx, letter.token(), other).await;
        assert!(matches!(answer, Err(Error::AlreadyAccepted)), "{answer:?}");
        let answer = world.members.preview(&mut tx, letter.token()).await;
        assert!(matches!(answer, Err(Error::AlreadyAccepted)), "{answer:?}");
        B::rollback(tx).await;
        assert_eq!(world.history(id).await.len(), 2);
    }

    // Incidents 19, 20, 42
    async fn only_the_invited_and_verified_address_may_accept<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let token = letter.token();
        let mut tx = world.backend.begin().await;
        for (claimant, unverified) in [
            (Claimant::new(2), false),
            (Claimant::new(2).verified("eve@example.com"), false),
            (Claimant::new(2).verified("not an address"), false),
            (Claimant::new(2).verified("eve@example.com").unverified("ada@example.com"), true),
            (Claimant::new(2).unverified("ada@example.com"), true),
        ] {
            match world.members.accept(&mut tx, token, claimant).await {
                Err(Error::EmailNotVerified) => assert!(unverified),
                Err(Error::WrongRecipient) => assert!(!unverified),
                other => panic!("{other:?}"),
            }
        }
        let many = (0..7).fold(Claimant::new(2), |claimant, n| claimant.verified(&format!("x{n}@example.com")));
        let answer = world.members.accept(&mut tx, token, many.clone().verified("y@example.com").verified("ada@example.com")).await;
        assert!(matches!(answer, Err(Error::Invalid { field: "claimant", .. })), "{answer:?}");
        assert!(world.members.accept(&mut tx, token, many.verified("ADA@example.com")).await.is_ok());
        B::rollback(tx).await;
        assert_eq!(world.get(id).await.status, Status::Pending, "rolled back");
    }

    // Incident 21: a mailed token proves the mailbox, a copied link does not.
    async fn a_mailed_token_proves_the_address_of_a_new_account_and_a_link_does_not<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let link = in_a_transaction!(world, tx => world.members.scope(7).new_link(&mut tx, &world.admin, id).await.unwrap().1);
        let mut tx = world.backend.begin().await;
        assert!(world.members.preview(&mut tx, &link).await.unwrap().proved_recipient().is_none());
        let signing_up = || Claimant::new_account(2, "ada@example.com");
        let answer = world.members.accept(&mut tx, &link, signing_up()).await;
        assert!(matches!(answer, Err(Error::EmailNotVerified)), "{answer:?}");
        let answer = world.members.accept(&mut tx, letter.token(), Claimant::new_account(2, "eve@example.com")).await;
        assert!(matches!(answer, Err(Error::WrongRecipient)), "{answer:?}");
        let accepted = world.members.accept(&mut tx, letter.token(), signing_up()).await.unwrap();
        assert!(accepted.into_acceptance().address_proved);
        B::rollback(tx).await;
        let mut tx = world.backend.begin().await;
        let accepted = world.members.accept(&mut tx, &link, ada()).await.unwrap();
        assert!(!accepted.into_acceptance().address_proved, "whoever invites has seen this link");
    }

    async fn a_policy_may_admit_the_domain_or_whoever_holds_the_link<B: Backend>() {
        let world = World::<B>::new(Policy::default().acceptor(Acceptor::SameDomain)).await;
        let (_, letter) = world.invite_and_mail("ada@example.com").await;
        let mut tx = world.backend.begin().await;
        // Incident 28
        for outsider in ["a@attacker-example.com", "a@example.com.evil.org", "a@sub.example.com", "example.com@evil.org"] {
            let answer = world.members.accept(&mut tx, letter.token(), Claimant::new(2).verified(outsider)).await;
            assert!(matches!(answer, Err(Error::WrongRecipient)), "{outsider}: {answer:?}");
        }
        assert!(world.members.accept(&mut tx, letter.token(), Claimant::new(2).verified("grace@EXAMPLE.com")).await.is_ok());
        B::rollback(tx).await;

        let world = World::<B>::new(Policy::default().acceptor(Acceptor::Bearer)).await;
        let (_, letter) = world.invite_and_mail("ada@example.com").await;
        let mut tx = world.backend.begin().await;
        assert!(world.members.accept(&mut tx, letter.token(), Claimant::new(2)).await.is_ok());
    }

    // Incident 33: no sweep has run.
    async fn expiry_is_exact_to_the_microsecond_and_needs_no_sweep<B: Backend>() {
        let world = World::<B>::new(Policy::default().lifetime(TimeDelta::hours(1))).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        world.clock.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
        let mut tx = world.backend.begin().await;
        assert!(world.members.accept(&mut tx, letter.token(), ada()).await.is_ok());
        B::rollback(tx).await;
        world.clock.advance(TimeDelta::microseconds(1));
        let mut tx = world.backend.begin().await;
        let expired = |answer: Result<(), Error>| assert!(matches!(answer, Err(Error::Expired { .. })), "{answer:?}");
        expired(world.members.preview(&mut tx, letter.token()).await.map(drop));
        expired(world.members.accept(&mut tx, letter.token(), ada()).await.map(drop));
        expired(world.members.accept_by_id(&mut tx, id, ada()).await.map(drop));
        expired(world.members.reject(&mut tx, letter.token(), &Actor::Bearer, None).await.map(drop));
        expired(world.members.mark_viewed(&mut tx, letter.token()).await.map(drop));
        B::rollback(tx).await;
        assert_eq!(world.get(id).await.status, Status::Expired, "as seen, though not yet swept");
        assert_eq!(world.worker.tick().await.unwrap().expired, 1);
        assert_eq!(world.history(id).await, [(1, "created"), (2, "expired")]);
    }

    // S0-73, S2-42; the link is dead, and the same person hears the same.
    async fn declining_ends_it_with_a_reason<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let token = letter.token();
        in_a_transaction!(world, tx => world.members.reject(&mut tx, token, &Actor::Bearer, Some("no time")).await.unwrap());
        let again = in_a_transaction!(world, tx => world.members.reject(&mut tx, token, &Actor::Bearer, None).await.unwrap());
        assert_eq!(again.ended.as_ref().unwrap().reason.as_deref(), Some("no time"));
        let mut tx = world.backend.begin().await;
        for answer in [
            world.members.reject(&mut tx, token, &Actor::new(9), None).await.map(drop),
            world.members.accept(&mut tx, token, ada()).await.map(drop),
            world.members.preview(&mut tx, token).await.map(drop),
        ] {
            assert!(matches!(answer, Err(Error::Rejected)), "{answer:?}");
        }
        B::rollback(tx).await;
        assert_eq!(world.history(id).await, [(1, "created"), (2, "rejected")]);
    }

    async fn a_policy_may_forbid_declining<B: Backend>() {
        let world = World::<B>::new(Policy::default().may_decline(false)).await;
        let (_, letter) = world.invite_and_mail("ada@example.com").await;
        let mut tx = world.backend.begin().await;
        let answer = world.members.reject(&mut tx, letter.token(), &Actor::Bearer, None).await;
        assert!(matches!(answer, Err(Error::NotPermitted(why)) if why == "may_not_decline"));
    }

    // S0-35, S0-51
    async fn a_verified_person_finds_and_answers_without_a_link<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let first = world.invite("ada@example.com").await.id;
        world.clock.advance(TimeDelta::seconds(1));
        let second = in_a_transaction!(world, tx => {
            let new = NewInvitation::new("ADA@example.com", membership("viewer"));
            world.members.scope(8).create(&mut tx, &world.admin, new).await.unwrap().id
        });
        let foreign = world.invite("eve@example.com").await.id;

        let mut tx = world.backend.begin().await;
        let found = world.members.addressed_to(&mut tx, &ada()).await.unwrap();
        assert_eq!(found.iter().map(|invitation| invitation.id).collect::<Vec<_>>(), [second, first]);
        let unverified = Claimant::new(2).unverified("ada@example.com");
        assert!(matches!(world.members.addressed_to(&mut tx, &unverified).await, Err(Error::EmailNotVerified)));
        assert!(matches!(world.members.accept_by_id(&mut tx, first, unverified).await, Err(Error::EmailNotVerified)));
        assert!(matches!(world.members.accept_by_id(&mut tx, foreign, ada()).await, Err(Error::NotFound)));
        assert!(matches!(world.members.reject_by_id(&mut tx, foreign, ada(), None).await, Err(Error::NotFound)));
        B::rollback(tx).await;

        let accepted = in_a_transaction!(world, tx => world.members.accept_by_id(&mut tx, first, ada()).await.unwrap());
        assert!(matches!(&accepted, Accepted::Now(acceptance) if !acceptance.address_proved));
        let again = in_a_transaction!(world, tx => world.members.accept_by_id(&mut tx, first, ada()).await.unwrap());
        assert!(matches!(again, Accepted::Before(_)));
        in_a_transaction!(world, tx => world.members.reject_by_id(&mut tx, second, ada(), None).await.unwrap());
        in_a_transaction!(world, tx => world.members.reject_by_id(&mut tx, second, ada(), None).await.unwrap());
        let mut tx = world.backend.begin().await;
        assert!(matches!(world.members.accept_by_id(&mut tx, second, ada()).await, Err(Error::Rejected)));
        assert!(world.members.addressed_to(&mut tx, &ada()).await.unwrap().is_empty());
    }

    // Even where links may be used by anybody, an id is not a capability. Incident 03
    async fn an_id_opens_nothing_for_another_person<B: Backend>() {
        let world = World::<B>::new(Policy::default().acceptor(Acceptor::Bearer)).await;
        let id = world.invite("ada@example.com").await.id;
        let mut tx = world.backend.begin().await;
        let eve = Claimant::new(3).verified("eve@example.com");
        assert!(matches!(world.members.accept_by_id(&mut tx, id, eve).await, Err(Error::NotFound)));
    }

    // Incident 18
    async fn a_token_of_one_kind_or_format_is_unknown_to_another<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (_, letter) = world.invite_and_mail("ada@example.com").await;
        let providers = Invitations::<_, Provider>::new(B::Store::default(), Policy::default(), Unchecked).clock(world.clock.clone());
        let hex = Invitations::<_, Membership>::new(
            B::Store::default(), Policy::default().token_format(TokenFormat::Hex), Unchecked,
        ).clock(world.clock.clone());
        let unknown: Token = "inv1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K".parse().unwrap();
        let mut tx = world.backend.begin().await;
        for answer in [
            providers.preview(&mut tx, letter.token()).await.map(drop),
            providers.accept(&mut tx, letter.token(), ada()).await.map(drop),
            hex.preview(&mut tx, letter.token()).await.map(drop),
            hex.reject(&mut tx, letter.token(), &Actor::Bearer, None).await.map(drop),
            world.members.preview(&mut tx, &unknown).await.map(drop),
            world.members.accept(&mut tx, &unknown, ada()).await.map(drop),
            world.members.mark_viewed(&mut tx, &unknown).await.map(drop),
        ] {
            assert!(matches!(answer, Err(Error::NotFound)), "{answer:?}");
        }
    }

    // S4-4, S4-83
    async fn a_look_is_recorded_once_per_letter_and_is_no_change<B: Backend>() {
        let world = World::<B>::new(Policy::default().on_resend(EarlierLinks::Keep)).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        assert!(in_a_transaction!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await.unwrap()));
        assert!(!in_a_transaction!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await.unwrap()));
        world.resend_and_mail(id).await;
        assert!(in_a_transaction!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await.unwrap()));
        assert_eq!(world.history(id).await, [(1, "created"), (1, "viewed"), (2, "resent"), (2, "viewed")]);
    }

    // Incident 27, 25: the host refuses after `accept`.
    async fn when_the_host_rolls_back_the_invitation_is_open_and_the_link_works<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let mut tx = world.backend.begin().await;
        assert!(matches!(world.members.accept(&mut tx, letter.token(), ada()).await, Ok(Accepted::Now(_))));
        B::rollback(tx).await;
        assert_eq!(world.history(id).await, [(1, "created")]);
        assert_eq!(world.get(id).await.status, Status::Pending);
        let accepted = in_a_transaction!(world, tx => world.members.accept(&mut tx, letter.token(), ada()).await.unwrap());
        assert!(matches!(accepted, Accepted::Now(_)));
    }

    async fn writing_outside_a_transaction_is_refused_and_writes_nothing<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let (members, admin, token) = (&world.members, &world.admin, letter.token());
        world.asked.take();
        world.backend.with_connection(async |conn| {
            let new = || NewInvitation::new("grace@example.com", membership("admin"));
            let answers = [
                members.scope(7).create(conn, admin, new()).await.map(drop),
                members.scope(7).create_with_link(conn, admin, new()).await.map(drop),
                members.scope(7).new_link(conn, admin, id).await.map(drop),
                members.scope(7).resend(conn, admin, id).await.map(drop),
                members.scope(7).amend(conn, admin, id, &invite_core::Amendment::new().message("x")).await.map(drop),
                members.scope(7).cancel(conn, admin, id, None).await.map(drop),
                members.accept(conn, token, ada()).await.map(drop),
                members.reject(conn, token, &Actor::Bearer, None).await.map(drop),
                members.mark_viewed(conn, token).await.map(drop),
                members.accept_by_id(conn, id, ada()).await.map(drop),
                members.reject_by_id(conn, id, ada(), None).await.map(drop),
                invite_core::testing::deliver(members, conn, id).await.map(drop),
            ];
            for answer in answers {
                assert!(matches!(answer, Err(Error::NotInTransaction)), "{answer:?}");
            }
            assert!(members.preview(conn, token).await.is_ok(), "reading is free");
        }).await;
        assert!(world.asked.take().is_empty());
        assert_eq!(world.history(id).await, [(1, "created")]);
    }
}
