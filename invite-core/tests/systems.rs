//! Five real systems, told apart by nothing but a kind and a policy.

use chrono::TimeDelta;
use invite_core::{
    Accepted, Acceptor, Actor, Amendment, Claimant, EarlierLinks, Error, InvitationQuery, Invitations, Kind, Linked,
    NewInvitation, Policy, Status, TokenFormat, Unchecked, Uniqueness, Worker,
    memory::{Memory, MemoryStore},
    testing::{CapturingMailer, ManualClock},
};
use serde::{Deserialize, Serialize};

/// S0: an organization invites a provider; acceptance connects two parties.
const PROVIDERS: Policy = Policy::new();
/// S1: a superadmin invites the admin of an organization that does not exist yet; one open
/// invitation per address on the platform, 64 characters, nobody declines.
const PLATFORM: Policy =
    Policy::new().uniqueness(Uniqueness::PerRecipient).token_format(TokenFormat::Hex).may_decline(false);
/// S2: an admin invites to a role; the invitee may decline.
const ROLES: Policy = Policy::new();
/// S3: links handed over by any means; whoever has one creates an account with it.
const STAFF: Policy =
    Policy::new().acceptor(Acceptor::Bearer).may_decline(false).earlier_links(EarlierLinks::Keep).resend_extends(false);
/// S4: 48 hours from creation or resend, 64 hexadecimal characters.
const MEMBERS: Policy = Policy::new().lifetime(TimeDelta::hours(48)).token_format(TokenFormat::Hex).may_decline(false);

#[derive(Serialize, Deserialize)]
struct Connection {}

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plan {
    Basic,
    Professional,
    Enterprise,
}

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
struct NewOrganization {
    organization_name: String,
    plan_type: Plan,
    max_properties: u32,
    max_users: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Viewer,
    Operator,
    Manager,
    Admin,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Staff {
    role: Role,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Member {
    first_name: String,
    last_name: String,
    role: Role,
    designation: Option<String>,
    department: Option<String>,
}

impl Kind for Connection {
    const NAME: &'static str = "provider";
}
impl Kind for NewOrganization {
    const NAME: &'static str = "platform-organization";
}
impl Kind for Role {
    const NAME: &'static str = "role";
}
impl Kind for Staff {
    const NAME: &'static str = "staff";
}
impl Kind for Member {
    const NAME: &'static str = "member";
}

fn system<K: Kind>(policy: Policy, clock: &ManualClock) -> Invitations<MemoryStore, K> {
    Invitations::new(MemoryStore, policy, Unchecked).clock(clock.clone())
}

#[tokio::test]
async fn s0_a_provider_answers_from_the_dashboard_or_by_link() {
    let (memory, clock) = (Memory::default(), ManualClock::default());
    let providers = system::<Connection>(PROVIDERS, &clock);
    let mailer = CapturingMailer::default();
    let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&providers);
    let mut tx = memory.begin().await;
    for organization in ["clinic", "hospital"] {
        let new = NewInvitation::new("practice@example.com", Connection {}).message("Work with us.");
        providers.scope(organization).create(&mut tx, &Actor::new("owner"), new).await.unwrap();
    }
    tx.commit();
    worker.tick().await.unwrap();

    let provider = Claimant::new("provider-9").verified("practice@example.com");
    let mut tx = memory.begin().await;
    let received = providers.addressed_to(&mut tx, &provider, None).await.unwrap().items;
    assert_eq!(received.len(), 2);
    providers.reject_by_id(&mut tx, received[0].id(), &provider, Some("too far")).await.unwrap();
    let letters = mailer.take();
    let link = letters.iter().find(|letter| letter.invitation().id == received[1].id()).unwrap();
    let connected = providers.accept(&mut tx, link.token(), &provider).await.unwrap().into_acceptance();
    // All a connection needs to know where it came from.
    assert_eq!(connected.invitation.id, received[1].id());
    assert_eq!(connected.invitation.inviter, Actor::new("owner"));
}

#[tokio::test]
async fn s1_a_future_organization_travels_with_its_plan_and_limits() {
    let (memory, clock) = (Memory::default(), ManualClock::default());
    let platform = system::<NewOrganization>(PLATFORM, &clock);
    let invited = |plan_type: Plan| {
        let (max_properties, max_users) = match plan_type {
            Plan::Basic => (10, 5),
            Plan::Professional => (50, 20),
            Plan::Enterprise => (200, 100),
        };
        NewOrganization { organization_name: "Acme".into(), plan_type, max_properties, max_users }
    };
    let admin = Actor::new("superadmin");
    let scoped = platform.scope("platform");
    let mut tx = memory.begin().await;
    let new = NewInvitation::new("boss@example.com", invited(Plan::Basic));
    let created = scoped.create(&mut tx, &admin, new).await.unwrap();
    assert_eq!(created.expires_at - created.created_at, TimeDelta::days(7));
    let elsewhere = platform.scope("elsewhere");
    let again = NewInvitation::new("Boss@example.com", invited(Plan::Basic));
    let again = elsewhere.create(&mut tx, &admin, again).await;
    assert!(matches!(again, Err(Error::AlreadyPending(id)) if id == created.id));

    let amendment = Amendment::new().payload(NewOrganization { max_users: 6, ..invited(Plan::Basic) });
    scoped.amend(&mut tx, &admin, created.id, &amendment).await.unwrap();
    clock.advance(TimeDelta::days(6));
    let resent = scoped.resend(&mut tx, &admin, created.id).await.unwrap();
    assert_eq!(resent.expires_at - created.created_at, TimeDelta::days(13));
    let token = invite_core::testing::deliver(&platform, &mut tx, created.id).await.unwrap();
    assert_eq!(token.expose_secret().len(), 64);
    // The organization is created by the acceptance, in the same transaction, for an account that
    // does not exist before it either.
    let accepted =
        platform.accept(&mut tx, &token, &Claimant::new("u1").proved_by_link("boss@example.com")).await.unwrap();
    let Accepted::Now(acceptance) = accepted else { panic!("the first time") };
    assert_eq!(acceptance.invitation.payload().unwrap().max_users, 6);
    let soon = scoped.list(&mut tx, &admin, &InvitationQuery::new().status(Status::Accepted)).await.unwrap();
    assert_eq!(soon.items.len(), 1);
}

#[tokio::test]
async fn s2_a_role_is_typed_and_may_be_declined() {
    let (memory, clock) = (Memory::default(), ManualClock::default());
    let roles = system::<Role>(ROLES, &clock);
    let mut tx = memory.begin().await;
    // Numeric ids.
    let new = NewInvitation::new("ada@example.com", Role::Operator);
    let id = roles.scope(42).create(&mut tx, &Actor::new(7), new).await.unwrap().id;
    let token = invite_core::testing::deliver(&roles, &mut tx, id).await.unwrap();
    assert_eq!(roles.preview(&mut tx, &token).await.unwrap().payload().unwrap(), Role::Operator);
    roles.reject(&mut tx, &token, &Actor::Bearer, None).await.unwrap();
    assert!(matches!(roles.preview(&mut tx, &token).await, Err(Error::Rejected)));
}

#[tokio::test]
async fn s3_a_link_is_copied_now_and_later_and_used_once() {
    let (memory, clock) = (Memory::default(), ManualClock::default());
    let staff = system::<Staff>(STAFF, &clock);
    let scoped = staff.scope("org");
    let admin = Actor::new("admin");
    let mut tx = memory.begin().await;
    let new = NewInvitation::new("worker@example.com", Staff { role: Role::Manager });
    let Linked { invitation: created, token: first, .. } = scoped.create_with_link(&mut tx, &admin, new).await.unwrap();
    let later = scoped.new_link(&mut tx, &admin, created.id).await.unwrap().token;
    let account = staff.accept(&mut tx, &later, &Claimant::new("new-user")).await.unwrap().into_acceptance();
    assert_eq!(account.invitation.payload().unwrap().role, Role::Manager);
    assert!(!account.address_proved);
    let second = staff.accept(&mut tx, &first, &Claimant::new("somebody-else")).await;
    assert!(matches!(second, Err(Error::AlreadyAccepted)));
}

#[tokio::test]
async fn s4_a_member_has_48_hours_and_every_refusal_has_its_own_word() {
    let (memory, clock) = (Memory::default(), ManualClock::default());
    let members = system::<Member>(MEMBERS, &clock);
    let mailer = CapturingMailer::default();
    let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);
    let admin = Actor::new("admin");
    let mut ids = Vec::new();
    for person in ["expired", "used", "revoked", "resent"] {
        let mut tx = memory.begin().await;
        let member = Member {
            first_name: person.into(),
            last_name: "Example".into(),
            role: Role::Viewer,
            designation: None,
            department: Some("R&D".into()),
        };
        let new = NewInvitation::new(format!("{person}@example.com"), member);
        ids.push(members.scope("company:1").create(&mut tx, &admin, new).await.unwrap().id);
        tx.commit();
    }
    worker.tick().await.unwrap();
    let mut letters = mailer.take();
    letters.sort_by_key(|letter| ids.iter().position(|id| *id == letter.invitation().id));
    assert!(letters.iter().all(|letter| letter.token().expose_secret().len() == 64));

    clock.advance(TimeDelta::hours(47));
    let mut tx = memory.begin().await;
    let prefilled = members.preview(&mut tx, letters[1].token()).await.unwrap();
    assert_eq!(prefilled.payload().unwrap().first_name, "used");
    let used = Claimant::new("u1").proved_by_link("used@example.com");
    assert!(matches!(members.accept(&mut tx, letters[1].token(), &used).await, Ok(Accepted::Now(_))));
    let scoped = members.scope("company:1");
    scoped.cancel(&mut tx, &admin, ids[2], Some("position filled")).await.unwrap();
    let resent = scoped.resend(&mut tx, &admin, ids[3]).await.unwrap();
    assert_eq!(resent.expires_at - resent.created_at, TimeDelta::hours(47 + 48));
    tx.commit();
    clock.advance(TimeDelta::hours(2));
    worker.tick().await.unwrap();
    let renewed = mailer.take();

    let mut tx = memory.begin().await;
    assert!(matches!(members.preview(&mut tx, letters[0].token()).await, Err(Error::Expired { .. })));
    assert!(matches!(members.preview(&mut tx, letters[1].token()).await, Err(Error::AlreadyAccepted)));
    assert!(matches!(members.preview(&mut tx, letters[2].token()).await, Err(Error::Cancelled)));
    assert!(matches!(members.preview(&mut tx, letters[3].token()).await, Err(Error::Superseded)));
    assert!(members.preview(&mut tx, renewed[0].token()).await.is_ok());
    let events = members.scope("company:1").history(&mut tx, &admin, ids[2]).await.unwrap();
    assert_eq!(events.last().unwrap().reason.as_deref(), Some("position filled"));
}
