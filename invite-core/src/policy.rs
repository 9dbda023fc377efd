//! Where invitation systems disagree, one value decides.

use chrono::TimeDelta;

use crate::token::TokenFormat;

/// The rules of one kind of invitation.
///
/// Numbers are checked where they are used: a lifetime that is not positive or beyond
/// [`max_lifetime`](Self::max_lifetime) makes creation answer
/// [`Error::Invalid`](crate::Error::Invalid).
///
/// ```
/// use chrono::TimeDelta;
/// use invite_core::{Acceptor, EarlierLinks, Policy, TokenFormat};
///
/// // 48 hours from creation or resend, 64 hexadecimal characters, no declining.
/// const MEMBERS: Policy = Policy::new()
///     .lifetime(TimeDelta::hours(48))
///     .token_format(TokenFormat::Hex)
///     .may_decline(false);
///
/// // Links handed over by hand: whoever has one may use it.
/// const STAFF: Policy = Policy::new().acceptor(Acceptor::Bearer).earlier_links(EarlierLinks::Keep);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Policy {
    pub(crate) lifetime: TimeDelta,
    pub(crate) max_lifetime: TimeDelta,
    pub(crate) resend_extends: bool,
    pub(crate) resend_cooldown: TimeDelta,
    pub(crate) earlier_links: EarlierLinks,
    pub(crate) acceptor: Acceptor,
    pub(crate) may_decline: bool,
    pub(crate) uniqueness: Uniqueness,
    pub(crate) token_format: TokenFormat,
    pub(crate) reminders: &'static [TimeDelta],
    pub(crate) notify_accepted: bool,
    pub(crate) notify_rejected: bool,
    pub(crate) notify_expired: bool,
    pub(crate) notify_delivery_failed: bool,
    pub(crate) retention: Option<TimeDelta>,
    pub(crate) reply_to_inviter: bool,
}

impl Default for Policy {
    /// [`Policy::new`].
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// 24 hours: the longest life NIST SP 800-63A gives an enrolment code sent by e-mail.
    pub const NIST_LIFETIME: TimeDelta = TimeDelta::hours(24);

    /// Seven days (90 at most), renewed by a resend, which retires earlier links and may follow
    /// another after a minute; only the invited, verified address may accept, and may decline;
    /// one open invitation per scope and address; prefixed tokens; no letters but the invitation.
    ///
    /// Seven days is what most systems use and more than the 24 hours that NIST SP 800-63A allows
    /// a code mailed to an address: set [`NIST_LIFETIME`](Self::NIST_LIFETIME) where that rule
    /// binds you.
    pub const fn new() -> Self {
        Self {
            lifetime: TimeDelta::days(7),
            max_lifetime: TimeDelta::days(90),
            resend_extends: true,
            resend_cooldown: TimeDelta::minutes(1),
            earlier_links: EarlierLinks::Retire,
            acceptor: Acceptor::Recipient,
            may_decline: true,
            uniqueness: Uniqueness::PerScopeAndRecipient,
            token_format: TokenFormat::Prefixed,
            reminders: &[],
            notify_accepted: false,
            notify_rejected: false,
            notify_expired: false,
            notify_delivery_failed: false,
            retention: None,
            reply_to_inviter: false,
        }
    }

    /// How long an invitation lives unless its creation says otherwise.
    pub const fn lifetime(mut self, lifetime: TimeDelta) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The longest life creation, amendment or resend may give.
    pub const fn max_lifetime(mut self, max: TimeDelta) -> Self {
        self.max_lifetime = max;
        self
    }

    /// Whether a resend gives a fresh lifetime, counted from the resend. It never shortens.
    pub const fn resend_extends(mut self, extends: bool) -> Self {
        self.resend_extends = extends;
        self
    }

    /// The least time between two resends of one invitation. Zero switches it off.
    pub const fn resend_cooldown(mut self, cooldown: TimeDelta) -> Self {
        self.resend_cooldown = cooldown;
        self
    }

    /// What a resend does to the links sent before.
    pub const fn earlier_links(mut self, links: EarlierLinks) -> Self {
        self.earlier_links = links;
        self
    }

    /// Who may accept.
    pub const fn acceptor(mut self, acceptor: Acceptor) -> Self {
        self.acceptor = acceptor;
        self
    }

    /// Whether the invited side may decline.
    pub const fn may_decline(mut self, may: bool) -> Self {
        self.may_decline = may;
        self
    }

    /// Sets what must be unique among the open invitations of this kind.
    pub const fn uniqueness(mut self, uniqueness: Uniqueness) -> Self {
        self.uniqueness = uniqueness;
        self
    }

    /// How tokens are written; tokens of the other format are answered as unknown.
    pub const fn token_format(mut self, format: TokenFormat) -> Self {
        self.token_format = format;
        self
    }

    /// How long before its end the invited are reminded, in whole seconds, any number of times:
    /// each once per invitation, and once again after a resend. Only of what was mailed.
    pub const fn reminders(mut self, leads: &'static [TimeDelta]) -> Self {
        self.reminders = leads;
        self
    }

    /// Whether the inviter hears by mail that somebody has accepted, if the invitation has an
    /// [address](crate::NewInvitation::inviter_address) of the inviter's. If no mail server takes
    /// that letter for a week, it is dropped. The same holds for the other letters to the inviter.
    pub const fn notify_accepted(mut self, notify: bool) -> Self {
        self.notify_accepted = notify;
        self
    }

    /// Whether the inviter hears that somebody has declined.
    pub const fn notify_rejected(mut self, notify: bool) -> Self {
        self.notify_rejected = notify;
        self
    }

    /// Whether the inviter hears that an invitation has expired.
    pub const fn notify_expired(mut self, notify: bool) -> Self {
        self.notify_expired = notify;
        self
    }

    /// Whether the inviter hears that an invitation could not be delivered, which makes it `delivery_failed`. Until it has
    /// been resent, has ended or is over, the letter is tried.
    pub const fn notify_delivery_failed(mut self, notify: bool) -> Self {
        self.notify_delivery_failed = notify;
        self
    }

    /// How long an invitation is kept after its end. Then the worker deletes it with all that is known of it, as
    /// [`delete`](crate::Scoped::delete) does: its links are [`NotFound`](crate::Error::NotFound), its key is forgotten, and
    /// letters about its end that nobody has taken yet are not sent. Unless it is set, invitations are kept for ever.
    pub const fn retention(mut self, retention: TimeDelta) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Whether answers to the letters go to the inviter's address, which the invited then see.
    pub const fn reply_to_inviter(mut self, reply: bool) -> Self {
        self.reply_to_inviter = reply;
        self
    }
}

/// What a resend does to the links sent before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlierLinks {
    /// They die at once.
    Retire,
    /// They work as long as the invitation does.
    Keep,
    /// Those of the letter before work for this long, older ones die at once.
    KeepFor(TimeDelta),
}

/// Who may accept an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acceptor {
    /// A person with the invited address among their verified ones.
    Recipient,
    /// A person with a verified address in the invited address's domain.
    SameDomain,
    /// Whoever holds the link. The acceptance says whether the token proves the mailbox.
    Bearer,
}

/// What must be unique among the open invitations of a kind; the database enforces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Uniqueness {
    /// One per scope and address.
    PerScopeAndRecipient,
    /// One per address, over all scopes.
    PerRecipient,
    /// Nothing: any number of invitations to one address may be open at once.
    None,
}
