//! What cases do most, each in a transaction of its own, and how they compare.

use chrono::TimeDelta;
use invite_core::{
    Acceptance, Accepted, Actor, Amendment, Claimant, DeliveryState, Error, Invitation, InvitationId, ReportKind,
    Status, Token, TokenFormat,
    testing::{self, SeededRandom},
};

use crate::{
    case::{Stop, Verdict, ensure},
    compare,
    host::world::{Membership, World, committed, new, refused_mail},
};

/// The four states that are never left; the one that needs time to pass comes first.
pub(crate) const TERMINAL: [Status; 4] = [Status::Expired, Status::Accepted, Status::Rejected, Status::Cancelled];

impl World {
    /// Invites to this scope.
    pub(crate) async fn invite_to(&self, scope: &str, email: &str) -> Result<Invitation<Membership>, Stop> {
        Ok(committed!(self, tx => self.members.scope(scope).create(&mut tx, &self.admin, new(email)).await?))
    }

    /// A link to hand over.
    pub(crate) async fn link(&self, id: InvitationId) -> Result<Token, Stop> {
        Ok(committed!(self, tx => self.members.scope(7).new_link(&mut tx, &self.admin, id).await?.token))
    }

    pub(crate) async fn cancel(&self, id: InvitationId) -> Result<Invitation<Membership>, Stop> {
        Ok(committed!(self, tx => self.members.scope(7).cancel(&mut tx, &self.admin, id, None).await?))
    }

    pub(crate) async fn resend(&self, id: InvitationId) -> Result<Invitation<Membership>, Stop> {
        Ok(committed!(self, tx => self.members.scope(7).resend(&mut tx, &self.admin, id).await?))
    }

    pub(crate) async fn amend(
        &self,
        id: InvitationId,
        amendment: &Amendment<Membership>,
    ) -> Result<Invitation<Membership>, Stop> {
        Ok(committed!(self, tx => self.members.scope(7).amend(&mut tx, &self.admin, id, amendment).await?))
    }

    pub(crate) async fn accept(&self, token: &Token, claimant: Claimant) -> Result<Accepted<Membership>, Stop> {
        Ok(committed!(self, tx => self.members.accept(&mut tx, token, &claimant).await?))
    }

    pub(crate) async fn reject(&self, token: &Token, by: &Actor) -> Result<Invitation<Membership>, Stop> {
        Ok(committed!(self, tx => self.members.reject(&mut tx, token, by, None).await?))
    }

    /// An invitation in this state, to `<state>@example.com`, with a token as if mailed; person 2 answered it.
    /// An expired one takes all that are open, and seven days, with it.
    pub(crate) async fn standing(&self, status: Status) -> Result<(InvitationId, Token), Stop> {
        let email = format!("{status}@example.com");
        let (id, token) = self.invited(&email).await?;
        match status {
            Status::Pending => {}
            Status::Accepted => done(self.accept(&token, Claimant::new(2).verified(&email)).await?).map(drop)?,
            Status::Rejected => self.reject(&token, &Actor::new(2)).await.map(drop)?,
            Status::Cancelled => self.cancel(id).await.map(drop)?,
            Status::Expired => {
                self.clock.advance(TimeDelta::days(7));
                self.mailed().await?;
            }
            Status::DeliveryFailed => {
                self.mailer.answer(refused_mail(true));
                self.mailed().await?;
            }
        }
        let seen = self.get(id).await?.status;
        ensure!(seen == status, "an invitation that should be {status} by now is {seen}");
        Ok((id, token))
    }

    /// Fails unless the invitation and its letter stand so.
    pub(crate) async fn stands(&self, id: InvitationId, status: Status, letter: DeliveryState) -> Verdict {
        let seen = self.get(id).await?;
        let (seen, wanted) = ((seen.status, seen.delivery.state), (status, letter));
        ensure!(seen == wanted, "the invitation and its letter should be {wanted:?} and are {seen:?}");
        Ok(())
    }

    /// Fails unless there is nothing to send, and says why there should not be.
    pub(crate) async fn sends_nothing(&self, why: &str) -> Verdict {
        let letters = self.mailed().await?.len();
        ensure!(letters == 0, "{letters} letters were sent: {why}");
        Ok(())
    }
}

/// The same token once more, as the holder of its link reads it.
pub(crate) fn copy_of(token: &Token) -> Token {
    token.expose_secret().parse().expect("what a token is written as reads as that token")
}

/// A token that nobody stored.
pub(crate) fn unknown_token() -> Result<Token, Stop> {
    Ok(testing::draw_token(&SeededRandom::new(7), TokenFormat::Prefixed).map_err(Error::from)?)
}

/// The state of a letter of which this was reported, and nothing of a higher rank.
pub(crate) fn reported(kind: ReportKind) -> DeliveryState {
    match kind {
        ReportKind::Deferred => DeliveryState::Deferred,
        ReportKind::Delivered => DeliveryState::Delivered,
        ReportKind::Complained => DeliveryState::Complained,
        ReportKind::Suppressed => DeliveryState::Suppressed,
        ReportKind::Bounced => DeliveryState::Bounced,
        _ => panic!("the suite does not know a report of {kind:?}"),
    }
}

/// An id that nobody has.
pub(crate) fn unknown_id() -> InvitationId {
    InvitationId::from_uuid(uuid::Uuid::from_u128(0x7000_8000_0000_0000_0001))
}

/// Fails unless this call accepted it.
pub(crate) fn done(accepted: Accepted<Membership>) -> Result<Acceptance<Membership>, Stop> {
    match accepted {
        Accepted::Now(acceptance) => Ok(acceptance),
        Accepted::Before(_) => Err(Stop::Failed("a first acceptance was answered as one that had happened".into())),
    }
}

/// Fails unless it had been accepted before.
pub(crate) fn done_before(accepted: Accepted<Membership>) -> Result<Acceptance<Membership>, Stop> {
    match accepted {
        Accepted::Before(acceptance) => Ok(acceptance),
        Accepted::Now(_) => Err(Stop::Failed("it was accepted twice".into())),
    }
}

/// Fails unless both invitations have the same row, and names the columns in which they differ.
pub(crate) fn same(seen: &Invitation<Membership>, wanted: &Invitation<Membership>) -> Verdict {
    compare::same(seen, wanted, "the row is not what it should be")
}

/// Fails unless these are the invitations, in this order.
pub(crate) fn listed(seen: &[Invitation<Membership>], wanted: &[InvitationId], what: &str) -> Verdict {
    let seen: Vec<_> = seen.iter().map(|invitation| invitation.id).collect();
    ensure!(seen == wanted, "{what}: {} rows were wanted, {wanted:?}, and came {seen:?}", wanted.len());
    Ok(())
}
