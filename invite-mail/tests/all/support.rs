//! How the tests come by letters.

include!("../support/letter.rs");

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Claimant, Clock, DeliveryReport, Error, EventKind, Fault, InvitationId, ReportKind, ReportProof, Status,
    memory::MemoryConn,
    store::{
        Change, Dispatch, Guard, InvitationStore, NewEvent, NewLetter, Purpose, RecipientGuard, Target, TimeGuard,
        Transition,
    },
};
use invite_mail::{Composer, LinkBuilder, LinkStyle, Sender};
use serde_json::Value;

pub(crate) const BASE: &str = "https://example.com/invitation";

pub(crate) fn composer() -> Composer {
    let sender = Sender::new("invitations@example.com").unwrap().name("Analytical Engines").unwrap();
    let links = LinkBuilder::new(BASE, LinkStyle::Query).unwrap().parameter("via", "mail").unwrap();
    Composer::new(sender, links).clock(ManualClock::default())
}

pub(crate) fn expected_link(letter: &CapturedLetter) -> String {
    format!("{BASE}?token={}&via=mail", letter.token().expose_secret())
}

/// A letter with these words and this message.
pub(crate) async fn letter_saying(display: &Value, message: Option<&str>) -> CapturedLetter {
    let mut new = NewInvitation::new("Ada.Lovelace@Example.com", Membership).display(display);
    if let Some(message) = message {
        new = new.message(message);
    }
    letter_of(new, Policy::default()).await
}

/// Who is invited by [`told_of`].
pub(crate) const ADA: &str = "ada@example.com";

/// Who invites in [`told_of`].
pub(crate) const CHARLES: &str = "charles@example.com";

/// The letter of this purpose about an invitation with these words, or what core says to them.
pub(crate) async fn told_of(
    purpose: Purpose,
    display: &Value,
    message: Option<&str>,
    reason: Option<&str>,
    locale: &str,
) -> Result<CapturedLetter, Error> {
    let mut new = NewInvitation::new(ADA, Membership).display(display).locale(locale);
    if let Some(message) = message {
        new = new.message(message);
    }
    told_under(Policy::default(), purpose, new, reason).await
}

/// The same under a policy.
pub(crate) async fn told_under(
    policy: Policy,
    purpose: Purpose,
    new: NewInvitation<Membership>,
    reason: Option<&str>,
) -> Result<CapturedLetter, Error> {
    let (memory, clock) = (Memory::default(), ManualClock::default());
    let members = Invitations::<_, Membership>::new(MemoryStore, policy, Unchecked).clock(clock.clone());
    let mailer = CapturingMailer::default();
    let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);

    let mut tx = memory.begin().await;
    let new = new.inviter_address(CHARLES);
    let id = members.scope("org:7").create(&mut tx, &Actor::new(1), new).await?.id;
    tx.commit();
    worker.tick().await?;
    let invitation = mailer.take().remove(0);

    if purpose == Purpose::Invitation {
        return Ok(invitation);
    }
    let status = purpose.tells_of().unwrap_or(Status::Pending);
    let mut tx = memory.begin().await;
    if status == Status::Accepted {
        members.accept(&mut tx, invitation.token(), &Claimant::new(7).verified(ADA)).await?;
    } else if status == Status::Rejected {
        members.reject(&mut tx, invitation.token(), &Actor::new(7), reason).await?;
    } else if status == Status::DeliveryFailed {
        let report = DeliveryReport::new(invitation.delivery(), ReportKind::Bounced).proved_by(ReportProof::Webhook);
        let report = report.fault(Fault::Recipient);
        members.report(&mut tx, &report.code(550).text(reason.unwrap_or("no such user"))).await?;
    } else if status == Status::Expired {
        clock.advance(TimeDelta::days(8));
    }
    tx.commit();
    // Expires what is due, before there is a letter about it.
    worker.tick().await?;
    let mut tx = memory.begin().await;
    let letter = NewLetter { delivery: invitation.delivery(), purpose, not_before: clock.now() };
    queue(&mut tx, id, status, &letter).await;
    tx.commit();
    worker.tick().await?;
    Ok(mailer.take().remove(0))
}

/// An invitation whose row was edited by hand: core never saw the message.
pub(crate) async fn letter_edited_to_say(message: &str) -> CapturedLetter {
    let memory = Memory::default();
    let members =
        Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked).clock(ManualClock::default());
    let mailer = CapturingMailer::default();
    let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);
    let mut tx = memory.begin().await;
    let new = NewInvitation::new(ADA, Membership);
    let id = members.scope("org:7").create(&mut tx, &Actor::new(1), new).await.expect("a valid invitation").id;
    let message = Some(Some(message));
    let change =
        Change::Amend { recipient: None, payload: None, display: None, message, expires_at: None, remind_at: None };
    change_row(&mut tx, id, Status::Pending, ManualClock::default().now(), change, Dispatch::None).await;
    tx.commit();
    worker.tick().await.expect("a round of the worker");
    mailer.take().remove(0)
}

/// Puts a letter into the queue, whatever the policy says.
async fn queue(tx: &mut MemoryConn, id: InvitationId, status: Status, letter: &NewLetter) {
    change_row(tx, id, status, letter.not_before, Change::Link, Dispatch::Letter(letter)).await;
}

async fn change_row(
    tx: &mut MemoryConn,
    id: InvitationId,
    status: Status,
    now: DateTime<Utc>,
    change: Change<'_>,
    dispatch: Dispatch<'_>,
) {
    let event = NewEvent { kind: EventKind::LinkCreated, actor: &Actor::System, reason: None, at: now };
    let guard = Guard {
        target: Target::Id(id, None),
        kind: Membership::NAME,
        statuses: [status; 2],
        now,
        time: TimeGuard::Any,
        recipient: RecipientGuard::Anyone,
        not_resent_between: None,
    };
    let transition = Transition { guard, change, event, dispatch };
    let changed = MemoryStore.apply(tx, &[transition]).await.expect("the store works");
    assert!(changed.iter().all(Option::is_some), "the row is there");
}
