//! What core refuses before a store is asked. No store can get this wrong, so the suite for stores leaves it out.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use data_encoding::BASE64URL_NOPAD;
use invite_core::{
    Action, Actor, Amendment, Authority, Claimant, Cursor, Denial, Error, Field, InvitationId, InvitationQuery,
    Invitations, Kind, Linked, NewInvitation, Policy, Problem, Scope, Sort, Token, TokenFormat,
    memory::{Memory, MemoryConn, MemoryStore},
    testing::{self, ManualClock},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Membership {
    role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

fn membership(role: &str) -> Membership {
    Membership { role: role.into() }
}

fn new(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, membership("admin"))
}

fn ada() -> Claimant {
    Claimant::new(2).verified("ada@example.com")
}

/// An authority that allows everything and records what it was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<&'static str>>>);

impl Asked {
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Authority<MemoryConn, Membership> for Asked {
    async fn authorize(
        &self,
        _: &mut MemoryConn,
        _: &Actor,
        _: &Scope,
        action: &Action<'_, Membership>,
    ) -> Result<(), Denial> {
        self.0.lock().unwrap().push(match action {
            Action::Read => "read",
            Action::Create(_) => "create",
            Action::Resend(_) => "resend",
            Action::Amend(..) => "amend",
            Action::Cancel(_) => "cancel",
            Action::NewLink(_) => "new_link",
            Action::Renew(_) | _ => "another action",
        });
        Ok(())
    }
}

/// A host with a memory of its own.
struct Host {
    memory: Memory,
    clock: ManualClock,
    asked: Asked,
    members: Invitations<MemoryStore, Membership>,
    admin: Actor,
}

impl Host {
    fn new(policy: Policy) -> Self {
        let (clock, asked) = (ManualClock::default(), Asked::default());
        let members = Invitations::new(MemoryStore, policy, asked.clone()).clock(clock.clone());
        Self { memory: Memory::default(), clock, asked, members, admin: Actor::new(1) }
    }

    /// Invites to scope 7 and returns the token that a letter would carry.
    async fn invited(&self, email: &str) -> (InvitationId, Token) {
        let mut tx = self.memory.begin().await;
        let id = self.members.scope(7).create(&mut tx, &self.admin, new(email)).await.unwrap().id;
        let token = testing::deliver(&self.members, &mut tx, id).await.unwrap();
        tx.commit();
        (id, token)
    }

    /// Where the second page of two rows begins, newest first.
    async fn second_page(&self) -> Cursor {
        self.invited("ada@example.com").await;
        self.clock.advance(TimeDelta::seconds(1));
        self.invited("grace@example.com").await;
        let mut conn = self.memory.connection();
        let page = self.members.scope(7).list(&mut conn, &self.admin, &InvitationQuery::new().limit(1)).await.unwrap();
        page.next.expect("a second page")
    }
}

#[tokio::test]
async fn the_authority_is_asked_exactly_once_before_each_call() {
    let host = Host::new(Policy::default());
    let (id, _) = host.invited("ada@example.com").await;
    let (scoped, admin) = (host.members.scope(7), &host.admin);
    host.asked.take();
    let mut tx = host.memory.begin().await;
    scoped.get(&mut tx, admin, id).await.unwrap();
    scoped.list(&mut tx, admin, &InvitationQuery::new()).await.unwrap();
    scoped.history(&mut tx, admin, id).await.unwrap();
    scoped.create(&mut tx, admin, new("x@example.com")).await.unwrap();
    scoped.create_with_link(&mut tx, admin, new("y@example.com")).await.unwrap();
    scoped.new_link(&mut tx, admin, id).await.unwrap();
    scoped.resend(&mut tx, admin, id).await.unwrap();
    scoped.amend(&mut tx, admin, id, &Amendment::new().message("x")).await.unwrap();
    scoped.cancel(&mut tx, admin, id, None).await.unwrap();
    tx.commit();
    let wanted = ["read", "read", "read", "create", "create", "new_link", "resend", "amend", "cancel"];
    assert_eq!(host.asked.take(), wanted);
}

/// So many arrays in each other.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!("deep"), |inner, _| json!([inner]))
}

// Several recipients in one field, line breaks that would be headers, directional marks, and input without an end.
#[tokio::test]
async fn bad_input_is_refused_before_anybody_is_asked() {
    let host = Host::new(Policy::default());
    let ok = || new("ada@example.com");
    let bad = [
        (Field::Recipient, new("")),
        (Field::Recipient, new("ada.@example.com")),
        (Field::Recipient, new("ada@example.com,eve@example.com")),
        (Field::Recipient, new("\"ada\"@example.com")),
        (Field::Recipient, new(&"a".repeat(1_000_000))),
        (Field::Message, ok().message("x".repeat(5_001))),
        (Field::Message, ok().message("x".repeat(10_000_000))),
        (Field::Message, ok().message("a\u{0}b")),
        (Field::Message, ok().message("a\rb")),
        (Field::Message, ok().message("a\u{202E}b")),
        (Field::Display, ok().display(&json!({ "organization": "x\r\nBcc: eve@example.com" }))),
        (Field::Display, ok().display(&json!({ "organization": "x".repeat(201) }))),
        (Field::Display, ok().display(&json!(vec!["x".repeat(200); 100]))),
        (Field::Display, ok().display(&nested(31))),
        (Field::Payload, NewInvitation::new("ada@example.com", membership(&"x".repeat(20_000)))),
        (Field::Payload, NewInvitation::new("ada@example.com", membership("\0"))),
        (Field::Lifetime, ok().expires_in(TimeDelta::zero())),
        (Field::Lifetime, ok().expires_in(TimeDelta::seconds(-1))),
        (Field::Lifetime, ok().expires_in(TimeDelta::days(91))),
        (Field::Lifetime, ok().expires_in(TimeDelta::MAX)),
        (Field::Lifetime, ok().expires_in(TimeDelta::MIN)),
        (Field::Lifetime, ok().expires_in(TimeDelta::milliseconds(i64::MAX))),
    ];
    let mut tx = host.memory.begin().await;
    for (bad, new) in bad {
        let answer = host.members.scope(7).create(&mut tx, &host.admin, new).await;
        assert!(matches!(answer, Err(Error::Invalid { field, .. }) if field == bad), "a bad {bad}: {answer:?}");
    }
    assert!(host.asked.take().is_empty());
    let rows = host.members.scope(7).list(&mut tx, &host.admin, &InvitationQuery::new()).await.unwrap().items;
    assert!(rows.is_empty(), "{rows:?}");
}

#[tokio::test]
async fn no_locale_keeps_an_invitation_from_being_created() {
    let host = Host::new(Policy::default());
    let mut tx = host.memory.begin().await;
    let given = ["pt_BR", "de_DE", "", "en/../..", "tlh"];
    for (index, (given, kept)) in
        given.into_iter().zip([Some("pt-BR"), Some("de-DE"), None, None, Some("tlh")]).enumerate()
    {
        let new = new(&format!("ada{index}@example.com")).locale(given);
        let created = host.members.scope(7).create(&mut tx, &host.admin, new).await.unwrap();
        let found = host.members.scope(7).get(&mut tx, &host.admin, created.id).await.unwrap();
        assert_eq!(found.locale.as_deref(), kept, "{given:?}");
    }
}

#[tokio::test]
async fn a_scope_an_actor_and_a_reason_are_one_line_each() {
    let host = Host::new(Policy::default());
    let ok = || new("ada@example.com");
    let mut tx = host.memory.begin().await;
    let blank = host.members.scope(" ").create(&mut tx, &host.admin, ok()).await;
    assert!(matches!(blank, Err(Error::Invalid { field: Field::Scope, problem: Problem::Empty })), "{blank:?}");
    let long = host.members.scope(Scope::new("s".repeat(201))).create(&mut tx, &host.admin, ok()).await;
    assert!(
        matches!(long, Err(Error::Invalid { field: Field::Scope, problem: Problem::TooLong { max: 200 } })),
        "{long:?}"
    );
    let actor = host.members.scope(7).create(&mut tx, &Actor::new("a\nb"), ok()).await;
    assert!(matches!(actor, Err(Error::Invalid { field: Field::Actor, .. })), "{actor:?}");
    let nobody = InvitationId::from_uuid(Uuid::from_u128(1));
    let reason = host.members.scope(7).cancel(&mut tx, &host.admin, nobody, Some("x\ny")).await;
    assert!(matches!(reason, Err(Error::Invalid { field: Field::Reason, .. })), "{reason:?}");
    assert!(host.asked.take().is_empty());
}

#[tokio::test]
async fn an_amendment_that_names_nothing_is_refused() {
    let host = Host::new(Policy::default());
    let (id, _) = host.invited("ada@example.com").await;
    let mut tx = host.memory.begin().await;
    let answer = host.members.scope(7).amend(&mut tx, &host.admin, id, &Amendment::new()).await;
    assert!(matches!(answer, Err(Error::Invalid { field: Field::Amendment, problem: Problem::Empty })), "{answer:?}");
}

#[tokio::test]
async fn a_policy_may_forbid_declining() {
    let host = Host::new(Policy::default().may_decline(false));
    let (id, token) = host.invited("ada@example.com").await;
    let mut tx = host.memory.begin().await;
    let answer = host.members.reject(&mut tx, &token, &Actor::Bearer, None).await;
    assert!(matches!(&answer, Err(Error::MayNotDecline)), "{answer:?}");
    let answer = host.members.reject_by_id(&mut tx, id, &ada(), None).await;
    assert!(matches!(&answer, Err(Error::MayNotDecline)), "{answer:?}");
}

/// Fails unless this token opens nothing there.
async fn opens_nothing(host: &Host, members: &Invitations<MemoryStore, Membership>, token: &Token) {
    let mut tx = host.memory.begin().await;
    let answers = [
        ("preview", members.preview(&mut tx, token).await.map(drop)),
        ("accept", members.accept(&mut tx, token, &ada()).await.map(drop)),
        ("reject", members.reject(&mut tx, token, &Actor::Bearer, None).await.map(drop)),
        ("mark_viewed", members.mark_viewed(&mut tx, token).await.map(drop)),
    ];
    tx.commit();
    for (call, answer) in answers {
        assert!(matches!(answer, Err(Error::NotFound)), "{call}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_of_another_format_is_unknown() {
    let host = Host::new(Policy::default());
    let (id, token) = host.invited("ada@example.com").await;
    let policy = Policy::default().token_format(TokenFormat::Hex);
    let hex = Invitations::new(MemoryStore, policy, host.asked.clone()).clock(host.clock.clone());
    opens_nothing(&host, &hex, &token).await;
    let mut tx = host.memory.begin().await;
    let Linked { token: link, .. } = hex.scope(7).new_link(&mut tx, &host.admin, id).await.unwrap();
    tx.commit();
    opens_nothing(&host, &host.members, &link).await;
}

#[tokio::test]
async fn a_ninth_address_is_refused() {
    let host = Host::new(Policy::default());
    let (_, token) = host.invited("ada@example.com").await;
    let others = (0..8).fold(Claimant::new(2), |claimant, n| claimant.verified(&format!("x{n}@example.com")));
    let mut tx = host.memory.begin().await;
    let answer = host.members.accept(&mut tx, &token, &others.verified("ada@example.com")).await;
    assert!(matches!(answer, Err(Error::Invalid { field: Field::Claimant, .. })), "{answer:?}");
}

#[tokio::test]
async fn a_person_without_a_verified_address_finds_nothing_and_is_told_why() {
    let host = Host::new(Policy::default());
    host.invited("ada@example.com").await;
    let mut conn = host.memory.connection();
    for (who, claimant) in [
        ("no address", Claimant::new(2)),
        ("an address that nobody verified", Claimant::new(2).unverified("ada@example.com")),
        ("an address that only mail would prove", Claimant::new(2).proved_by_link("ada@example.com")),
    ] {
        let answer = host.members.addressed_to(&mut conn, &claimant, None).await;
        assert!(matches!(answer, Err(Error::EmailNotVerified)), "{who}: {answer:?}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_order_is_refused() {
    let host = Host::new(Policy::default());
    let next = host.second_page().await;
    let mut conn = host.memory.connection();
    for other in [Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
        let answer =
            host.members.scope(7).list(&mut conn, &host.admin, &InvitationQuery::new().sort(other).after(next)).await;
        assert!(matches!(answer, Err(Error::Invalid { field: Field::Cursor, .. })), "{other:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_cursor_is_text_and_back_and_nothing_else_reads_as_one() {
    let host = Host::new(Policy::default());
    let next = host.second_page().await;
    let again: Cursor = next.to_string().parse().unwrap();
    assert_eq!(again, next);
    for text in ["", "x", "AAAA", &"A".repeat(1_000), "%%%"] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
    // The years 1200 before the common era and 10000.
    for micros in [-100_000_000_000_000_000_i64, 253_402_300_800_000_000] {
        let forged = BASE64URL_NOPAD.encode(&[&[0][..], &micros.to_be_bytes(), &[7; 16]].concat());
        assert!(forged.parse::<Cursor>().is_err(), "an instant that no database holds reads as a cursor");
    }
}
