//! The names of the places in the statements.

macro_rules! names {
    ($($variant:ident = $name:literal,)*) => {
        /// What a place in a statement takes: the value of this name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        #[expect(missing_docs, reason = "each variant is the name of the place that it stands for")]
        pub enum Name {
            $($variant,)*
        }

        impl Name {
            /// Every name.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name as the templates and the files in `statements/` spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

names! {
    Actor = "actor",
    Address = "address",
    Address1 = "address_1",
    Address2 = "address_2",
    Address3 = "address_3",
    Address4 = "address_4",
    Address5 = "address_5",
    Address6 = "address_6",
    Address7 = "address_7",
    Address8 = "address_8",
    Addresses = "addresses",
    After = "after",
    AfterAddress = "after_address",
    AfterAt = "after_at",
    AfterId = "after_id",
    AnyDelivery = "any_delivery",
    AnyStatus = "any_status",
    AsOf = "as_of",
    At = "at",
    Attempt = "attempt",
    Attempts = "attempts",
    Begin = "begin",
    Channel = "channel",
    Checksum = "checksum",
    Compare = "compare",
    CompatibleSince = "compatible_since",
    CreatedAt = "created_at",
    CreatedFrom = "created_from",
    CreatedUntil = "created_until",
    Deliveries = "deliveries",
    Delivery = "delivery",
    DeliveryState = "delivery_state",
    Digest = "digest",
    Discarded = "discarded",
    Display = "display",
    Domain = "domain",
    Due = "due",
    DueAt = "due_at",
    End = "end",
    EndedStatus = "ended_status",
    Error = "error",
    Event = "event",
    Fault = "fault",
    Few = "few",
    ExpiresAt = "expires_at",
    ExpiringUntil = "expiring_until",
    Generation = "generation",
    Generations = "generations",
    Full = "full",
    GraceUntil = "grace_until",
    Facet = "facet",
    High = "high",
    Id = "id",
    Ids = "ids",
    IdempotencyKey = "idempotency_key",
    Import = "import",
    Invitations = "invitations",
    Inviter = "inviter",
    InviterAddress = "inviter_address",
    Keys = "keys",
    Kind = "kind",
    Kinds = "kinds",
    Label = "label",
    Late = "late",
    LeaseUntil = "lease_until",
    Letter = "letter",
    Letters = "letters",
    Limit = "limit",
    Locale = "locale",
    Low = "low",
    Message = "message",
    MinGeneration = "min_generation",
    NewDelivery = "new_delivery",
    NewExpiresAt = "new_expires_at",
    NotBefore = "not_before",
    NotResentSince = "not_resent_since",
    NotResentUntil = "not_resent_until",
    Notify = "notify",
    Now = "now",
    OpenKey = "open_key",
    OrStatus = "or_status",
    Over = "over",
    Owner = "owner",
    Payload = "payload",
    Priority = "priority",
    ProviderId = "provider_id",
    ProvedAddress = "proved_address",
    Purpose = "purpose",
    Ready = "ready",
    Reason = "reason",
    Recipient = "recipient",
    RecipientGiven = "recipient_given",
    Refusals = "refusals",
    RemindAt = "remind_at",
    Reminded = "reminded",
    Renews = "renews",
    RequestDigest = "request_digest",
    ResentAt = "resent_at",
    Retire = "retire",
    Revision = "revision",
    Rows = "rows",
    Scope = "scope",
    Search = "search",
    SetsMessage = "sets_message",
    Settlements = "settlements",
    Status = "status",
    Status1 = "status_1",
    Status2 = "status_2",
    Status3 = "status_3",
    Status4 = "status_4",
    Status5 = "status_5",
    Status6 = "status_6",
    Statuses = "statuses",
    ToInviter = "to_inviter",
    Token = "token",
    Tokens = "tokens",
    UnexpiredAt = "unexpired_at",
    Unfiltered = "unfiltered",
    Unknowns = "unknowns",
    Until = "until",
    Version = "version",
    ViewedAt = "viewed_at",
}

impl Name {
    /// How many names there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// The name that stands at these bytes of a template.
    pub(crate) const fn read(template: &[u8], start: usize, end: usize) -> Option<Self> {
        let mut i = 0;
        while i < Self::COUNT {
            let name = Self::ALL[i].as_str().as_bytes();
            let mut at = 0;
            while at < name.len() && start + at < end && name[at] == template[start + at] {
                at += 1;
            }
            if at == name.len() && start + at == end {
                return Some(Self::ALL[i]);
            }
            i += 1;
        }
        None
    }
}
