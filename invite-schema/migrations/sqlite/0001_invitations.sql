-- Times are integers: microseconds since 1970, UTC. Ids are the 16 bytes of a UUID. Unique indexes stand by themselves,
-- because SQLite cannot drop one that is part of a table.

CREATE TABLE invite_invitations (
    id                BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind              TEXT    NOT NULL,
    scope             TEXT    NOT NULL,
    recipient_given   TEXT    NOT NULL,
    recipient         TEXT    NOT NULL,
    inviter           TEXT    NOT NULL,
    payload           TEXT    NOT NULL,
    display           TEXT    NOT NULL,
    message           TEXT,
    locale            TEXT,
    status            TEXT    NOT NULL,
    ended_at          INTEGER,
    ended_by          TEXT,
    ended_reason      TEXT,
    address_proved    INTEGER NOT NULL DEFAULT 0,
    generation        INTEGER NOT NULL,
    min_generation    INTEGER NOT NULL,
    grace_until       INTEGER,
    revision          INTEGER NOT NULL,
    -- Set while open, null after: a plain unique index allows one open invitation per key.
    open_key          BLOB,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    resent_at         INTEGER,
    viewed_at         INTEGER,
    -- Where letters to the inviter go.
    inviter_address   TEXT,
    -- The delivery of this generation's letter.
    delivery_id       BLOB,
    -- When to look whether a reminder is due, and the shortest lead that is done with, in seconds.
    remind_at         INTEGER,
    reminded          INTEGER,
    -- What lists search by besides the address, and what they filter and count by. Both are made from the payload.
    label             TEXT,
    facet             TEXT,
    -- The import that it is part of.
    import            TEXT,
    -- What a repeated creation is recognised by, and what it has to ask for. SHA-256 both.
    idempotency_key   BLOB,
    request_digest    BLOB,
    -- The ended invitation that it was made from.
    renews            BLOB,
    CONSTRAINT invite_invitations_status CHECK (
        status IN ('pending', 'accepted', 'rejected', 'cancelled', 'expired', 'delivery_failed')
    ),
    CONSTRAINT invite_invitations_ended CHECK ((ended_at IS NULL) = (status IN ('pending', 'delivery_failed'))),
    CONSTRAINT invite_invitations_one_open CHECK (
        open_key IS NULL OR (length(open_key) = 32 AND status IN ('pending', 'delivery_failed'))
    ),
    CONSTRAINT invite_invitations_delivery CHECK (delivery_id IS NULL OR length(delivery_id) = 16)
) STRICT;

CREATE UNIQUE INDEX invite_invitations_open ON invite_invitations (open_key);
CREATE UNIQUE INDEX invite_invitations_delivery ON invite_invitations (delivery_id);
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
    digest     BLOB    NOT NULL PRIMARY KEY,
    invitation BLOB    NOT NULL,
    generation INTEGER NOT NULL,
    channel    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT invite_tokens_digest CHECK (length(digest) = 32),
    CONSTRAINT invite_tokens_channel CHECK (channel IN ('mail', 'link'))
) STRICT, WITHOUT ROWID;

CREATE INDEX invite_tokens_invitation ON invite_tokens (invitation);

-- What is still to be mailed. No body, no link, no token.
CREATE TABLE invite_outbox (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind        TEXT    NOT NULL,
    invitation  BLOB    NOT NULL,
    generation  INTEGER NOT NULL,
    purpose     TEXT    NOT NULL,
    -- What the order and the fairness of the queue go by: letters of a lower priority number are sent before all others,
    -- scopes take turns, and only so many letters are on their way to one domain.
    priority    INTEGER NOT NULL,
    scope       TEXT    NOT NULL,
    domain      TEXT    NOT NULL,
    not_before  INTEGER NOT NULL,
    -- Whether not_before has passed, so that letters that wait for it cost those who look for others nothing.
    ready       INTEGER NOT NULL,
    attempt     INTEGER NOT NULL DEFAULT 0,
    refusals    INTEGER NOT NULL DEFAULT 0,
    unknowns    INTEGER NOT NULL DEFAULT 0,
    lease_owner BLOB,
    lease_until INTEGER,
    last_error  TEXT
) STRICT;

CREATE INDEX invite_outbox_ready ON invite_outbox (priority, scope, not_before, id) WHERE ready;
CREATE INDEX invite_outbox_waiting ON invite_outbox (not_before) WHERE NOT ready;
CREATE INDEX invite_outbox_invitation ON invite_outbox (invitation);

-- What became of letters. A letter has no row until its first outcome.
CREATE TABLE invite_letters (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    invitation  BLOB    NOT NULL,
    state       TEXT    NOT NULL,
    attempts    INTEGER NOT NULL,
    error       TEXT,
    -- Whose fault it is: recipient, content, sender or provider.
    fault       TEXT,
    -- Under which name the mail provider accepted it.
    provider_id TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX invite_letters_invitation ON invite_letters (invitation);
CREATE INDEX invite_letters_provider ON invite_letters (provider_id) WHERE provider_id IS NOT NULL;

-- Only ever appended to, until the invitation is deleted. `AUTOINCREMENT`, so that no id comes again after rows were deleted.
CREATE TABLE invite_events (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    invitation BLOB    NOT NULL,
    revision   INTEGER NOT NULL,
    action     TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    reason     TEXT,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX invite_events_history ON invite_events (invitation, id);
