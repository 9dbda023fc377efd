-- Ids, scopes, addresses and words compare byte by byte: collation "C". What a later migration may have to change
-- has a name.

CREATE TABLE invite_invitations (
    id                uuid             NOT NULL PRIMARY KEY,
    kind              text COLLATE "C" NOT NULL,
    scope             text COLLATE "C" NOT NULL,
    recipient_given   text COLLATE "C" NOT NULL,
    recipient         text COLLATE "C" NOT NULL,
    inviter           text COLLATE "C" NOT NULL,
    payload           jsonb            NOT NULL,
    display           jsonb            NOT NULL,
    message           text COLLATE "C",
    locale            text COLLATE "C",
    status            text COLLATE "C" NOT NULL,
    ended_at          timestamptz,
    ended_by          text COLLATE "C",
    ended_reason      text COLLATE "C",
    address_proved    boolean          NOT NULL DEFAULT false,
    generation        integer          NOT NULL,
    min_generation    integer          NOT NULL,
    grace_until       timestamptz,
    revision          integer          NOT NULL,
    -- Set while open, null after: a plain unique index allows one open invitation per key.
    open_key          bytea,
    created_at        timestamptz      NOT NULL,
    expires_at        timestamptz      NOT NULL,
    resent_at         timestamptz,
    viewed_at         timestamptz,
    -- Where letters to the inviter go.
    inviter_address   text COLLATE "C",
    -- The delivery of this generation's letter.
    delivery_id       uuid,
    -- When to look whether a reminder is due, and the shortest lead that is done with, in seconds.
    remind_at         timestamptz,
    reminded          integer,
    -- What lists search by besides the address, and what they filter and count by. Both are made from the payload.
    label             text COLLATE "C",
    facet             text COLLATE "C",
    -- The import that it is part of.
    import            text COLLATE "C",
    -- What a repeated creation is recognised by, and what it has to ask for. SHA-256 both.
    idempotency_key   bytea,
    request_digest    bytea,
    -- The ended invitation that it was made from.
    renews            uuid,
    CONSTRAINT invite_invitations_open UNIQUE (open_key),
    CONSTRAINT invite_invitations_delivery UNIQUE (delivery_id),
    CONSTRAINT invite_invitations_status CHECK (
        status IN ('pending', 'accepted', 'rejected', 'cancelled', 'expired', 'delivery_failed')
    ),
    CONSTRAINT invite_invitations_ended CHECK ((ended_at IS NULL) = (status IN ('pending', 'delivery_failed'))),
    CONSTRAINT invite_invitations_one_open CHECK (
        open_key IS NULL OR (length(open_key) = 32 AND status IN ('pending', 'delivery_failed'))
    )
);

CREATE INDEX invite_invitations_list ON invite_invitations (kind, scope, created_at, id);
CREATE INDEX invite_invitations_due ON invite_invitations (expires_at, id)
    WHERE status IN ('pending', 'delivery_failed');
CREATE UNIQUE INDEX invite_invitations_key ON invite_invitations (idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX invite_invitations_import ON invite_invitations (kind, scope, import) WHERE import IS NOT NULL;
CREATE INDEX invite_invitations_remind ON invite_invitations (remind_at, id) WHERE remind_at IS NOT NULL;
CREATE INDEX invite_invitations_ended ON invite_invitations (kind, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX invite_invitations_recipient ON invite_invitations (recipient);

-- Digests only; kept as long as the invitation, so that an old link can be explained.
CREATE TABLE invite_tokens (
    digest     bytea            NOT NULL PRIMARY KEY,
    invitation uuid             NOT NULL,
    generation integer          NOT NULL,
    channel    text COLLATE "C" NOT NULL,
    created_at timestamptz      NOT NULL,
    CONSTRAINT invite_tokens_digest CHECK (length(digest) = 32),
    CONSTRAINT invite_tokens_channel CHECK (channel IN ('mail', 'link'))
);

CREATE INDEX invite_tokens_invitation ON invite_tokens (invitation);

-- What is still to be mailed. No body, no link, no token.
CREATE TABLE invite_outbox (
    id          uuid             NOT NULL PRIMARY KEY,
    kind        text COLLATE "C" NOT NULL,
    invitation  uuid             NOT NULL,
    generation  integer          NOT NULL,
    purpose     text COLLATE "C" NOT NULL,
    -- What the order and the fairness of the queue go by: letters of a lower priority number are sent before all others,
    -- scopes take turns, and only so many letters are on their way to one domain.
    priority    integer          NOT NULL,
    scope       text COLLATE "C" NOT NULL,
    domain      text COLLATE "C" NOT NULL,
    not_before  timestamptz      NOT NULL,
    -- Whether not_before has passed, so that letters that wait for it cost those who look for others nothing.
    ready       boolean          NOT NULL,
    attempt     integer          NOT NULL DEFAULT 0,
    refusals    integer          NOT NULL DEFAULT 0,
    unknowns    integer          NOT NULL DEFAULT 0,
    lease_owner uuid,
    lease_until timestamptz,
    last_error  text COLLATE "C"
);

CREATE INDEX invite_outbox_ready ON invite_outbox (priority, scope, not_before, id) WHERE ready;
CREATE INDEX invite_outbox_waiting ON invite_outbox (not_before) WHERE NOT ready;
CREATE INDEX invite_outbox_invitation ON invite_outbox (invitation);

-- What became of letters. A letter has no row until its first outcome.
CREATE TABLE invite_letters (
    id          uuid             NOT NULL PRIMARY KEY,
    invitation  uuid             NOT NULL,
    state       text COLLATE "C" NOT NULL,
    attempts    integer          NOT NULL,
    error       text COLLATE "C",
    -- Whose fault it is: recipient, content, sender or provider.
    fault       text COLLATE "C",
    -- Under which name the mail provider accepted it.
    provider_id text COLLATE "C"
);

CREATE INDEX invite_letters_invitation ON invite_letters (invitation);
CREATE INDEX invite_letters_provider ON invite_letters (provider_id) WHERE provider_id IS NOT NULL;

-- Only ever appended to, until the invitation is deleted.
CREATE TABLE invite_events (
    id         bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invitation uuid             NOT NULL,
    revision   integer          NOT NULL,
    action     text COLLATE "C" NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    reason     text COLLATE "C",
    at         timestamptz      NOT NULL
);

CREATE INDEX invite_events_history ON invite_events (invitation, id);
