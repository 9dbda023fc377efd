-- Times are UTC. Whatever is compared is ASCII under a binary collation, or bytes: the server's
-- own collations equate different letters, and ignore trailing blanks. Each statement can be repeated,
-- because the server commits it by itself. What a later migration may have to change has a name.

CREATE TABLE IF NOT EXISTS invite_invitations (
    id                BINARY(16)   NOT NULL PRIMARY KEY,
    kind              VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    scope             VARBINARY(800) NOT NULL,
    recipient_given   VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    recipient         VARBINARY(254) NOT NULL,
    inviter           VARCHAR(210) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    payload           LONGTEXT     CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    display           LONGTEXT     CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    message           TEXT         CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    locale            VARCHAR(35)  CHARACTER SET ascii COLLATE ascii_bin,
    status            VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ended_at          DATETIME(6),
    ended_by          VARCHAR(210) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    ended_reason      VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    address_proved    BOOLEAN      NOT NULL DEFAULT FALSE,
    generation        INT UNSIGNED NOT NULL,
    min_generation    INT UNSIGNED NOT NULL,
    grace_until       DATETIME(6),
    revision          INT UNSIGNED NOT NULL,
    -- Set while open, null after: a plain unique index allows one open invitation per key.
    open_key          BINARY(32),
    created_at        DATETIME(6)  NOT NULL,
    expires_at        DATETIME(6)  NOT NULL,
    resent_at         DATETIME(6),
    viewed_at         DATETIME(6),
    -- Where letters to the inviter go.
    inviter_address   VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    -- The delivery of this generation's letter.
    delivery_id       BINARY(16),
    -- When to look whether a reminder is due, and the shortest lead that is done with, in seconds.
    remind_at         DATETIME(6),
    reminded          INT UNSIGNED,
    -- What lists search by besides the address, and what they filter and count by. Both are made from the payload.
    label             VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    facet             VARBINARY(256),
    -- The import that it is part of.
    import            VARBINARY(256),
    -- What a repeated creation is recognised by, and what it has to ask for. SHA-256 both.
    idempotency_key   BINARY(32),
    request_digest    BINARY(32),
    -- The ended invitation that it was made from.
    renews            BINARY(16),
    UNIQUE KEY invite_invitations_open (open_key),
    UNIQUE KEY invite_invitations_delivery (delivery_id),
    UNIQUE KEY invite_invitations_key (idempotency_key),
    KEY invite_invitations_list (kind, scope, created_at, id),
    KEY invite_invitations_due (status, expires_at),
    KEY invite_invitations_import (kind, scope, import),
    KEY invite_invitations_remind (remind_at, id),
    KEY invite_invitations_ended (kind, ended_at, id),
    KEY invite_invitations_recipient (recipient, status),
    CONSTRAINT invite_invitations_payload CHECK (JSON_VALID(payload)),
    CONSTRAINT invite_invitations_display CHECK (JSON_VALID(display)),
    CONSTRAINT invite_invitations_status CHECK (
        status IN ('pending', 'accepted', 'rejected', 'cancelled', 'expired', 'delivery_failed')
    ),
    CONSTRAINT invite_invitations_ended CHECK ((ended_at IS NULL) = (status IN ('pending', 'delivery_failed'))),
    CONSTRAINT invite_invitations_one_open CHECK (open_key IS NULL OR status IN ('pending', 'delivery_failed'))
) ENGINE = InnoDB;

-- Digests only; kept as long as the invitation, so that an old link can be explained.
CREATE TABLE IF NOT EXISTS invite_tokens (
    digest     BINARY(32)   NOT NULL PRIMARY KEY,
    invitation BINARY(16)   NOT NULL,
    generation INT UNSIGNED NOT NULL,
    channel    VARCHAR(8)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at DATETIME(6)  NOT NULL,
    KEY invite_tokens_invitation (invitation),
    CONSTRAINT invite_tokens_channel CHECK (channel IN ('mail', 'link'))
) ENGINE = InnoDB;

-- What is still to be mailed. No body, no link, no token.
CREATE TABLE IF NOT EXISTS invite_outbox (
    id          BINARY(16)   NOT NULL PRIMARY KEY,
    kind        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    invitation  BINARY(16)   NOT NULL,
    generation  INT UNSIGNED NOT NULL,
    purpose     VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- What the order and the fairness of the queue go by: letters of a lower priority number are sent before all others,
    -- scopes take turns, and only so many letters are on their way to one domain.
    priority    INT UNSIGNED NOT NULL,
    scope       VARBINARY(800) NOT NULL,
    domain      VARBINARY(254) NOT NULL,
    not_before  DATETIME(6)  NOT NULL,
    -- Whether not_before has passed, so that letters that wait for it cost those who look for others nothing.
    ready       BOOLEAN      NOT NULL,
    attempt     INT UNSIGNED NOT NULL DEFAULT 0,
    refusals    INT UNSIGNED NOT NULL DEFAULT 0,
    unknowns    INT UNSIGNED NOT NULL DEFAULT 0,
    lease_owner BINARY(16),
    lease_until DATETIME(6),
    last_error  VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    KEY invite_outbox_ready (ready, priority, scope, not_before, id),
    KEY invite_outbox_waiting (ready, not_before),
    KEY invite_outbox_invitation (invitation)
) ENGINE = InnoDB;

-- What became of letters. A letter has no row until its first outcome.
CREATE TABLE IF NOT EXISTS invite_letters (
    id          BINARY(16)     NOT NULL PRIMARY KEY,
    invitation  BINARY(16)     NOT NULL,
    state       VARCHAR(20)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    attempts    INT UNSIGNED   NOT NULL,
    error       VARCHAR(200)   CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    -- Whose fault it is: recipient, content, sender or provider.
    fault       VARCHAR(20)    CHARACTER SET ascii COLLATE ascii_bin,
    -- Under which name the mail provider accepted it.
    provider_id VARBINARY(128),
    INDEX invite_letters_invitation (invitation),
    INDEX invite_letters_provider (provider_id)
) ENGINE = InnoDB;

-- Only ever appended to, until the invitation is deleted.
CREATE TABLE IF NOT EXISTS invite_events (
    id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    invitation BINARY(16)   NOT NULL,
    revision   INT UNSIGNED NOT NULL,
    action     VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    actor      VARCHAR(210) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    reason     VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    at         DATETIME(6)  NOT NULL,
    KEY invite_events_history (invitation, id)
) ENGINE = InnoDB;
