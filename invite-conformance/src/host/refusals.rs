//! After a refusal the host's transaction goes on: one case per operation, every refusal it can answer.
//!
//! `Error::Store` and `Error::Authority` are left out: after these the host rolls back. So is
//! `Error::NotInTransaction`, after which there is no transaction to go on with.

use std::time::Duration;

use chrono::TimeDelta;
use invite_core::{
    Action, Actor, Amendment, Authority, Claimant, Denial, Error, InvitationId, Invitations, Kind, Policy, RandomError,
    Scope, SecureRandom, Status, Token, TokenFormat,
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    erased::{Conn, Db, Shared},
    host::{
        deeds::{unknown_id, unknown_token},
        world::{Membership, World, ada, new},
    },
};

pub(super) const CASES: &[Case] = cases![
    after_a_refused_creation_the_transaction_goes_on:
        "A collision of open keys is a value: no error that would abort the caller's transaction, and nothing half done.",
    after_a_refused_creation_with_a_link_the_transaction_goes_on:
        "A collision of open keys is a value: no error that would abort the caller's transaction, and nothing half done.",
    after_a_refused_link_the_transaction_goes_on:
        "A guard that does not hold is `None`: the caller's transaction stays usable.",
    after_a_refused_resend_the_transaction_goes_on:
        "A guard that does not hold is `None`: the caller's transaction stays usable.",
    after_a_refused_amendment_the_transaction_goes_on:
        "An amended open key that is taken is `None`, no error that would abort the caller's transaction.",
    after_a_refused_cancellation_the_transaction_goes_on:
        "A guard that does not hold is `None`: the caller's transaction stays usable.",
    after_a_refused_acceptance_the_transaction_goes_on:
        "A guard that does not hold is `None`, an unknown token too: the caller's transaction stays usable.",
    after_a_refused_acceptance_by_id_the_transaction_goes_on:
        "A guard that does not hold is `None`, an unknown id too: the caller's transaction stays usable.",
    after_a_refused_decline_the_transaction_goes_on:
        "A guard that does not hold is `None`, an unknown token too: the caller's transaction stays usable.",
    after_a_refused_decline_by_id_the_transaction_goes_on:
        "A guard that does not hold is `None`, an unknown id too: the caller's transaction stays usable.",
    after_a_refused_first_look_the_transaction_goes_on:
        "A guard that does not hold is `None`, an unknown token too: the caller's transaction stays usable.",
    after_a_refused_look_the_transaction_goes_on:
        "No row is `None`: the caller's transaction stays usable.",
];

/// Says the same of everything.
struct Denies(fn() -> Denial);

impl<C: Send, K: Kind> Authority<C, K> for Denies {
    async fn authorize(&self, _: &mut C, _: &Actor, _: &Scope, _: &Action<'_, K>) -> Result<(), Denial> {
        Err((self.0)())
    }
}

/// Has none.
struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError::new())
    }
}

type Members = Invitations<Shared, Membership>;

/// An invitation in every state, a link that was retired, and members who are refused for other reasons.
struct Gallery {
    world: World,
    pending: (InvitationId, Token),
    expired: (InvitationId, Token),
    swept: (InvitationId, Token),
    accepted: (InvitationId, Token),
    rejected: (InvitationId, Token),
    cancelled: (InvitationId, Token),
    superseded: Token,
    /// Resent just now.
    resent: InvitationId,
    forbidden: Members,
    limited: Members,
    without_random: Members,
    undeclinable: Members,
    in_hex: Members,
}

impl Gallery {
    async fn new(db: &Db) -> Result<Self, Stop> {
        let world = World::new(db, Policy::default());
        let swept = world.standing(Status::Expired).await?;
        let expired = world.invited("unswept@example.com").await?;
        world.clock.advance(TimeDelta::days(7));
        let (resent, superseded) = world.invited("resent@example.com").await?;
        world.resend(resent).await?;
        let asking = |denial| Members::new(world.store(), Policy::default(), Denies(denial)).clock(world.clock.clone());
        Ok(Self {
            pending: world.invited("ada@example.com").await?,
            expired,
            swept,
            accepted: world.standing(Status::Accepted).await?,
            rejected: world.standing(Status::Rejected).await?,
            cancelled: world.standing(Status::Cancelled).await?,
            superseded,
            resent,
            forbidden: asking(|| Denial::refused("not_owner")),
            limited: asking(|| Denial::Limited { retry_after: Duration::from_secs(60) }),
            without_random: world.members.clone().random(NoRandom),
            undeclinable: world.under(Policy::default().may_decline(false)),
            in_hex: world.under(Policy::default().token_format(TokenFormat::Hex)),
            world,
        })
    }

    /// In the transaction of a refusal, another invitation.
    async fn go_on(&self, tx: &mut Conn, refusal: &str) -> Result<InvitationId, Stop> {
        let answer = self.world.members.scope("next").create(tx, &self.world.admin, new("next@example.com")).await;
        answer.map(|created| created.id).map_err(|error| {
            Stop::Failed(format!("{refusal} was refused, and then the same transaction could not go on: {error:?}"))
        })
    }

    /// It was committed, and nothing stands in the way of the next.
    async fn went_on(&self, id: InvitationId, refusal: &str) -> Verdict {
        let mut conn = self.world.db.connect().await?;
        let found = self.world.members.scope("next").get(&mut conn, &self.world.admin, id).await;
        ensure!(found.is_ok(), "{refusal} was refused, and what the transaction did then is not there: {found:?}");
        drop(conn);
        let mut tx = self.world.begin().await?;
        self.world.members.scope("next").cancel(&mut tx, &self.world.admin, id, None).await?;
        self.world.commit(tx).await?;
        Ok(())
    }
}

/// `goes_on!(gallery, tx => { call => Error::.. => "doing so", .. })`: each call is refused just so, and its
/// transaction then does and commits something else.
macro_rules! goes_on {
    ($gallery:expr, $tx:ident => { $($call:expr => $refusal:pat => $doing:literal),* $(,)? }) => {
        $({
            let mut $tx = $gallery.world.begin().await?;
            refused!($call.await, $refusal, $doing);
            let next = $gallery.go_on(&mut $tx, $doing).await?;
            $gallery.world.commit($tx).await?;
            $gallery.went_on(next, $doing).await?;
        })*
    };
}

async fn after_a_refused_creation_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, admin) = (&it.world.members, &it.world.admin);
    goes_on!(it, tx => {
        members.scope(7).create(&mut tx, admin, new("ada@example.com")) => Error::AlreadyPending(_) => "a second creation",
        members.scope(7).create(&mut tx, admin, new("x")) => Error::Invalid { .. } => "a creation for no address",
        it.forbidden.scope(7).create(&mut tx, admin, new("x@example.com")) => Error::NotPermitted(_) => "a forbidden creation",
        it.limited.scope(7).create(&mut tx, admin, new("x@example.com")) => Error::LimitReached { .. } => "one creation too many",
        it.without_random.scope(7).create(&mut tx, admin, new("x@example.com"))
            => Error::Random(_) => "a creation without randomness",
    });
    Ok(())
}

async fn after_a_refused_creation_with_a_link_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, admin) = (&it.world.members, &it.world.admin);
    goes_on!(it, tx => {
        members.scope(7).create_with_link(&mut tx, admin, new("ada@example.com"))
            => Error::AlreadyPending(_) => "a second creation",
        members.scope(7).create_with_link(&mut tx, admin, new("x")) => Error::Invalid { .. } => "a creation for no address",
        it.forbidden.scope(7).create_with_link(&mut tx, admin, new("x@example.com"))
            => Error::NotPermitted(_) => "a forbidden creation",
        it.limited.scope(7).create_with_link(&mut tx, admin, new("x@example.com"))
            => Error::LimitReached { .. } => "one creation too many",
        it.without_random.scope(7).create_with_link(&mut tx, admin, new("x@example.com"))
            => Error::Random(_) => "a creation without randomness",
    });
    Ok(())
}

async fn after_a_refused_link_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, admin, id) = (&it.world.members, &it.world.admin, it.pending.0);
    goes_on!(it, tx => {
        members.scope(7).new_link(&mut tx, admin, unknown_id()) => Error::NotFound => "a link to nothing",
        members.scope(8).new_link(&mut tx, admin, id) => Error::NotFound => "a link to another scope's",
        members.scope(7).new_link(&mut tx, admin, it.expired.0) => Error::IllegalTransition { .. } => "a link to what has expired",
        members.scope(7).new_link(&mut tx, admin, it.swept.0) => Error::IllegalTransition { .. } => "a link to what was swept",
        members.scope(7).new_link(&mut tx, admin, it.accepted.0) => Error::IllegalTransition { .. } => "a link to what was accepted",
        members.scope(7).new_link(&mut tx, admin, it.rejected.0) => Error::IllegalTransition { .. } => "a link to what was declined",
        members.scope(7).new_link(&mut tx, admin, it.cancelled.0) => Error::IllegalTransition { .. } => "a link to what was cancelled",
        members.scope(" ").new_link(&mut tx, admin, id) => Error::Invalid { .. } => "a link in no scope",
        it.forbidden.scope(7).new_link(&mut tx, admin, id) => Error::NotPermitted(_) => "a forbidden link",
        it.limited.scope(7).new_link(&mut tx, admin, id) => Error::LimitReached { .. } => "one link too many",
        it.without_random.scope(7).new_link(&mut tx, admin, id) => Error::Random(_) => "a link without randomness",
    });
    Ok(())
}

async fn after_a_refused_resend_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, admin, id) = (&it.world.members, &it.world.admin, it.pending.0);
    let too_long = it.world.under(Policy::default().lifetime(TimeDelta::days(100)));
    goes_on!(it, tx => {
        members.scope(7).resend(&mut tx, admin, it.resent) => Error::LimitReached { .. } => "a resend in the cool-down",
        members.scope(7).resend(&mut tx, admin, unknown_id()) => Error::NotFound => "a resend of nothing",
        members.scope(8).resend(&mut tx, admin, id) => Error::NotFound => "a resend of another scope's",
        members.scope(7).resend(&mut tx, admin, it.expired.0) => Error::IllegalTransition { .. } => "a resend of what has expired",
        members.scope(7).resend(&mut tx, admin, it.swept.0) => Error::IllegalTransition { .. } => "a resend of what was swept",
        members.scope(7).resend(&mut tx, admin, it.accepted.0) => Error::IllegalTransition { .. } => "a resend of what was accepted",
        members.scope(7).resend(&mut tx, admin, it.rejected.0) => Error::IllegalTransition { .. } => "a resend of what was declined",
        members.scope(7).resend(&mut tx, admin, it.cancelled.0) => Error::IllegalTransition { .. } => "a resend of what was cancelled",
        too_long.scope(7).resend(&mut tx, admin, id) => Error::Invalid { .. } => "a resend for a hundred days",
        it.forbidden.scope(7).resend(&mut tx, admin, id) => Error::NotPermitted(_) => "a forbidden resend",
        it.limited.scope(7).resend(&mut tx, admin, id) => Error::LimitReached { .. } => "one resend too many",
        it.without_random.scope(7).resend(&mut tx, admin, id) => Error::Random(_) => "a resend without randomness",
    });
    Ok(())
}

async fn after_a_refused_amendment_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, admin, id) = (&it.world.members, &it.world.admin, it.pending.0);
    let amendment = Amendment::new().message("x");
    let (nothing, taken) = (Amendment::new(), Amendment::new().email("resent@example.com"));
    goes_on!(it, tx => {
        members.scope(7).amend(&mut tx, admin, id, &taken) => Error::AlreadyPending(_) => "an amendment to an address that is taken",
        members.scope(7).amend(&mut tx, admin, id, &nothing) => Error::Invalid { .. } => "an amendment of nothing",
        members.scope(7).amend(&mut tx, admin, unknown_id(), &amendment) => Error::NotFound => "an amendment to nothing",
        members.scope(8).amend(&mut tx, admin, id, &amendment) => Error::NotFound => "an amendment to another scope's",
        members.scope(7).amend(&mut tx, admin, it.expired.0, &taken)
            => Error::IllegalTransition { .. } => "an amendment to what has expired",
        members.scope(7).amend(&mut tx, admin, it.swept.0, &amendment)
            => Error::IllegalTransition { .. } => "an amendment to what was swept",
        members.scope(7).amend(&mut tx, admin, it.accepted.0, &taken)
            => Error::IllegalTransition { .. } => "an amendment to what was accepted",
        members.scope(7).amend(&mut tx, admin, it.rejected.0, &amendment)
            => Error::IllegalTransition { .. } => "an amendment to what was declined",
        members.scope(7).amend(&mut tx, admin, it.cancelled.0, &amendment)
            => Error::IllegalTransition { .. } => "an amendment to what was cancelled",
        it.forbidden.scope(7).amend(&mut tx, admin, id, &amendment) => Error::NotPermitted(_) => "a forbidden amendment",
        it.limited.scope(7).amend(&mut tx, admin, id, &amendment) => Error::LimitReached { .. } => "one amendment too many",
    });
    Ok(())
}

async fn after_a_refused_cancellation_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, admin, id) = (&it.world.members, &it.world.admin, it.pending.0);
    let other = &Actor::new(5);
    goes_on!(it, tx => {
        members.scope(7).cancel(&mut tx, admin, unknown_id(), None) => Error::NotFound => "a cancellation of nothing",
        members.scope(8).cancel(&mut tx, admin, id, None) => Error::NotFound => "a cancellation of another scope's",
        members.scope(7).cancel(&mut tx, admin, it.expired.0, None)
            => Error::IllegalTransition { .. } => "a cancellation of what has expired",
        members.scope(7).cancel(&mut tx, admin, it.swept.0, None)
            => Error::IllegalTransition { .. } => "a cancellation of what was swept",
        members.scope(7).cancel(&mut tx, admin, it.accepted.0, None)
            => Error::IllegalTransition { .. } => "a cancellation of what was accepted",
        members.scope(7).cancel(&mut tx, admin, it.rejected.0, None)
            => Error::IllegalTransition { .. } => "a cancellation of what was declined",
        members.scope(7).cancel(&mut tx, other, it.cancelled.0, None)
            => Error::IllegalTransition { .. } => "a cancellation of what somebody else cancelled",
        members.scope(7).cancel(&mut tx, admin, id, Some("x\ny")) => Error::Invalid { .. } => "a cancellation for two lines",
        it.forbidden.scope(7).cancel(&mut tx, admin, id, None) => Error::NotPermitted(_) => "a forbidden cancellation",
        it.limited.scope(7).cancel(&mut tx, admin, id, None) => Error::LimitReached { .. } => "one cancellation too many",
    });
    Ok(())
}

/// Person 9, who reads every mailbox of the gallery.
fn reader() -> Claimant {
    ["ada", "unswept", "expired", "accepted", "rejected", "cancelled", "resent"]
        .into_iter()
        .fold(Claimant::new(9), |person, name| person.verified(&format!("{name}@example.com")))
}

async fn after_a_refused_acceptance_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, token, unknown) = (&it.world.members, &it.pending.1, unknown_token()?);
    goes_on!(it, tx => {
        members.accept(&mut tx, &unknown, &ada()) => Error::NotFound => "an acceptance by an unknown token",
        it.in_hex.accept(&mut tx, token, &ada()) => Error::NotFound => "an acceptance by a token of another format",
        members.accept(&mut tx, &it.expired.1, &reader()) => Error::Expired { .. } => "an acceptance past its time",
        members.accept(&mut tx, &it.swept.1, &reader()) => Error::Expired { .. } => "an acceptance after the sweep",
        members.accept(&mut tx, &it.accepted.1, &reader()) => Error::AlreadyAccepted => "an acceptance after somebody else's",
        members.accept(&mut tx, &it.rejected.1, &reader()) => Error::Rejected => "an acceptance of what was declined",
        members.accept(&mut tx, &it.cancelled.1, &reader()) => Error::Cancelled => "an acceptance of what was cancelled",
        members.accept(&mut tx, &it.superseded, &reader()) => Error::Superseded => "an acceptance by a retired link",
        members.accept(&mut tx, token, &Claimant::new(2)) => Error::WrongRecipient => "an acceptance with no address",
        members.accept(&mut tx, token, &Claimant::new(2).unverified("ada@example.com"))
            => Error::EmailNotVerified => "an acceptance with an address that nobody verified",
        members.accept(&mut tx, token, &Claimant::new(" ")) => Error::Invalid { .. } => "an acceptance by nobody",
    });
    Ok(())
}

async fn after_a_refused_acceptance_by_id_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, id) = (&it.world.members, it.pending.0);
    goes_on!(it, tx => {
        members.accept_by_id(&mut tx, unknown_id(), &ada()) => Error::NotFound => "an acceptance of nothing",
        members.accept_by_id(&mut tx, it.resent, &ada()) => Error::NotFound => "an acceptance of somebody else's",
        members.accept_by_id(&mut tx, it.expired.0, &reader()) => Error::Expired { .. } => "an acceptance past its time",
        members.accept_by_id(&mut tx, it.swept.0, &reader()) => Error::Expired { .. } => "an acceptance after the sweep",
        members.accept_by_id(&mut tx, it.accepted.0, &reader()) => Error::AlreadyAccepted => "an acceptance after somebody else's",
        members.accept_by_id(&mut tx, it.rejected.0, &reader()) => Error::Rejected => "an acceptance of what was declined",
        members.accept_by_id(&mut tx, it.cancelled.0, &reader()) => Error::Cancelled => "an acceptance of what was cancelled",
        members.accept_by_id(&mut tx, id, &Claimant::new(2).unverified("ada@example.com"))
            => Error::EmailNotVerified => "an acceptance with an address that nobody verified",
        members.accept_by_id(&mut tx, id, &Claimant::new(" ")) => Error::Invalid { .. } => "an acceptance by nobody",
    });
    Ok(())
}

async fn after_a_refused_decline_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, token, unknown) = (&it.world.members, &it.pending.1, unknown_token()?);
    let by = &Actor::Bearer;
    goes_on!(it, tx => {
        members.reject(&mut tx, &unknown, by, None) => Error::NotFound => "a decline by an unknown token",
        it.in_hex.reject(&mut tx, token, by, None) => Error::NotFound => "a decline by a token of another format",
        members.reject(&mut tx, &it.expired.1, by, None) => Error::Expired { .. } => "a decline past its time",
        members.reject(&mut tx, &it.swept.1, by, None) => Error::Expired { .. } => "a decline after the sweep",
        members.reject(&mut tx, &it.accepted.1, by, None) => Error::AlreadyAccepted => "a decline of what was accepted",
        members.reject(&mut tx, &it.rejected.1, by, None) => Error::Rejected => "a decline after somebody else's",
        members.reject(&mut tx, &it.cancelled.1, by, None) => Error::Cancelled => "a decline of what was cancelled",
        members.reject(&mut tx, &it.superseded, by, None) => Error::Superseded => "a decline by a retired link",
        members.reject(&mut tx, token, by, Some("x\ny")) => Error::Invalid { .. } => "a decline for two lines",
        it.undeclinable.reject(&mut tx, token, by, None) => Error::MayNotDecline => "a forbidden decline",
    });
    Ok(())
}

async fn after_a_refused_decline_by_id_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, id) = (&it.world.members, it.pending.0);
    goes_on!(it, tx => {
        members.reject_by_id(&mut tx, unknown_id(), &ada(), None) => Error::NotFound => "a decline of nothing",
        members.reject_by_id(&mut tx, it.resent, &ada(), None) => Error::NotFound => "a decline of somebody else's",
        members.reject_by_id(&mut tx, it.expired.0, &reader(), None) => Error::Expired { .. } => "a decline past its time",
        members.reject_by_id(&mut tx, it.swept.0, &reader(), None) => Error::Expired { .. } => "a decline after the sweep",
        members.reject_by_id(&mut tx, it.accepted.0, &reader(), None)
            => Error::AlreadyAccepted => "a decline of what was accepted",
        members.reject_by_id(&mut tx, it.rejected.0, &reader(), None) => Error::Rejected => "a decline after somebody else's",
        members.reject_by_id(&mut tx, it.cancelled.0, &reader(), None) => Error::Cancelled => "a decline of what was cancelled",
        members.reject_by_id(&mut tx, id, &Claimant::new(2).unverified("ada@example.com"), None)
            => Error::EmailNotVerified => "a decline with an address that nobody verified",
        members.reject_by_id(&mut tx, id, &ada(), Some("x\ny")) => Error::Invalid { .. } => "a decline for two lines",
        it.undeclinable.reject_by_id(&mut tx, id, &ada(), None) => Error::MayNotDecline => "a forbidden decline",
    });
    Ok(())
}

async fn after_a_refused_first_look_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, unknown) = (&it.world.members, unknown_token()?);
    goes_on!(it, tx => {
        members.mark_viewed(&mut tx, &unknown) => Error::NotFound => "a look by an unknown token",
        it.in_hex.mark_viewed(&mut tx, &it.pending.1) => Error::NotFound => "a look by a token of another format",
        members.mark_viewed(&mut tx, &it.expired.1) => Error::Expired { .. } => "a look past its time",
        members.mark_viewed(&mut tx, &it.swept.1) => Error::Expired { .. } => "a look after the sweep",
        members.mark_viewed(&mut tx, &it.accepted.1) => Error::AlreadyAccepted => "a look at what was accepted",
        members.mark_viewed(&mut tx, &it.rejected.1) => Error::Rejected => "a look at what was declined",
        members.mark_viewed(&mut tx, &it.cancelled.1) => Error::Cancelled => "a look at what was cancelled",
        members.mark_viewed(&mut tx, &it.superseded) => Error::Superseded => "a look by a retired link",
    });
    Ok(())
}

async fn after_a_refused_look_the_transaction_goes_on(db: Db) -> Verdict {
    let it = Gallery::new(&db).await?;
    let (members, unknown) = (&it.world.members, unknown_token()?);
    goes_on!(it, tx => {
        members.preview(&mut tx, &unknown) => Error::NotFound => "a look by an unknown token",
        it.in_hex.preview(&mut tx, &it.pending.1) => Error::NotFound => "a look by a token of another format",
        members.preview(&mut tx, &it.expired.1) => Error::Expired { .. } => "a look past its time",
        members.preview(&mut tx, &it.swept.1) => Error::Expired { .. } => "a look after the sweep",
        members.preview(&mut tx, &it.accepted.1) => Error::AlreadyAccepted => "a look at what was accepted",
        members.preview(&mut tx, &it.rejected.1) => Error::Rejected => "a look at what was declined",
        members.preview(&mut tx, &it.cancelled.1) => Error::Cancelled => "a look at what was cancelled",
        members.preview(&mut tx, &it.superseded) => Error::Superseded => "a look by a retired link",
    });
    Ok(())
}
