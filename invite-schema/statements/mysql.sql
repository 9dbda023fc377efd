-- Every statement as it is sent but for its white space, below the names of the values that its places take.
-- Written by `tests/statements.rs`.

-- INSERT
--   1 id, 2 kind, 3 scope, 4 recipient_given, 5 recipient, 6 inviter, 7 payload, 8 display, 9 message, 10 locale,
--       11 status, 12 generation, 13 min_generation, 14 revision, 15 open_key, 16 created_at, 17 expires_at,
--       18 inviter_address, 19 delivery, 20 remind_at, 21 label, 22 facet, 23 import, 24 idempotency_key,
--       25 request_digest, 26 renews
INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display,
    message, locale, status, generation, min_generation, revision, open_key, created_at, expires_at,
    inviter_address, delivery_id, remind_at, label, facet, import, idempotency_key, request_digest, renews)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?) ON DUPLICATE KEY UPDATE id = NULL;

-- INSERT_EVENT
--   1 id, 2 revision, 3 event, 4 actor, 5 reason, 6 at
INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
VALUES (?, ?, ?, ?, ?, ?);

-- INSERT_TOKEN
--   1 token, 2 id, 3 generation, 4 channel, 5 at
INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
VALUES (?, ?, ?, ?, ?);

-- INSERT_LETTER
--   1 letter, 2 kind, 3 id, 4 generation, 5 purpose, 6 priority, 7 scope, 8 domain, 9 not_before, 10 ready
INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
    ready)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- END_BY_TOKEN
--   1 ended_status, 2 at, 3 actor, 4 reason, 5 digest, 6 now, 7 kind, 8 status, 9 or_status, 10 after, 11 until,
--       12 compare, 13 address_1, 14 address_2, 15 address_3, 16 address_4, 17 address_5, 18 address_6,
--       19 address_7, 20 address_8, 21 proved_address, 22 not_resent_since, 23 not_resent_until
UPDATE invite_invitations AS i JOIN invite_tokens AS t ON t.invitation = i.id
SET i.status = ?, i.ended_at = ?, i.ended_by = ?, i.ended_reason = ?, i.address_proved = (t.channel = 'mail'),
    i.open_key = NULL, i.remind_at = NULL, i.revision = i.revision + 1
WHERE t.digest = ?
AND t.generation + IF(i.grace_until > ?, 1, 0) >= i.min_generation
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?,
    ?) OR (CAST(i.recipient AS BINARY) = ? AND t.channel = 'mail'))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?);

-- END_BY_ID
--   1 ended_status, 2 at, 3 actor, 4 reason, 5 id, 6 scope, 7 kind, 8 status, 9 or_status, 10 after, 11 until,
--       12 compare, 13 address_1, 14 address_2, 15 address_3, 16 address_4, 17 address_5, 18 address_6,
--       19 address_7, 20 address_8, 21 proved_address, 22 not_resent_since, 23 not_resent_until
UPDATE invite_invitations AS i
SET i.status = ?, i.ended_at = ?, i.ended_by = ?, i.ended_reason = ?, i.address_proved = FALSE,
    i.open_key = NULL, i.remind_at = NULL, i.revision = i.revision + 1
WHERE i.id = ?
AND i.scope = COALESCE(?, i.scope)
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?, ?) OR (CAST(i.recipient AS BINARY) = ? AND FALSE))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?);

-- RENEW
--   1 resent_at, 2 new_expires_at, 3 retire, 4 retire, 5 grace_until, 6 new_delivery, 7 remind_at, 8 id, 9 scope,
--       10 kind, 11 status, 12 or_status, 13 after, 14 until, 15 compare, 16 address_1, 17 address_2,
--       18 address_3, 19 address_4, 20 address_5, 21 address_6, 22 address_7, 23 address_8, 24 proved_address,
--       25 not_resent_since, 26 not_resent_until
UPDATE invite_invitations AS i
SET i.status = 'pending', i.resent_at = ?, i.viewed_at = NULL, i.expires_at = GREATEST(i.expires_at,
    COALESCE(?, i.expires_at)), i.min_generation = IF(?, i.generation + 1, i.min_generation),
    i.grace_until = IF(?, ?, i.grace_until), i.generation = i.generation + 1, i.revision = i.revision + 1,
    i.delivery_id = ?, i.remind_at = ?, i.reminded = NULL
WHERE i.id = ?
AND i.scope = COALESCE(?, i.scope)
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?, ?) OR (CAST(i.recipient AS BINARY) = ? AND FALSE))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?);

-- AMEND
--   1 payload, 2 label, 3 payload, 4 facet, 5 payload, 6 display, 7 sets_message, 8 message, 9 new_expires_at,
--       10 remind_at, 11 id, 12 scope, 13 kind, 14 status, 15 or_status, 16 after, 17 until, 18 compare,
--       19 address_1, 20 address_2, 21 address_3, 22 address_4, 23 address_5, 24 address_6, 25 address_7,
--       26 address_8, 27 proved_address, 28 not_resent_since, 29 not_resent_until
UPDATE invite_invitations AS i
SET i.label = IF(? IS NULL, i.label, ?), i.facet = IF(? IS NULL, i.facet, ?), i.payload = COALESCE(?,
    i.payload), i.display = COALESCE(?, i.display), i.message = IF(?, ?, i.message),
    i.expires_at = COALESCE(?, i.expires_at), i.remind_at = COALESCE(?, i.remind_at),
    i.revision = i.revision + 1
WHERE i.id = ?
AND i.scope = COALESCE(?, i.scope)
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?, ?) OR (CAST(i.recipient AS BINARY) = ? AND FALSE))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?);

-- READDRESS
--   1 recipient_given, 2 recipient, 3 open_key, 4 payload, 5 label, 6 payload, 7 facet, 8 payload, 9 display,
--       10 sets_message, 11 message, 12 new_expires_at, 13 id, 14 scope, 15 kind, 16 status, 17 or_status,
--       18 after, 19 until, 20 compare, 21 address_1, 22 address_2, 23 address_3, 24 address_4, 25 address_5,
--       26 address_6, 27 address_7, 28 address_8, 29 proved_address, 30 not_resent_since, 31 not_resent_until
UPDATE invite_invitations AS i
SET i.recipient_given = ?, i.recipient = ?, i.open_key = ?, i.min_generation = i.generation + 1,
    i.generation = i.generation + 1, i.grace_until = NULL, i.viewed_at = NULL, i.delivery_id = NULL,
    i.remind_at = NULL, i.reminded = NULL, i.label = IF(? IS NULL, i.label, ?), i.facet = IF(? IS NULL,
    i.facet, ?), i.payload = COALESCE(?, i.payload), i.display = COALESCE(?, i.display), i.message = IF(?, ?,
    i.message), i.expires_at = COALESCE(?, i.expires_at), i.revision = i.revision + 1
WHERE i.id = ?
AND i.scope = COALESCE(?, i.scope)
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?, ?) OR (CAST(i.recipient AS BINARY) = ? AND FALSE))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?);

-- LINK
--   1 id, 2 scope, 3 kind, 4 status, 5 or_status, 6 after, 7 until, 8 compare, 9 address_1, 10 address_2,
--       11 address_3, 12 address_4, 13 address_5, 14 address_6, 15 address_7, 16 address_8, 17 proved_address,
--       18 not_resent_since, 19 not_resent_until
UPDATE invite_invitations AS i
SET i.revision = i.revision + 1
WHERE i.id = ?
AND i.scope = COALESCE(?, i.scope)
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?, ?) OR (CAST(i.recipient AS BINARY) = ? AND FALSE))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?);

-- VIEW
--   1 viewed_at, 2 digest, 3 now, 4 kind, 5 status, 6 or_status, 7 after, 8 until, 9 compare, 10 address_1,
--       11 address_2, 12 address_3, 13 address_4, 14 address_5, 15 address_6, 16 address_7, 17 address_8,
--       18 proved_address, 19 not_resent_since, 20 not_resent_until
UPDATE invite_invitations AS i JOIN invite_tokens AS t ON t.invitation = i.id
SET i.viewed_at = ?
WHERE t.digest = ?
AND t.generation + IF(i.grace_until > ?, 1, 0) >= i.min_generation
AND i.viewed_at IS NULL
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?,
    ?) OR (CAST(i.recipient AS BINARY) = ? AND t.channel = 'mail'))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?);

-- FAIL_DELIVERY
--   1 delivery, 2 kind, 3 status, 4 or_status, 5 after, 6 until, 7 compare, 8 address_1, 9 address_2,
--       10 address_3, 11 address_4, 12 address_5, 13 address_6, 14 address_7, 15 address_8, 16 proved_address,
--       17 not_resent_since, 18 not_resent_until
UPDATE invite_invitations AS i
SET i.status = 'delivery_failed', i.remind_at = NULL, i.revision = i.revision + 1
WHERE i.delivery_id = ?
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?, ?) OR (CAST(i.recipient AS BINARY) = ? AND FALSE))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?);

-- RECORD_FIRST
--   1 delivery_state, 2 attempts, 3 error, 4 fault, 5 provider_id, 6 delivery, 7 kind
INSERT INTO invite_letters (id, invitation, state, attempts, error, fault, provider_id)
SELECT i.delivery_id, i.id, ?, COALESCE(?, 0), ?, ?, ?
FROM invite_invitations AS i
WHERE i.delivery_id = ?
AND i.kind = ?;

-- RECORD_DELIVERY
--   1 delivery_state, 2 attempts, 3 error, 4 fault, 5 provider_id, 6 delivery, 7 over, 8 delivery, 9 kind
UPDATE invite_letters
SET state = ?, attempts = COALESCE(?, attempts), error = ?, fault = ?, provider_id = COALESCE(?, provider_id)
WHERE id = ?
AND JSON_CONTAINS(?, JSON_QUOTE(state))
AND EXISTS (SELECT 1
    FROM invite_invitations AS i
    WHERE i.delivery_id = ?
    AND i.kind = ?);

-- FIND_BY_TOKEN
--   1 digest
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, t.digest, t.generation, t.channel
FROM invite_tokens AS t JOIN invite_invitations AS i ON i.id = t.invitation LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE t.digest = ?;

-- FIND_BY_ID
--   1 id, 2 kind, 3 scope
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id = ?
AND i.kind = ?
AND i.scope = COALESCE(?, i.scope);

-- FIND_BY_TOKEN_LATEST
--   1 digest
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), t.digest, t.generation, t.channel
FROM invite_tokens AS t JOIN invite_invitations AS i ON i.id = t.invitation
WHERE t.digest = ? LOCK IN SHARE MODE;

-- FIND_BY_ID_LATEST
--   1 id, 2 kind, 3 scope
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), NULL, NULL, NULL
FROM invite_invitations AS i
WHERE i.id = ?
AND i.kind = ?
AND i.scope = COALESCE(?, i.scope) LOCK IN SHARE MODE;

-- FIND_BY_DELIVERY
--   1 delivery, 2 kind
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.delivery_id = ?
AND i.kind = ?;

-- FIND_BY_PROVIDER_ID
--   1 provider_id, 2 kind
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.delivery_id = (SELECT k.id
    FROM invite_letters AS k
    WHERE k.provider_id = ?
    ORDER BY k.id DESC LIMIT 1) AND i.kind = ?;

-- FIND_OPEN
--   1 open_key
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.open_key = ?;

-- FIND_OPEN_LATEST
--   1 open_key
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), NULL, NULL, NULL
FROM invite_invitations AS i
WHERE i.open_key = ? LOCK IN SHARE MODE;

-- FIND_BY_KEY
--   1 idempotency_key
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.idempotency_key = ?;

-- FIND_BY_KEY_LATEST
--   1 idempotency_key
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), NULL, NULL, NULL
FROM invite_invitations AS i
WHERE i.idempotency_key = ? LOCK IN SHARE MODE;

-- INSERT_TOGETHER
--   1 rows
INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display,
    message, locale, status, generation, min_generation, revision, open_key, created_at, expires_at,
    inviter_address, delivery_id, remind_at, label, facet, import, idempotency_key, request_digest, renews)
SELECT UNHEX(a.id), a.kind, a.scope, a.recipient_given, a.recipient, a.inviter, a.payload, a.display,
    a.message, a.locale, a.status, a.generation, a.min_generation, a.revision, UNHEX(a.open_key),
    a.created_at, a.expires_at, a.inviter_address, UNHEX(a.delivery_id), a.remind_at, a.label, a.facet,
    a.import, UNHEX(a.idempotency_key), UNHEX(a.request_digest), UNHEX(a.renews)
FROM JSON_TABLE(?, '$[*]' COLUMNS ( id CHAR(32) PATH '$.id', kind VARCHAR(64) PATH '$.kind',
    scope VARCHAR(200) PATH '$.scope', recipient_given VARCHAR(254) PATH '$.recipient_given',
    recipient VARCHAR(254) PATH '$.recipient', inviter VARCHAR(210) PATH '$.inviter',
    payload LONGTEXT PATH '$.payload', display LONGTEXT PATH '$.display', message TEXT PATH '$.message',
    locale VARCHAR(35) PATH '$.locale', status VARCHAR(20) PATH '$.status',
    generation INT UNSIGNED PATH '$.generation', min_generation INT UNSIGNED PATH '$.min_generation',
    revision INT UNSIGNED PATH '$.revision', open_key CHAR(64) PATH '$.open_key',
    created_at DATETIME(6) PATH '$.created_at', expires_at DATETIME(6) PATH '$.expires_at',
    inviter_address VARCHAR(254) PATH '$.inviter_address', delivery_id CHAR(32) PATH '$.delivery_id',
    remind_at DATETIME(6) PATH '$.remind_at', label VARCHAR(200) PATH '$.label',
    facet VARCHAR(64) PATH '$.facet', import VARCHAR(64) PATH '$.import',
    idempotency_key CHAR(64) PATH '$.idempotency_key', request_digest CHAR(64) PATH '$.request_digest',
    renews CHAR(32) PATH '$.renews', event VARCHAR(20) PATH '$.event', actor VARCHAR(210) PATH '$.actor',
    reason VARCHAR(200) PATH '$.reason', at DATETIME(6) PATH '$.at', letter CHAR(32) PATH '$.letter',
    purpose VARCHAR(20) PATH '$.purpose', priority INT UNSIGNED PATH '$.priority',
    domain VARCHAR(254) PATH '$.domain', not_before DATETIME(6) PATH '$.not_before',
    ready INT UNSIGNED PATH '$.ready', token CHAR(64) PATH '$.token',
    channel VARCHAR(8) PATH '$.channel')) AS a ON DUPLICATE KEY UPDATE revision = invite_invitations.revision;

-- INSERTED
--   1 ids
SELECT i.id
FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id);

-- INSERT_EVENTS
--   1 rows
INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
SELECT UNHEX(a.id), a.revision, a.event, a.actor, a.reason, a.at
FROM JSON_TABLE(?, '$[*]' COLUMNS ( id CHAR(32) PATH '$.id', kind VARCHAR(64) PATH '$.kind',
    scope VARCHAR(200) PATH '$.scope', recipient_given VARCHAR(254) PATH '$.recipient_given',
    recipient VARCHAR(254) PATH '$.recipient', inviter VARCHAR(210) PATH '$.inviter',
    payload LONGTEXT PATH '$.payload', display LONGTEXT PATH '$.display', message TEXT PATH '$.message',
    locale VARCHAR(35) PATH '$.locale', status VARCHAR(20) PATH '$.status',
    generation INT UNSIGNED PATH '$.generation', min_generation INT UNSIGNED PATH '$.min_generation',
    revision INT UNSIGNED PATH '$.revision', open_key CHAR(64) PATH '$.open_key',
    created_at DATETIME(6) PATH '$.created_at', expires_at DATETIME(6) PATH '$.expires_at',
    inviter_address VARCHAR(254) PATH '$.inviter_address', delivery_id CHAR(32) PATH '$.delivery_id',
    remind_at DATETIME(6) PATH '$.remind_at', label VARCHAR(200) PATH '$.label',
    facet VARCHAR(64) PATH '$.facet', import VARCHAR(64) PATH '$.import',
    idempotency_key CHAR(64) PATH '$.idempotency_key', request_digest CHAR(64) PATH '$.request_digest',
    renews CHAR(32) PATH '$.renews', event VARCHAR(20) PATH '$.event', actor VARCHAR(210) PATH '$.actor',
    reason VARCHAR(200) PATH '$.reason', at DATETIME(6) PATH '$.at', letter CHAR(32) PATH '$.letter',
    purpose VARCHAR(20) PATH '$.purpose', priority INT UNSIGNED PATH '$.priority',
    domain VARCHAR(254) PATH '$.domain', not_before DATETIME(6) PATH '$.not_before',
    ready INT UNSIGNED PATH '$.ready', token CHAR(64) PATH '$.token',
    channel VARCHAR(8) PATH '$.channel')) AS a;

-- INSERT_LETTERS
--   1 rows
INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
    ready)
SELECT UNHEX(a.letter), a.kind, UNHEX(a.id), a.generation, a.purpose, a.priority, a.scope, a.domain,
    a.not_before, a.ready
FROM JSON_TABLE(?, '$[*]' COLUMNS ( id CHAR(32) PATH '$.id', kind VARCHAR(64) PATH '$.kind',
    scope VARCHAR(200) PATH '$.scope', recipient_given VARCHAR(254) PATH '$.recipient_given',
    recipient VARCHAR(254) PATH '$.recipient', inviter VARCHAR(210) PATH '$.inviter',
    payload LONGTEXT PATH '$.payload', display LONGTEXT PATH '$.display', message TEXT PATH '$.message',
    locale VARCHAR(35) PATH '$.locale', status VARCHAR(20) PATH '$.status',
    generation INT UNSIGNED PATH '$.generation', min_generation INT UNSIGNED PATH '$.min_generation',
    revision INT UNSIGNED PATH '$.revision', open_key CHAR(64) PATH '$.open_key',
    created_at DATETIME(6) PATH '$.created_at', expires_at DATETIME(6) PATH '$.expires_at',
    inviter_address VARCHAR(254) PATH '$.inviter_address', delivery_id CHAR(32) PATH '$.delivery_id',
    remind_at DATETIME(6) PATH '$.remind_at', label VARCHAR(200) PATH '$.label',
    facet VARCHAR(64) PATH '$.facet', import VARCHAR(64) PATH '$.import',
    idempotency_key CHAR(64) PATH '$.idempotency_key', request_digest CHAR(64) PATH '$.request_digest',
    renews CHAR(32) PATH '$.renews', event VARCHAR(20) PATH '$.event', actor VARCHAR(210) PATH '$.actor',
    reason VARCHAR(200) PATH '$.reason', at DATETIME(6) PATH '$.at', letter CHAR(32) PATH '$.letter',
    purpose VARCHAR(20) PATH '$.purpose', priority INT UNSIGNED PATH '$.priority',
    domain VARCHAR(254) PATH '$.domain', not_before DATETIME(6) PATH '$.not_before',
    ready INT UNSIGNED PATH '$.ready', token CHAR(64) PATH '$.token',
    channel VARCHAR(8) PATH '$.channel')) AS a
WHERE a.letter IS NOT NULL;

-- INSERT_LINKS
--   1 rows
INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
SELECT UNHEX(a.token), UNHEX(a.id), a.generation, a.channel, a.at
FROM JSON_TABLE(?, '$[*]' COLUMNS ( id CHAR(32) PATH '$.id', kind VARCHAR(64) PATH '$.kind',
    scope VARCHAR(200) PATH '$.scope', recipient_given VARCHAR(254) PATH '$.recipient_given',
    recipient VARCHAR(254) PATH '$.recipient', inviter VARCHAR(210) PATH '$.inviter',
    payload LONGTEXT PATH '$.payload', display LONGTEXT PATH '$.display', message TEXT PATH '$.message',
    locale VARCHAR(35) PATH '$.locale', status VARCHAR(20) PATH '$.status',
    generation INT UNSIGNED PATH '$.generation', min_generation INT UNSIGNED PATH '$.min_generation',
    revision INT UNSIGNED PATH '$.revision', open_key CHAR(64) PATH '$.open_key',
    created_at DATETIME(6) PATH '$.created_at', expires_at DATETIME(6) PATH '$.expires_at',
    inviter_address VARCHAR(254) PATH '$.inviter_address', delivery_id CHAR(32) PATH '$.delivery_id',
    remind_at DATETIME(6) PATH '$.remind_at', label VARCHAR(200) PATH '$.label',
    facet VARCHAR(64) PATH '$.facet', import VARCHAR(64) PATH '$.import',
    idempotency_key CHAR(64) PATH '$.idempotency_key', request_digest CHAR(64) PATH '$.request_digest',
    renews CHAR(32) PATH '$.renews', event VARCHAR(20) PATH '$.event', actor VARCHAR(210) PATH '$.actor',
    reason VARCHAR(200) PATH '$.reason', at DATETIME(6) PATH '$.at', letter CHAR(32) PATH '$.letter',
    purpose VARCHAR(20) PATH '$.purpose', priority INT UNSIGNED PATH '$.priority',
    domain VARCHAR(254) PATH '$.domain', not_before DATETIME(6) PATH '$.not_before',
    ready INT UNSIGNED PATH '$.ready', token CHAR(64) PATH '$.token',
    channel VARCHAR(8) PATH '$.channel')) AS a
WHERE a.token IS NOT NULL;

-- HELD
--   1 ids, 2 scope, 3 kind, 4 status, 5 or_status, 6 after, 7 until, 8 compare, 9 address_1, 10 address_2,
--       11 address_3, 12 address_4, 13 address_5, 14 address_6, 15 address_7, 16 address_8, 17 proved_address,
--       18 not_resent_since, 19 not_resent_until
SELECT i.id
FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id)
WHERE i.scope = COALESCE(?, i.scope)
AND i.kind = ?
AND i.status IN (?, ?)
AND i.expires_at > ?
AND i.expires_at <= ?
AND (CAST(CASE ? WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient ELSE SUBSTRING_INDEX(i.recipient, '@',
    -1) END AS BINARY) IN (?, ?, ?, ?, ?, ?, ?, ?) OR (CAST(i.recipient AS BINARY) = ? AND FALSE))
AND (i.resent_at IS NULL OR i.resent_at <= ? OR i.resent_at > ?) FOR UPDATE;

-- HOLD_ENDED
--   1 ids, 2 kind, 3 scope, 4 now
SELECT i.id
FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id)
WHERE i.kind = ?
AND i.scope = ?
AND (i.status NOT IN ('pending', 'delivery_failed') OR i.expires_at <= ?) FOR UPDATE;

-- HOLD_OLD
--   1 kind, 2 until, 3 limit
SELECT id
FROM invite_invitations FORCE INDEX (invite_invitations_ended)
WHERE kind = ?
AND ended_at <= ?
ORDER BY ended_at, id LIMIT ? FOR UPDATE SKIP LOCKED;

-- FORGET_QUEUED
--   1 ids
DELETE d
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN invite_outbox AS d FORCE INDEX (invite_outbox_invitation) ON d.invitation = UNHEX(a.id);

-- FORGET_TOKENS
--   1 ids
DELETE d
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN invite_tokens AS d FORCE INDEX (invite_tokens_invitation) ON d.invitation = UNHEX(a.id);

-- FORGET_LETTERS
--   1 ids
DELETE d
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN invite_letters AS d FORCE INDEX (invite_letters_invitation) ON d.invitation = UNHEX(a.id);

-- FORGET_EVENTS
--   1 ids
DELETE d
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN invite_events AS d FORCE INDEX (invite_events_history) ON d.invitation = UNHEX(a.id);

-- FORGET_ENDED
--   1 ids
DELETE i
FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id);

-- END_HELD
--   1 ids, 2 ended_status, 3 at, 4 actor, 5 reason
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id)
SET i.status = ?, i.ended_at = ?, i.ended_by = ?, i.ended_reason = ?, i.address_proved = FALSE,
    i.open_key = NULL, i.remind_at = NULL, i.revision = i.revision + 1;

-- RENEW_HELD
--   1 ids, 2 resent_at, 3 new_expires_at, 4 retire, 5 retire, 6 grace_until, 7 remind_at
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id)
SET i.status = 'pending', i.resent_at = ?, i.viewed_at = NULL, i.expires_at = GREATEST(i.expires_at,
    COALESCE(?, i.expires_at)), i.min_generation = IF(?, i.generation + 1, i.min_generation),
    i.grace_until = IF(?, ?, i.grace_until), i.generation = i.generation + 1, i.revision = i.revision + 1,
    i.delivery_id = UNHEX(a.letter), i.remind_at = ?, i.reminded = NULL;

-- LOG_HELD
--   1 event, 2 actor, 3 reason, 4 at, 5 ids
INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
SELECT i.id, i.revision, ?, ?, ?, ?
FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id);

-- QUEUE_HELD
--   1 purpose, 2 priority, 3 to_inviter, 4 not_before, 5 ready, 6 ids, 7 to_inviter
INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
    ready)
SELECT UNHEX(a.letter), i.kind, i.id, i.generation, ?, ?, i.scope, IF(?,
    CAST(LOWER(SUBSTRING_INDEX(i.inviter_address, '@', -1)) AS BINARY), SUBSTRING_INDEX(i.recipient, '@',
    -1)), ?, ?
FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id)
WHERE a.letter IS NOT NULL
AND (NOT ? OR i.inviter_address IS NOT NULL);

-- FIND_TOGETHER_BY_ID
--   1 ids, 2 kind, 3 scope
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL
FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = ?
AND i.scope = COALESCE(?, i.scope);

-- FIND_TOGETHER_OPEN
--   1 keys
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, i.open_key
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (looked_for CHAR(64) PATH '$')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (invite_invitations_open) ON i.open_key = UNHEX(a.looked_for) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id;

-- FIND_TOGETHER_BY_KEY
--   1 keys
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, i.idempotency_key
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (looked_for CHAR(64) PATH '$')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (invite_invitations_key) ON i.idempotency_key = UNHEX(a.looked_for) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id;

-- LIST_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search,
--       18 search, 19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until,
--       26 any_delivery, 27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i FORCE INDEX (invite_invitations_list) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = ?
AND i.scope = ?
AND i.created_at >= ?
AND i.created_at < ?
AND i.created_at <= ?
AND (i.created_at < ? OR i.id < ?)
AND (? OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
    'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J',
    'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'),
    'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
AND (? IS NULL OR i.facet = ?)
AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END))))
AND (? IS NULL OR l.fault = ?)
ORDER BY i.created_at DESC, i.id DESC LIMIT ?;

-- LIST_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search,
--       18 search, 19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until,
--       26 any_delivery, 27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i FORCE INDEX (invite_invitations_list) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = ?
AND i.scope = ?
AND i.created_at >= ?
AND i.created_at < ?
AND i.created_at >= ?
AND (i.created_at > ? OR i.id > ?)
AND (? OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
    'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J',
    'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'),
    'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
AND (? IS NULL OR i.facet = ?)
AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END))))
AND (? IS NULL OR l.fault = ?)
ORDER BY i.created_at, i.id LIMIT ?;

-- LIST_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search,
--       18 search, 19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until,
--       26 any_delivery, 27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_list)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.expires_at >= ?
    AND (i.expires_at > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.expires_at, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.expires_at, i.id;

-- LIST_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_address, 6 after_address, 7 after_id, 8 any_status,
--       9 now, 10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search,
--       18 search, 19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until,
--       26 any_delivery, 27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_list)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.recipient >= ?
    AND (i.recipient > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.recipient, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.recipient, i.id;

-- IMPORT_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 import, 6 after_at, 7 after_at, 8 after_id, 9 any_status,
--       10 now, 11 status_1, 12 status_2, 13 status_3, 14 status_4, 15 status_5, 16 status_6, 17 search,
--       18 search, 19 search, 20 facet, 21 facet, 22 inviter, 23 inviter, 24 expiring_until, 25 now,
--       26 expiring_until, 27 any_delivery, 28 deliveries, 29 fault, 30 fault, 31 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND i.created_at <= ?
    AND (i.created_at < ? OR i.id < ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.created_at DESC, i.id DESC LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.created_at DESC, i.id DESC;

-- IMPORT_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 import, 6 after_at, 7 after_at, 8 after_id, 9 any_status,
--       10 now, 11 status_1, 12 status_2, 13 status_3, 14 status_4, 15 status_5, 16 status_6, 17 search,
--       18 search, 19 search, 20 facet, 21 facet, 22 inviter, 23 inviter, 24 expiring_until, 25 now,
--       26 expiring_until, 27 any_delivery, 28 deliveries, 29 fault, 30 fault, 31 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND i.created_at >= ?
    AND (i.created_at > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.created_at, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.created_at, i.id;

-- IMPORT_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 import, 6 after_at, 7 after_at, 8 after_id, 9 any_status,
--       10 now, 11 status_1, 12 status_2, 13 status_3, 14 status_4, 15 status_5, 16 status_6, 17 search,
--       18 search, 19 search, 20 facet, 21 facet, 22 inviter, 23 inviter, 24 expiring_until, 25 now,
--       26 expiring_until, 27 any_delivery, 28 deliveries, 29 fault, 30 fault, 31 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND i.expires_at >= ?
    AND (i.expires_at > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.expires_at, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.expires_at, i.id;

-- IMPORT_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 import, 6 after_address, 7 after_address, 8 after_id,
--       9 any_status, 10 now, 11 status_1, 12 status_2, 13 status_3, 14 status_4, 15 status_5, 16 status_6,
--       17 search, 18 search, 19 search, 20 facet, 21 facet, 22 inviter, 23 inviter, 24 expiring_until, 25 now,
--       26 expiring_until, 27 any_delivery, 28 deliveries, 29 fault, 30 fault, 31 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND i.recipient >= ?
    AND (i.recipient > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.recipient, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.recipient, i.id;

-- EVERYWHERE_NEWEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 import, 6 created_from, 7 created_until, 8 any_status, 9 now, 10 status_1,
--       11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search, 18 search,
--       19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until, 26 any_delivery,
--       27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i FORCE INDEX (PRIMARY) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id > ?
AND i.id < ?
AND i.kind = ?
AND (? IS NULL OR i.import = ?)
AND i.created_at >= ?
AND i.created_at < ?
AND (? OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
    'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J',
    'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'),
    'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
AND (? IS NULL OR i.facet = ?)
AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END))))
AND (? IS NULL OR l.fault = ?)
ORDER BY i.id DESC LIMIT ?;

-- EVERYWHERE_OLDEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 import, 6 created_from, 7 created_until, 8 any_status, 9 now, 10 status_1,
--       11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search, 18 search,
--       19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until, 26 any_delivery,
--       27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i FORCE INDEX (PRIMARY) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id > ?
AND i.id < ?
AND i.kind = ?
AND (? IS NULL OR i.import = ?)
AND i.created_at >= ?
AND i.created_at < ?
AND (? OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
    'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J',
    'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'),
    'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
AND (? IS NULL OR i.facet = ?)
AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END))))
AND (? IS NULL OR l.fault = ?)
ORDER BY i.id LIMIT ?;

-- ROWS_LIST_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search,
--       18 search, 19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until,
--       26 any_delivery, 27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i FORCE INDEX (invite_invitations_list) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = ?
AND i.scope = ?
AND i.created_at >= ?
AND i.created_at < ?
AND i.created_at <= ?
AND (i.created_at < ? OR i.id < ?)
AND (? OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
    'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J',
    'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'),
    'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
AND (? IS NULL OR i.facet = ?)
AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END))))
AND (? IS NULL OR l.fault = ?)
ORDER BY i.created_at DESC, i.id DESC LIMIT ?;

-- ROWS_LIST_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search,
--       18 search, 19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until,
--       26 any_delivery, 27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i FORCE INDEX (invite_invitations_list) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = ?
AND i.scope = ?
AND i.created_at >= ?
AND i.created_at < ?
AND i.created_at >= ?
AND (i.created_at > ? OR i.id > ?)
AND (? OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
    'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J',
    'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'),
    'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
AND (? IS NULL OR i.facet = ?)
AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END))))
AND (? IS NULL OR l.fault = ?)
ORDER BY i.created_at, i.id LIMIT ?;

-- ROWS_LIST_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search,
--       18 search, 19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until,
--       26 any_delivery, 27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_list)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.expires_at >= ?
    AND (i.expires_at > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.expires_at, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.expires_at, i.id;

-- ROWS_LIST_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_address, 6 after_address, 7 after_id, 8 any_status,
--       9 now, 10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search,
--       18 search, 19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until,
--       26 any_delivery, 27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_list)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.recipient >= ?
    AND (i.recipient > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.recipient, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.recipient, i.id;

-- ROWS_IMPORT_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 import, 6 after_at, 7 after_at, 8 after_id, 9 any_status,
--       10 now, 11 status_1, 12 status_2, 13 status_3, 14 status_4, 15 status_5, 16 status_6, 17 search,
--       18 search, 19 search, 20 facet, 21 facet, 22 inviter, 23 inviter, 24 expiring_until, 25 now,
--       26 expiring_until, 27 any_delivery, 28 deliveries, 29 fault, 30 fault, 31 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND i.created_at <= ?
    AND (i.created_at < ? OR i.id < ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.created_at DESC, i.id DESC LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.created_at DESC, i.id DESC;

-- ROWS_IMPORT_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 import, 6 after_at, 7 after_at, 8 after_id, 9 any_status,
--       10 now, 11 status_1, 12 status_2, 13 status_3, 14 status_4, 15 status_5, 16 status_6, 17 search,
--       18 search, 19 search, 20 facet, 21 facet, 22 inviter, 23 inviter, 24 expiring_until, 25 now,
--       26 expiring_until, 27 any_delivery, 28 deliveries, 29 fault, 30 fault, 31 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND i.created_at >= ?
    AND (i.created_at > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.created_at, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.created_at, i.id;

-- ROWS_IMPORT_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 import, 6 after_at, 7 after_at, 8 after_id, 9 any_status,
--       10 now, 11 status_1, 12 status_2, 13 status_3, 14 status_4, 15 status_5, 16 status_6, 17 search,
--       18 search, 19 search, 20 facet, 21 facet, 22 inviter, 23 inviter, 24 expiring_until, 25 now,
--       26 expiring_until, 27 any_delivery, 28 deliveries, 29 fault, 30 fault, 31 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND i.expires_at >= ?
    AND (i.expires_at > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.expires_at, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.expires_at, i.id;

-- ROWS_IMPORT_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 import, 6 after_address, 7 after_address, 8 after_id,
--       9 any_status, 10 now, 11 status_1, 12 status_2, 13 status_3, 14 status_4, 15 status_5, 16 status_6,
--       17 search, 18 search, 19 search, 20 facet, 21 facet, 22 inviter, 23 inviter, 24 expiring_until, 25 now,
--       26 expiring_until, 27 any_delivery, 28 deliveries, 29 fault, 30 fault, 31 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND i.recipient >= ?
    AND (i.recipient > ? OR i.id > ?)
    AND (? OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
    AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
        'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'),
        'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'),
        'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
    AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
    AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE((SELECT k.state
                        FROM invite_letters AS k
                        WHERE k.id = i.delivery_id),
                            CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)))) AND (? IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?)
    ORDER BY i.recipient, i.id LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.recipient, i.id;

-- ROWS_EVERYWHERE_NEWEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 import, 6 created_from, 7 created_until, 8 any_status, 9 now, 10 status_1,
--       11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search, 18 search,
--       19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until, 26 any_delivery,
--       27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i FORCE INDEX (PRIMARY) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id > ?
AND i.id < ?
AND i.kind = ?
AND (? IS NULL OR i.import = ?)
AND i.created_at >= ?
AND i.created_at < ?
AND (? OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
    'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J',
    'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'),
    'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
AND (? IS NULL OR i.facet = ?)
AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END))))
AND (? IS NULL OR l.fault = ?)
ORDER BY i.id DESC LIMIT ?;

-- ROWS_EVERYWHERE_OLDEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 import, 6 created_from, 7 created_until, 8 any_status, 9 now, 10 status_1,
--       11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 search, 18 search,
--       19 facet, 20 facet, 21 inviter, 22 inviter, 23 expiring_until, 24 now, 25 expiring_until, 26 any_delivery,
--       27 deliveries, 28 fault, 29 fault, 30 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i FORCE INDEX (PRIMARY) LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id > ?
AND i.id < ?
AND i.kind = ?
AND (? IS NULL OR i.import = ?)
AND i.created_at >= ?
AND i.created_at < ?
AND (? OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ? THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?))
AND (? IS NULL OR LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY),
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(CAST(i.label AS BINARY),
    'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J',
    'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'),
    'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')) > 0)
AND (? IS NULL OR i.facet = ?)
AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?)
AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))
AND (? OR JSON_CONTAINS(?, JSON_QUOTE(COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END))))
AND (? IS NULL OR l.fault = ?)
ORDER BY i.id LIMIT ?;

-- STATS
--   1 now, 2 kind, 3 scope, 4 created_from, 5 created_until, 6 facet, 7 facet, 8 inviter, 9 inviter, 10 begin,
--       11 begin, 12 end, 13 begin, 14 begin, 15 end
WITH matched AS (
    SELECT CASE WHEN i.status IN ('pending', 'delivery_failed')
    AND i.expires_at <= ? THEN 'expired' ELSE i.status END AS status, COALESCE((SELECT k.state
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id),
                CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) AS state, i.facet,
                i.created_at, CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_list)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?) )
SELECT CAST(1 AS SIGNED) AS part, CAST(status AS BINARY) AS word, state, took AS number, COUNT(*) AS counted,
    COUNT(facet) AS with_facet, CAST(COALESCE(SUM(seconds), 0) AS SIGNED) AS seconds
FROM (
    SELECT status, state, facet, CAST(CASE WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 3600000000 THEN 0 WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 86400000000 THEN 1 WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 259200000000 THEN 2 WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 604800000000 THEN 3 WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 2592000000000 THEN 4 WHEN accepted_at IS NOT NULL THEN 5 END AS SIGNED) AS took,
        GREATEST(TIMESTAMPDIFF(SECOND, created_at, accepted_at), 0) AS seconds
    FROM matched ) AS m GROUP BY status, state, took UNION ALL
SELECT *
FROM (
    SELECT 2, facet, NULL AS state, NULL AS number, COUNT(*) AS counted, 0 AS with_facet, 0 AS seconds
    FROM matched
    WHERE facet IS NOT NULL GROUP BY facet
    ORDER BY COUNT(*) DESC, facet LIMIT 100 ) AS f UNION ALL
SELECT 3, NULL, NULL, CAST(DATEDIFF(created_at, ?) AS SIGNED) AS day, COUNT(*), 0, 0
FROM matched
WHERE created_at >= ?
AND created_at < ? GROUP BY day UNION ALL
SELECT 4, NULL, NULL, CAST(DATEDIFF(accepted_at, ?) AS SIGNED) AS day, COUNT(*), 0, 0
FROM matched
WHERE accepted_at >= ?
AND accepted_at < ? GROUP BY day;

-- STATS_OF_IMPORT
--   1 now, 2 kind, 3 scope, 4 created_from, 5 created_until, 6 import, 7 facet, 8 facet, 9 inviter, 10 inviter,
--       11 begin, 12 begin, 13 end, 14 begin, 15 begin, 16 end
WITH matched AS (
    SELECT CASE WHEN i.status IN ('pending', 'delivery_failed')
    AND i.expires_at <= ? THEN 'expired' ELSE i.status END AS status, COALESCE((SELECT k.state
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id),
                CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) AS state, i.facet,
                i.created_at, CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_import)
    WHERE i.kind = ?
    AND i.scope = ?
    AND i.created_at >= ?
    AND i.created_at < ?
    AND i.import = ?
    AND (? IS NULL OR i.facet = ?)
    AND (? IS NULL OR CAST(i.inviter AS BINARY) = ?) )
SELECT CAST(1 AS SIGNED) AS part, CAST(status AS BINARY) AS word, state, took AS number, COUNT(*) AS counted,
    COUNT(facet) AS with_facet, CAST(COALESCE(SUM(seconds), 0) AS SIGNED) AS seconds
FROM (
    SELECT status, state, facet, CAST(CASE WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 3600000000 THEN 0 WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 86400000000 THEN 1 WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 259200000000 THEN 2 WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 604800000000 THEN 3 WHEN TIMESTAMPDIFF(MICROSECOND, created_at,
        accepted_at) <= 2592000000000 THEN 4 WHEN accepted_at IS NOT NULL THEN 5 END AS SIGNED) AS took,
        GREATEST(TIMESTAMPDIFF(SECOND, created_at, accepted_at), 0) AS seconds
    FROM matched ) AS m GROUP BY status, state, took UNION ALL
SELECT *
FROM (
    SELECT 2, facet, NULL AS state, NULL AS number, COUNT(*) AS counted, 0 AS with_facet, 0 AS seconds
    FROM matched
    WHERE facet IS NOT NULL GROUP BY facet
    ORDER BY COUNT(*) DESC, facet LIMIT 100 ) AS f UNION ALL
SELECT 3, NULL, NULL, CAST(DATEDIFF(created_at, ?) AS SIGNED) AS day, COUNT(*), 0, 0
FROM matched
WHERE created_at >= ?
AND created_at < ? GROUP BY day UNION ALL
SELECT 4, NULL, NULL, CAST(DATEDIFF(accepted_at, ?) AS SIGNED) AS day, COUNT(*), 0, 0
FROM matched
WHERE accepted_at >= ?
AND accepted_at < ? GROUP BY day;

-- ADDRESSED_TO
--   1 few, 2 address_1, 3 address_2, 4 address_3, 5 address_4, 6 address_5, 7 address_6, 8 address_7, 9 address_8,
--       10 kind, 11 as_of, 12 as_of, 13 as_of, 14 now, 15 late, 16 late, 17 after_at, 18 after_at, 19 after_id,
--       20 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, i.late
FROM (
    SELECT a.*, ROW_NUMBER() OVER (PARTITION BY a.inviter
        ORDER BY a.created_at DESC, a.id DESC) > ? AS late
    FROM invite_invitations AS a
    WHERE a.recipient IN (?, ?, ?, ?, ?, ?, ?, ?)
    AND a.kind = ?
    AND a.created_at <= ?
    AND a.expires_at > ?
    AND (a.ended_at IS NULL OR a.ended_at > ?)) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.status IN ('pending', 'delivery_failed')
AND i.expires_at > ?
AND (i.late > ? OR (i.late = ? AND (i.created_at < ? OR (i.created_at = ? AND i.id < ?))))
ORDER BY i.late, i.created_at DESC, i.id DESC LIMIT ?;

-- HOLD_TO_ERASE
--   1 ids, 2 kind, 3 address
SELECT i.id
FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id)
WHERE i.kind = ?
AND i.recipient = ?
AND i.ended_at IS NOT NULL FOR UPDATE;

-- ERASE
--   1 ids, 2 recipient_given, 3 recipient, 4 payload, 5 display
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$.id',
    letter CHAR(32) PATH '$.letter')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id)
SET i.recipient_given = ?, i.recipient = ?, i.inviter_address = NULL, i.payload = ?, i.display = ?,
    i.message = NULL, i.label = NULL, i.ended_reason = NULL, i.delivery_id = NULL;

-- ERASE_LETTERS
--   1 ids
UPDATE JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN invite_letters AS d FORCE INDEX (invite_letters_invitation) ON d.invitation = UNHEX(a.id)
SET d.error = NULL, d.provider_id = NULL;

-- ERASE_EVENTS
--   1 ids
UPDATE JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN invite_events AS d FORCE INDEX (invite_events_history) ON d.invitation = UNHEX(a.id)
SET d.reason = NULL;

-- FORGET_INVITER
--   1 address_1, 2 address_2, 3 kind
UPDATE invite_invitations
SET inviter_address = NULL
WHERE inviter_address IN (?, ?)
AND kind = ?;

-- OF_ADDRESS
--   1 recipient, 2 kind, 3 scope, 4 after_at, 5 after_at, 6 after_id, 7 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i FORCE INDEX (invite_invitations_recipient)
    WHERE i.recipient = ?
    AND i.kind = ?
    AND i.scope = COALESCE(?, i.scope)
    AND (i.created_at < ? OR (i.created_at = ? AND i.id < ?))
    ORDER BY i.created_at DESC, i.id DESC LIMIT ?) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.created_at DESC, i.id DESC;

-- HISTORY
--   1 id, 2 kind, 3 scope
SELECT e.revision, e.action, e.actor, e.reason, e.at
FROM invite_events AS e JOIN invite_invitations AS i ON i.id = e.invitation
WHERE e.invitation = ?
AND i.kind = ?
AND i.scope = ?
ORDER BY e.id;

-- WALK
--   1 kinds, 2 now, 3 now, 4 full, 5 after, 6 limit, 7 kinds, 8 now, 9 now, 10 full, 11 after, 12 limit, 13 kinds,
--       14 now, 15 now, 16 full, 17 after, 18 limit, 19 kinds, 20 now, 21 now, 22 full, 23 after, 24 limit
(SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o FORCE INDEX (invite_outbox_ready)
    WHERE o.ready = TRUE
    AND JSON_CONTAINS(?, JSON_QUOTE(o.kind))
    AND o.not_before <= ?
    AND (o.lease_until IS NULL OR o.lease_until <= ?)
    AND NOT JSON_CONTAINS(?, JSON_QUOTE(CONVERT(o.domain USING utf8mb4)))
    AND o.priority = 0
    AND o.scope > ?
    ORDER BY o.ready, o.priority, o.scope, o.not_before,
        o.id LIMIT ? FOR UPDATE SKIP LOCKED) UNION ALL (SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o FORCE INDEX (invite_outbox_ready)
    WHERE o.ready = TRUE
    AND JSON_CONTAINS(?, JSON_QUOTE(o.kind))
    AND o.not_before <= ?
    AND (o.lease_until IS NULL OR o.lease_until <= ?)
    AND NOT JSON_CONTAINS(?, JSON_QUOTE(CONVERT(o.domain USING utf8mb4)))
    AND o.priority = 0
    AND o.scope <= ?
    ORDER BY o.ready, o.priority, o.scope, o.not_before,
        o.id LIMIT ? FOR UPDATE SKIP LOCKED) UNION ALL (SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o FORCE INDEX (invite_outbox_ready)
    WHERE o.ready = TRUE
    AND JSON_CONTAINS(?, JSON_QUOTE(o.kind))
    AND o.not_before <= ?
    AND (o.lease_until IS NULL OR o.lease_until <= ?)
    AND NOT JSON_CONTAINS(?, JSON_QUOTE(CONVERT(o.domain USING utf8mb4)))
    AND o.priority = 1
    AND o.scope > ?
    ORDER BY o.ready, o.priority, o.scope, o.not_before,
        o.id LIMIT ? FOR UPDATE SKIP LOCKED) UNION ALL (SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o FORCE INDEX (invite_outbox_ready)
    WHERE o.ready = TRUE
    AND JSON_CONTAINS(?, JSON_QUOTE(o.kind))
    AND o.not_before <= ?
    AND (o.lease_until IS NULL OR o.lease_until <= ?)
    AND NOT JSON_CONTAINS(?, JSON_QUOTE(CONVERT(o.domain USING utf8mb4)))
    AND o.priority = 1
    AND o.scope <= ?
    ORDER BY o.ready, o.priority, o.scope, o.not_before, o.id LIMIT ? FOR UPDATE SKIP LOCKED);

-- WALK_ON
--   1 kinds, 2 now, 3 now, 4 full, 5 priority, 6 after, 7 limit
SELECT o.priority, o.scope, o.id
FROM invite_outbox AS o FORCE INDEX (invite_outbox_ready)
WHERE o.ready = TRUE
AND JSON_CONTAINS(?, JSON_QUOTE(o.kind))
AND o.not_before <= ?
AND (o.lease_until IS NULL OR o.lease_until <= ?)
AND NOT JSON_CONTAINS(?, JSON_QUOTE(CONVERT(o.domain USING utf8mb4)))
AND o.priority = ?
AND o.scope > ?
ORDER BY o.ready, o.priority, o.scope, o.not_before, o.id LIMIT ? FOR UPDATE SKIP LOCKED;

-- WALK_ON_UNTIL
--   1 kinds, 2 now, 3 now, 4 full, 5 priority, 6 after, 7 until, 8 limit
SELECT o.priority, o.scope, o.id
FROM invite_outbox AS o FORCE INDEX (invite_outbox_ready)
WHERE o.ready = TRUE
AND JSON_CONTAINS(?, JSON_QUOTE(o.kind))
AND o.not_before <= ?
AND (o.lease_until IS NULL OR o.lease_until <= ?)
AND NOT JSON_CONTAINS(?, JSON_QUOTE(CONVERT(o.domain USING utf8mb4)))
AND o.priority = ?
AND o.scope > ?
AND o.scope <= ?
ORDER BY o.ready, o.priority, o.scope, o.not_before, o.id LIMIT ? FOR UPDATE SKIP LOCKED;

-- RIPE
--   1 now
SELECT id
FROM invite_outbox FORCE INDEX (invite_outbox_waiting)
WHERE ready = FALSE
AND not_before <= ?
ORDER BY not_before LIMIT 1000 FOR UPDATE SKIP LOCKED;

-- RIPEN
--   1 letters
UPDATE JSON_TABLE(?,
    '$[*]' COLUMNS (letter CHAR(32) PATH '$')) AS a STRAIGHT_JOIN invite_outbox AS o FORCE INDEX (PRIMARY) ON o.id = UNHEX(a.letter)
SET o.ready = TRUE;

-- TAKE
--   1 letters, 2 now, 3 now
SELECT o.id
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (letter CHAR(32) PATH '$')) AS a STRAIGHT_JOIN invite_outbox AS o FORCE INDEX (PRIMARY) ON o.id = UNHEX(a.letter)
WHERE o.not_before <= ?
AND (o.lease_until IS NULL OR o.lease_until <= ?) FOR UPDATE SKIP LOCKED;

-- TAKEN
--   1 letters
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, o.id, o.generation, o.purpose,
    o.attempt, o.refusals, o.unknowns
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (letter CHAR(32) PATH '$')) AS a STRAIGHT_JOIN invite_outbox AS o FORCE INDEX (PRIMARY) ON o.id = UNHEX(a.letter) LEFT JOIN invite_invitations AS i ON i.id = o.invitation LEFT JOIN invite_letters AS l ON l.id = i.delivery_id;

-- LEASE
--   1 letters, 2 owner, 3 lease_until
UPDATE JSON_TABLE(?,
    '$[*]' COLUMNS (letter CHAR(32) PATH '$')) AS a STRAIGHT_JOIN invite_outbox AS o FORCE INDEX (PRIMARY) ON o.id = UNHEX(a.letter)
SET o.attempt = o.attempt + 1, o.lease_owner = ?, o.lease_until = ?;

-- INSERT_TOKENS
--   1 now, 2 tokens
INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
SELECT UNHEX(a.digest), UNHEX(a.invitation), a.generation, 'mail', ?
FROM JSON_TABLE(?, '$[*]' COLUMNS (digest CHAR(64) PATH '$.digest', invitation CHAR(32) PATH '$.invitation',
    generation INT UNSIGNED PATH '$.generation')) AS a;

-- REMOVE_TOGETHER
--   1 letters
DELETE o
FROM JSON_TABLE(?,
    '$[*]' COLUMNS (letter CHAR(32) PATH '$')) AS a STRAIGHT_JOIN invite_outbox AS o FORCE INDEX (PRIMARY) ON o.id = UNHEX(a.letter);

-- NOW
SELECT UTC_TIMESTAMP(6);

-- IS_WRITABLE
SELECT @@GLOBAL.read_only IN ('0', 'OFF')
AND @@GLOBAL.innodb_read_only = 0;

-- REMOVE
--   1 letter, 2 owner, 3 attempt
DELETE
FROM invite_outbox
WHERE id = ?
AND lease_owner = ?
AND attempt = ?;

-- LEASED_TO
--   1 settlements
SELECT o.id
FROM JSON_TABLE(?, '$[*]' COLUMNS (letter CHAR(32) PATH '$.letter', owner CHAR(32) PATH '$.owner',
    attempt INT UNSIGNED PATH '$.attempt')) AS a STRAIGHT_JOIN invite_outbox AS o FORCE INDEX (PRIMARY) ON o.id = UNHEX(a.letter)
WHERE o.lease_owner = UNHEX(a.owner)
AND o.attempt = a.attempt FOR UPDATE;

-- RECORD_TOGETHER
--   1 settlements
INSERT INTO invite_letters (id, invitation, state, attempts, error, fault, provider_id)
SELECT i.delivery_id, i.id, a.state, a.attempts, a.error, a.fault, a.provider_id
FROM JSON_TABLE(?, '$[*]' COLUMNS (letter CHAR(32) PATH '$.letter', kind VARCHAR(64) PATH '$.kind',
    state VARCHAR(20) PATH '$.state', attempts INT UNSIGNED PATH '$.attempts',
    error VARCHAR(200) PATH '$.error', fault VARCHAR(20) PATH '$.fault',
    provider_id VARCHAR(128) PATH '$.provider_id',
    over_states VARCHAR(200) PATH '$.over')) AS a STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (invite_invitations_delivery) ON i.delivery_id = UNHEX(a.letter)
WHERE CAST(i.kind AS BINARY) = CAST(a.kind AS BINARY)
AND (FIND_IN_SET('queued', a.over_states) OR EXISTS (SELECT 1
        FROM invite_letters AS k
        WHERE k.id = UNHEX(a.letter))) ON DUPLICATE KEY UPDATE attempts = IF(FIND_IN_SET(invite_letters.state,
            a.over_states), a.attempts, invite_letters.attempts), error = IF(FIND_IN_SET(invite_letters.state,
            a.over_states), a.error, invite_letters.error), fault = IF(FIND_IN_SET(invite_letters.state,
            a.over_states), a.fault, invite_letters.fault), provider_id = IF(FIND_IN_SET(invite_letters.state,
            a.over_states), COALESCE(a.provider_id, invite_letters.provider_id), invite_letters.provider_id),
            state = IF(FIND_IN_SET(invite_letters.state, a.over_states), a.state, invite_letters.state);

-- POSTPONE
--   1 not_before, 2 refusals, 3 unknowns, 4 error, 5 letter, 6 owner, 7 attempt
UPDATE invite_outbox
SET not_before = ?, ready = FALSE, refusals = ?, unknowns = ?, last_error = ?, lease_owner = NULL,
    lease_until = NULL
WHERE id = ?
AND lease_owner = ?
AND attempt = ?;

-- DUE_REMINDERS
--   1 now, 2 kinds, 3 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = i.delivery_id)
FROM invite_invitations AS i
WHERE i.remind_at <= ?
AND JSON_CONTAINS(?, JSON_QUOTE(i.kind))
ORDER BY i.remind_at, i.id LIMIT ? FOR UPDATE SKIP LOCKED;

-- REMINDED
--   1 remind_at, 2 reminded, 3 id
UPDATE invite_invitations
SET remind_at = ?, reminded = ?
WHERE id = ?;

-- DUE_INVITATIONS
--   1 now, 2 kinds, 3 limit
SELECT id
FROM invite_invitations
WHERE status IN ('pending', 'delivery_failed')
AND expires_at <= ?
AND JSON_CONTAINS(?, JSON_QUOTE(kind)) LIMIT ? FOR UPDATE SKIP LOCKED;

-- EXPIRE_EVENTS
--   1 now, 2 due
INSERT INTO invite_events (invitation, revision, action, actor, at)
SELECT i.id, i.revision + 1, 'expired', 'system', ?
FROM invite_invitations AS i JOIN JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$')) AS due ON i.id = UNHEX(due.id);

-- EXPIRE_NOTICES
--   1 now, 2 due, 3 notify
INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
    ready)
SELECT i.id, i.kind, i.id, i.generation, 'expired', 1, i.scope, CAST(LOWER(SUBSTRING_INDEX(i.inviter_address,
    '@', -1)) AS BINARY), ?, TRUE
FROM invite_invitations AS i JOIN JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$')) AS due ON i.id = UNHEX(due.id)
WHERE i.inviter_address IS NOT NULL
AND JSON_CONTAINS(?, JSON_QUOTE(i.kind)) ON DUPLICATE KEY UPDATE generation = invite_outbox.generation;

-- EXPIRE
--   1 due, 2 now
UPDATE invite_invitations AS i JOIN JSON_TABLE(?,
    '$[*]' COLUMNS (id CHAR(32) PATH '$')) AS due ON i.id = UNHEX(due.id)
SET i.status = 'expired', i.ended_at = ?, i.ended_by = 'system', i.open_key = NULL, i.remind_at = NULL,
    i.revision = i.revision + 1;

-- LEDGER
SELECT version, checksum, compatible_since
FROM invite_migrations
ORDER BY version;

-- RECORD_MIGRATION
--   1 version, 2 checksum, 3 compatible_since
INSERT INTO invite_migrations (version, checksum, compatible_since)
VALUES (?, ?, ?);

-- LOCK_MIGRATIONS
SELECT GET_LOCK(LEFT(CONCAT('invite_migrations/', DATABASE()), 64), 60);
