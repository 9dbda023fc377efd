-- Every statement as it is sent but for its white space, below the names of the values that its places take.
-- Written by `tests/statements.rs`.

-- LOCK
UPDATE invite_invitations
SET revision = revision
WHERE 0;

-- INSERT
--   1 id, 2 kind, 3 scope, 4 recipient_given, 5 recipient, 6 inviter, 7 payload, 8 display, 9 message, 10 locale,
--       11 status, 12 generation, 13 min_generation, 14 revision, 15 open_key, 16 created_at, 17 expires_at,
--       18 inviter_address, 19 delivery, 20 remind_at, 21 label, 22 facet, 23 import, 24 idempotency_key,
--       25 request_digest, 26 renews
INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display,
    message, locale, status, generation, min_generation, revision, open_key, created_at, expires_at,
    inviter_address, delivery_id, remind_at, label, facet, import, idempotency_key, request_digest, renews)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24, ?25, ?26)
ON CONFLICT DO NOTHING;

-- INSERT_EVENT
--   1 id, 2 revision, 3 event, 4 actor, 5 reason, 6 at
INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- INSERT_TOKEN
--   1 token, 2 id, 3 generation, 4 channel, 5 at
INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
VALUES (?1, ?2, ?3, ?4, ?5);

-- INSERT_LETTER
--   1 letter, 2 kind, 3 id, 4 generation, 5 purpose, 6 priority, 7 scope, 8 domain, 9 not_before, 10 ready
INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
    ready)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- END_BY_TOKEN
--   1 ended_status, 2 at, 3 actor, 4 reason, 5 digest, 6 now, 7 kind, 8 status, 9 or_status, 10 unexpired_at,
--       11 due_at, 12 compare, 13 address_1, 14 address_2, 15 address_3, 16 address_4, 17 address_5, 18 address_6,
--       19 address_7, 20 address_8, 21 proved_address, 22 not_resent_since, 23 not_resent_until
UPDATE invite_invitations AS i
SET status = ?1, ended_at = ?2, ended_by = ?3, ended_reason = ?4,
    address_proved = COALESCE((SELECT channel = 'mail'
        FROM invite_tokens
        WHERE digest = ?5), 0), open_key = NULL, remind_at = NULL, revision = revision + 1
WHERE i.id = (SELECT invitation
    FROM invite_tokens
    WHERE digest = ?5) AND (SELECT generation
    FROM invite_tokens
    WHERE digest = ?5) + (i.grace_until IS NOT NULL
    AND ?6 < i.grace_until) >= i.min_generation AND i.kind = ?7 AND i.status IN (?8,
        ?9) AND (?10 IS NULL OR i.expires_at > ?10) AND (?11 IS NULL OR i.expires_at <= ?11) AND (?12 = 'anyone' OR (?12 = 'address' AND i.recipient IN (?13,
        ?14, ?15, ?16, ?17, ?18, ?19, ?20)) OR (?12 = 'domain' AND substr(i.recipient, instr(i.recipient,
        '@') + 1) IN (?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)) OR (i.recipient = ?21 AND (SELECT channel
            FROM invite_tokens
            WHERE digest = ?5) = 'mail')) AND (?22 IS NULL OR i.resent_at IS NULL OR i.resent_at <= ?22 OR i.resent_at > ?23)
RETURNING id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
    ended_at, ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision,
    created_at, expires_at, resent_at, viewed_at, inviter_address, delivery_id, remind_at, reminded, label,
    facet, import, idempotency_key, request_digest, renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT digest
    FROM invite_tokens
    WHERE digest = ?5), (SELECT generation
    FROM invite_tokens
    WHERE digest = ?5), (SELECT channel
    FROM invite_tokens
    WHERE digest = ?5);

-- END_BY_ID
--   1 ended_status, 2 at, 3 actor, 4 reason, 5 id, 6 scope, 7 kind, 8 status, 9 or_status, 10 unexpired_at,
--       11 due_at, 12 compare, 13 address_1, 14 address_2, 15 address_3, 16 address_4, 17 address_5, 18 address_6,
--       19 address_7, 20 address_8, 21 proved_address, 22 not_resent_since, 23 not_resent_until
UPDATE invite_invitations AS i
SET status = ?1, ended_at = ?2, ended_by = ?3, ended_reason = ?4, address_proved = 0, open_key = NULL,
    remind_at = NULL, revision = revision + 1
WHERE i.id = ?5
AND (?6 IS NULL OR i.scope = ?6)
AND i.kind = ?7
AND i.status IN (?8, ?9)
AND (?10 IS NULL OR i.expires_at > ?10)
AND (?11 IS NULL OR i.expires_at <= ?11)
AND (?12 = 'anyone' OR (?12 = 'address' AND i.recipient IN (?13, ?14, ?15, ?16, ?17, ?18, ?19,
    ?20)) OR (?12 = 'domain' AND substr(i.recipient, instr(i.recipient, '@') + 1) IN (?13, ?14, ?15, ?16, ?17,
    ?18, ?19, ?20)) OR (i.recipient = ?21 AND 0))
AND (?22 IS NULL OR i.resent_at IS NULL OR i.resent_at <= ?22 OR i.resent_at > ?23)
RETURNING id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
    ended_at, ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision,
    created_at, expires_at, resent_at, viewed_at, inviter_address, delivery_id, remind_at, reminded, label,
    facet, import, idempotency_key, request_digest, renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = delivery_id), NULL, NULL, NULL;

-- RENEW
--   1 resent_at, 2 new_expires_at, 3 retire, 4 grace_until, 5 new_delivery, 6 remind_at, 7 id, 8 scope, 9 kind,
--       10 status, 11 or_status, 12 unexpired_at, 13 due_at, 14 compare, 15 address_1, 16 address_2, 17 address_3,
--       18 address_4, 19 address_5, 20 address_6, 21 address_7, 22 address_8, 23 proved_address,
--       24 not_resent_since, 25 not_resent_until
UPDATE invite_invitations AS i
SET status = 'pending', generation = generation + 1, revision = revision + 1, resent_at = ?1,
    viewed_at = NULL, expires_at = max(expires_at, COALESCE(?2, expires_at)),
    min_generation = CASE WHEN ?3 THEN generation + 1 ELSE min_generation END,
    grace_until = CASE WHEN ?3 THEN ?4 ELSE grace_until END, delivery_id = ?5, remind_at = ?6, reminded = NULL
WHERE i.id = ?7
AND (?8 IS NULL OR i.scope = ?8)
AND i.kind = ?9
AND i.status IN (?10, ?11)
AND (?12 IS NULL OR i.expires_at > ?12)
AND (?13 IS NULL OR i.expires_at <= ?13)
AND (?14 = 'anyone' OR (?14 = 'address' AND i.recipient IN (?15, ?16, ?17, ?18, ?19, ?20, ?21,
    ?22)) OR (?14 = 'domain' AND substr(i.recipient, instr(i.recipient, '@') + 1) IN (?15, ?16, ?17, ?18, ?19,
    ?20, ?21, ?22)) OR (i.recipient = ?23 AND 0))
AND (?24 IS NULL OR i.resent_at IS NULL OR i.resent_at <= ?24 OR i.resent_at > ?25)
RETURNING id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
    ended_at, ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision,
    created_at, expires_at, resent_at, viewed_at, inviter_address, delivery_id, remind_at, reminded, label,
    facet, import, idempotency_key, request_digest, renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = delivery_id), NULL, NULL, NULL;

-- AMEND
--   1 recipient_given, 2 recipient, 3 open_key, 4 remind_at, 5 payload, 6 label, 7 facet, 8 display,
--       9 sets_message, 10 message, 11 new_expires_at, 12 id, 13 scope, 14 kind, 15 status, 16 or_status,
--       17 unexpired_at, 18 due_at, 19 compare, 20 address_1, 21 address_2, 22 address_3, 23 address_4,
--       24 address_5, 25 address_6, 26 address_7, 27 address_8, 28 proved_address, 29 not_resent_since,
--       30 not_resent_until
UPDATE invite_invitations AS i
SET recipient_given = COALESCE(?1, recipient_given), recipient = COALESCE(?2, recipient),
    open_key = CASE WHEN ?2 IS NULL THEN open_key ELSE ?3 END, generation = generation + (?2 IS NOT NULL),
    min_generation = CASE WHEN ?2 IS NULL THEN min_generation ELSE generation + 1 END,
    grace_until = CASE WHEN ?2 IS NULL THEN grace_until END,
    viewed_at = CASE WHEN ?2 IS NULL THEN viewed_at END,
    delivery_id = CASE WHEN ?2 IS NULL THEN delivery_id END,
    remind_at = CASE WHEN ?2 IS NULL THEN COALESCE(?4, remind_at) END,
    reminded = CASE WHEN ?2 IS NULL THEN reminded END, payload = COALESCE(?5, payload),
    label = CASE WHEN ?5 IS NULL THEN label ELSE ?6 END, facet = CASE WHEN ?5 IS NULL THEN facet ELSE ?7 END,
    display = COALESCE(?8, display), message = CASE WHEN ?9 THEN ?10 ELSE message END,
    expires_at = COALESCE(?11, expires_at), revision = revision + 1
WHERE i.id = ?12
AND (?13 IS NULL OR i.scope = ?13)
AND NOT EXISTS (SELECT 1
    FROM invite_invitations AS o
    WHERE o.open_key = ?3
    AND o.id <> ?12) AND i.kind = ?14 AND i.status IN (?15,
        ?16) AND (?17 IS NULL OR i.expires_at > ?17) AND (?18 IS NULL OR i.expires_at <= ?18) AND (?19 = 'anyone' OR (?19 = 'address' AND i.recipient IN (?20,
        ?21, ?22, ?23, ?24, ?25, ?26, ?27)) OR (?19 = 'domain' AND substr(i.recipient, instr(i.recipient,
        '@') + 1) IN (?20, ?21, ?22, ?23, ?24, ?25, ?26,
        ?27)) OR (i.recipient = ?28 AND 0)) AND (?29 IS NULL OR i.resent_at IS NULL OR i.resent_at <= ?29 OR i.resent_at > ?30)
RETURNING id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
    ended_at, ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision,
    created_at, expires_at, resent_at, viewed_at, inviter_address, delivery_id, remind_at, reminded, label,
    facet, import, idempotency_key, request_digest, renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = delivery_id), NULL, NULL, NULL;

-- LINK
--   1 id, 2 scope, 3 kind, 4 status, 5 or_status, 6 unexpired_at, 7 due_at, 8 compare, 9 address_1, 10 address_2,
--       11 address_3, 12 address_4, 13 address_5, 14 address_6, 15 address_7, 16 address_8, 17 proved_address,
--       18 not_resent_since, 19 not_resent_until
UPDATE invite_invitations AS i
SET revision = revision + 1
WHERE i.id = ?1
AND (?2 IS NULL OR i.scope = ?2)
AND i.kind = ?3
AND i.status IN (?4, ?5)
AND (?6 IS NULL OR i.expires_at > ?6)
AND (?7 IS NULL OR i.expires_at <= ?7)
AND (?8 = 'anyone' OR (?8 = 'address' AND i.recipient IN (?9, ?10, ?11, ?12, ?13, ?14, ?15,
    ?16)) OR (?8 = 'domain' AND substr(i.recipient, instr(i.recipient, '@') + 1) IN (?9, ?10, ?11, ?12, ?13,
    ?14, ?15, ?16)) OR (i.recipient = ?17 AND 0))
AND (?18 IS NULL OR i.resent_at IS NULL OR i.resent_at <= ?18 OR i.resent_at > ?19)
RETURNING id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
    ended_at, ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision,
    created_at, expires_at, resent_at, viewed_at, inviter_address, delivery_id, remind_at, reminded, label,
    facet, import, idempotency_key, request_digest, renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = delivery_id), NULL, NULL, NULL;

-- VIEW
--   1 viewed_at, 2 digest, 3 now, 4 kind, 5 status, 6 or_status, 7 unexpired_at, 8 due_at, 9 compare,
--       10 address_1, 11 address_2, 12 address_3, 13 address_4, 14 address_5, 15 address_6, 16 address_7,
--       17 address_8, 18 proved_address, 19 not_resent_since, 20 not_resent_until
UPDATE invite_invitations AS i
SET viewed_at = ?1
WHERE i.id = (SELECT invitation
    FROM invite_tokens
    WHERE digest = ?2) AND (SELECT generation
    FROM invite_tokens
    WHERE digest = ?2) + (i.grace_until IS NOT NULL
    AND ?3 < i.grace_until) >= i.min_generation AND i.viewed_at IS NULL AND i.kind = ?4 AND i.status IN (?5,
        ?6) AND (?7 IS NULL OR i.expires_at > ?7) AND (?8 IS NULL OR i.expires_at <= ?8) AND (?9 = 'anyone' OR (?9 = 'address' AND i.recipient IN (?10,
        ?11, ?12, ?13, ?14, ?15, ?16, ?17)) OR (?9 = 'domain' AND substr(i.recipient, instr(i.recipient,
        '@') + 1) IN (?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)) OR (i.recipient = ?18 AND (SELECT channel
            FROM invite_tokens
            WHERE digest = ?2) = 'mail')) AND (?19 IS NULL OR i.resent_at IS NULL OR i.resent_at <= ?19 OR i.resent_at > ?20)
RETURNING id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
    ended_at, ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision,
    created_at, expires_at, resent_at, viewed_at, inviter_address, delivery_id, remind_at, reminded, label,
    facet, import, idempotency_key, request_digest, renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT digest
    FROM invite_tokens
    WHERE digest = ?2), (SELECT generation
    FROM invite_tokens
    WHERE digest = ?2), (SELECT channel
    FROM invite_tokens
    WHERE digest = ?2);

-- FAIL_DELIVERY
--   1 delivery, 2 kind, 3 status, 4 or_status, 5 unexpired_at, 6 due_at, 7 compare, 8 address_1, 9 address_2,
--       10 address_3, 11 address_4, 12 address_5, 13 address_6, 14 address_7, 15 address_8, 16 proved_address,
--       17 not_resent_since, 18 not_resent_until
UPDATE invite_invitations AS i
SET status = 'delivery_failed', remind_at = NULL, revision = revision + 1
WHERE i.delivery_id = ?1
AND i.kind = ?2
AND i.status IN (?3, ?4)
AND (?5 IS NULL OR i.expires_at > ?5)
AND (?6 IS NULL OR i.expires_at <= ?6)
AND (?7 = 'anyone' OR (?7 = 'address' AND i.recipient IN (?8, ?9, ?10, ?11, ?12, ?13, ?14,
    ?15)) OR (?7 = 'domain' AND substr(i.recipient, instr(i.recipient, '@') + 1) IN (?8, ?9, ?10, ?11, ?12,
    ?13, ?14, ?15)) OR (i.recipient = ?16 AND 0))
AND (?17 IS NULL OR i.resent_at IS NULL OR i.resent_at <= ?17 OR i.resent_at > ?18)
RETURNING id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
    ended_at, ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision,
    created_at, expires_at, resent_at, viewed_at, inviter_address, delivery_id, remind_at, reminded, label,
    facet, import, idempotency_key, request_digest, renews, (SELECT l.state
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.attempts
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.error
    FROM invite_letters AS l
    WHERE l.id = delivery_id), (SELECT l.fault
    FROM invite_letters AS l
    WHERE l.id = delivery_id), NULL, NULL, NULL;

-- RECORD_DELIVERY
--   1 delivery_state, 2 attempts, 3 error, 4 fault, 5 provider_id, 6 delivery, 7 kind, 8 over
INSERT INTO invite_letters (id, invitation, state, attempts, error, fault, provider_id)
SELECT i.delivery_id, i.id, ?1, COALESCE(?2, 0), ?3, ?4, ?5
FROM invite_invitations AS i
WHERE i.delivery_id = ?6
AND +i.kind = ?7
AND ('queued' IN (SELECT value
        FROM json_each(?8)) OR EXISTS (SELECT 1
        FROM invite_letters AS k
        WHERE k.id = ?6))
ON CONFLICT (id) DO UPDATE
SET state = excluded.state, attempts = COALESCE(?2, attempts), error = excluded.error, fault = excluded.fault,
    provider_id = COALESCE(excluded.provider_id, provider_id)
WHERE state IN (SELECT value
    FROM json_each(?8));

-- FIND_BY_TOKEN
--   1 digest
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, t.digest, t.generation, t.channel
FROM invite_tokens AS t JOIN invite_invitations AS i ON i.id = t.invitation LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE t.digest = ?1;

-- FIND_BY_ID
--   1 id, 2 kind, 3 scope
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id = +?1
AND +i.kind = ?2
AND (?3 IS NULL OR i.scope = ?3);

-- FIND_OPEN
--   1 open_key
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.open_key = +?1;

-- FIND_BY_KEY
--   1 idempotency_key
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.idempotency_key = +?1;

-- FIND_BY_DELIVERY
--   1 delivery, 2 kind
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL, NULL, NULL
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.delivery_id = ?1
AND +i.kind = ?2;

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
    WHERE k.provider_id = ?1
    ORDER BY k.id DESC LIMIT 1) AND +i.kind = ?2;

-- LIST_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = +?1
AND i.scope = +?2
AND i.created_at >= +?3
AND +i.created_at < +?4
AND (i.created_at, i.id) < (+?5, +?6)
AND (?7 OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
    ?14))
AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
AND (?16 IS NULL OR i.facet = ?16)
AND (?17 IS NULL OR i.inviter = ?17)
AND (?18 IS NULL OR (i.status IN ('pending',
    'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
AND (?19 OR instr(?20, '"' || COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0)
AND (?21 IS NULL OR l.fault = ?21)
ORDER BY i.created_at DESC, i.id DESC LIMIT +?22;

-- LIST_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = +?1
AND i.scope = +?2
AND +i.created_at >= +?3
AND i.created_at < +?4
AND (i.created_at, i.id) > (+?5, +?6)
AND (?7 OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
    ?14))
AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
AND (?16 IS NULL OR i.facet = ?16)
AND (?17 IS NULL OR i.inviter = ?17)
AND (?18 IS NULL OR (i.status IN ('pending',
    'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
AND (?19 OR instr(?20, '"' || COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0)
AND (?21 IS NULL OR l.fault = ?21)
ORDER BY i.created_at, i.id LIMIT +?22;

-- LIST_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.created_at >= +?3
    AND i.created_at < +?4
    AND (i.expires_at, i.id) > (+?5, +?6)
    AND (?7 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
        ?14))
    AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
    AND (?16 IS NULL OR i.facet = ?16)
    AND (?17 IS NULL OR i.inviter = ?17)
    AND (?18 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
    AND (?19 OR instr(?20, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?21 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?21)
    ORDER BY i.expires_at, i.id LIMIT +?22) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.expires_at, i.id;

-- LIST_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_address, 6 after_id, 7 any_status, 8 now,
--       9 status_1, 10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet,
--       17 inviter, 18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.created_at >= +?3
    AND i.created_at < +?4
    AND (i.recipient, i.id) > (+?5, +?6)
    AND (?7 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
        ?14))
    AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
    AND (?16 IS NULL OR i.facet = ?16)
    AND (?17 IS NULL OR i.inviter = ?17)
    AND (?18 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
    AND (?19 OR instr(?20, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?21 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?21)
    ORDER BY i.recipient, i.id LIMIT +?22) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.recipient, i.id;

-- IMPORT_NEWEST_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 facet,
--       18 inviter, 19 expiring_until, 20 any_delivery, 21 deliveries, 22 fault, 23 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.import = +?3
    AND +i.created_at >= +?4
    AND +i.created_at < +?5
    AND (+i.created_at, i.id) < (+?6, +?7)
    AND (?8 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?9 THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13,
        ?14, ?15))
    AND (?16 IS NULL OR instr(i.recipient, ?16) > 0 OR instr(lower(i.label), ?16) > 0)
    AND (?17 IS NULL OR i.facet = ?17)
    AND (?18 IS NULL OR i.inviter = ?18)
    AND (?19 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?9 AND i.expires_at <= ?19))
    AND (?20 OR instr(?21, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?22 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?22)
    ORDER BY +i.created_at DESC,
        i.id DESC LIMIT +?23) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY +i.created_at DESC, i.id DESC;

-- IMPORT_OLDEST_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 facet,
--       18 inviter, 19 expiring_until, 20 any_delivery, 21 deliveries, 22 fault, 23 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.import = +?3
    AND +i.created_at >= +?4
    AND +i.created_at < +?5
    AND (+i.created_at, i.id) > (+?6, +?7)
    AND (?8 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?9 THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13,
        ?14, ?15))
    AND (?16 IS NULL OR instr(i.recipient, ?16) > 0 OR instr(lower(i.label), ?16) > 0)
    AND (?17 IS NULL OR i.facet = ?17)
    AND (?18 IS NULL OR i.inviter = ?18)
    AND (?19 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?9 AND i.expires_at <= ?19))
    AND (?20 OR instr(?21, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?22 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?22)
    ORDER BY +i.created_at, i.id LIMIT +?23) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY +i.created_at, i.id;

-- IMPORT_EXPIRES_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 facet,
--       18 inviter, 19 expiring_until, 20 any_delivery, 21 deliveries, 22 fault, 23 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.import = +?3
    AND +i.created_at >= +?4
    AND +i.created_at < +?5
    AND (i.expires_at, i.id) > (+?6, +?7)
    AND (?8 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?9 THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13,
        ?14, ?15))
    AND (?16 IS NULL OR instr(i.recipient, ?16) > 0 OR instr(lower(i.label), ?16) > 0)
    AND (?17 IS NULL OR i.facet = ?17)
    AND (?18 IS NULL OR i.inviter = ?18)
    AND (?19 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?9 AND i.expires_at <= ?19))
    AND (?20 OR instr(?21, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?22 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?22)
    ORDER BY i.expires_at, i.id LIMIT +?23) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.expires_at, i.id;

-- IMPORT_BY_ADDRESS
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_address, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 facet,
--       18 inviter, 19 expiring_until, 20 any_delivery, 21 deliveries, 22 fault, 23 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.import = +?3
    AND +i.created_at >= +?4
    AND +i.created_at < +?5
    AND (i.recipient, i.id) > (+?6, +?7)
    AND (?8 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?9 THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13,
        ?14, ?15))
    AND (?16 IS NULL OR instr(i.recipient, ?16) > 0 OR instr(lower(i.label), ?16) > 0)
    AND (?17 IS NULL OR i.facet = ?17)
    AND (?18 IS NULL OR i.inviter = ?18)
    AND (?19 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?9 AND i.expires_at <= ?19))
    AND (?20 OR instr(?21, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?22 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?22)
    ORDER BY i.recipient, i.id LIMIT +?23) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.recipient, i.id;

-- EVERYWHERE_NEWEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 created_from, 6 created_until, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id > +?1
AND i.id < +?2
AND +i.kind = ?3
AND (?4 IS NULL OR i.import = ?4)
AND i.created_at >= +?5
AND i.created_at < +?6
AND (?7 OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
    ?14))
AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
AND (?16 IS NULL OR i.facet = ?16)
AND (?17 IS NULL OR i.inviter = ?17)
AND (?18 IS NULL OR (i.status IN ('pending',
    'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
AND (?19 OR instr(?20, '"' || COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0)
AND (?21 IS NULL OR l.fault = ?21)
ORDER BY i.id DESC LIMIT +?22;

-- EVERYWHERE_OLDEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 created_from, 6 created_until, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id > +?1
AND i.id < +?2
AND +i.kind = ?3
AND (?4 IS NULL OR i.import = ?4)
AND i.created_at >= +?5
AND i.created_at < +?6
AND (?7 OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
    ?14))
AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
AND (?16 IS NULL OR i.facet = ?16)
AND (?17 IS NULL OR i.inviter = ?17)
AND (?18 IS NULL OR (i.status IN ('pending',
    'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
AND (?19 OR instr(?20, '"' || COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0)
AND (?21 IS NULL OR l.fault = ?21)
ORDER BY i.id LIMIT +?22;

-- ROWS_LIST_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = +?1
AND i.scope = +?2
AND i.created_at >= +?3
AND +i.created_at < +?4
AND (i.created_at, i.id) < (+?5, +?6)
AND (?7 OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
    ?14))
AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
AND (?16 IS NULL OR i.facet = ?16)
AND (?17 IS NULL OR i.inviter = ?17)
AND (?18 IS NULL OR (i.status IN ('pending',
    'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
AND (?19 OR instr(?20, '"' || COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0)
AND (?21 IS NULL OR l.fault = ?21)
ORDER BY i.created_at DESC, i.id DESC LIMIT +?22;

-- ROWS_LIST_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.kind = +?1
AND i.scope = +?2
AND +i.created_at >= +?3
AND i.created_at < +?4
AND (i.created_at, i.id) > (+?5, +?6)
AND (?7 OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
    ?14))
AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
AND (?16 IS NULL OR i.facet = ?16)
AND (?17 IS NULL OR i.inviter = ?17)
AND (?18 IS NULL OR (i.status IN ('pending',
    'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
AND (?19 OR instr(?20, '"' || COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0)
AND (?21 IS NULL OR l.fault = ?21)
ORDER BY i.created_at, i.id LIMIT +?22;

-- ROWS_LIST_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.created_at >= +?3
    AND i.created_at < +?4
    AND (i.expires_at, i.id) > (+?5, +?6)
    AND (?7 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
        ?14))
    AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
    AND (?16 IS NULL OR i.facet = ?16)
    AND (?17 IS NULL OR i.inviter = ?17)
    AND (?18 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
    AND (?19 OR instr(?20, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?21 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?21)
    ORDER BY i.expires_at, i.id LIMIT +?22) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.expires_at, i.id;

-- ROWS_LIST_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_address, 6 after_id, 7 any_status, 8 now,
--       9 status_1, 10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet,
--       17 inviter, 18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.created_at >= +?3
    AND i.created_at < +?4
    AND (i.recipient, i.id) > (+?5, +?6)
    AND (?7 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
        ?14))
    AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
    AND (?16 IS NULL OR i.facet = ?16)
    AND (?17 IS NULL OR i.inviter = ?17)
    AND (?18 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
    AND (?19 OR instr(?20, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?21 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?21)
    ORDER BY i.recipient, i.id LIMIT +?22) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.recipient, i.id;

-- ROWS_IMPORT_NEWEST_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 facet,
--       18 inviter, 19 expiring_until, 20 any_delivery, 21 deliveries, 22 fault, 23 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.import = +?3
    AND +i.created_at >= +?4
    AND +i.created_at < +?5
    AND (+i.created_at, i.id) < (+?6, +?7)
    AND (?8 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?9 THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13,
        ?14, ?15))
    AND (?16 IS NULL OR instr(i.recipient, ?16) > 0 OR instr(lower(i.label), ?16) > 0)
    AND (?17 IS NULL OR i.facet = ?17)
    AND (?18 IS NULL OR i.inviter = ?18)
    AND (?19 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?9 AND i.expires_at <= ?19))
    AND (?20 OR instr(?21, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?22 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?22)
    ORDER BY +i.created_at DESC,
        i.id DESC LIMIT +?23) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY +i.created_at DESC, i.id DESC;

-- ROWS_IMPORT_OLDEST_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 facet,
--       18 inviter, 19 expiring_until, 20 any_delivery, 21 deliveries, 22 fault, 23 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.import = +?3
    AND +i.created_at >= +?4
    AND +i.created_at < +?5
    AND (+i.created_at, i.id) > (+?6, +?7)
    AND (?8 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?9 THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13,
        ?14, ?15))
    AND (?16 IS NULL OR instr(i.recipient, ?16) > 0 OR instr(lower(i.label), ?16) > 0)
    AND (?17 IS NULL OR i.facet = ?17)
    AND (?18 IS NULL OR i.inviter = ?18)
    AND (?19 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?9 AND i.expires_at <= ?19))
    AND (?20 OR instr(?21, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?22 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?22)
    ORDER BY +i.created_at, i.id LIMIT +?23) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY +i.created_at, i.id;

-- ROWS_IMPORT_EXPIRES_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 facet,
--       18 inviter, 19 expiring_until, 20 any_delivery, 21 deliveries, 22 fault, 23 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.import = +?3
    AND +i.created_at >= +?4
    AND +i.created_at < +?5
    AND (i.expires_at, i.id) > (+?6, +?7)
    AND (?8 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?9 THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13,
        ?14, ?15))
    AND (?16 IS NULL OR instr(i.recipient, ?16) > 0 OR instr(lower(i.label), ?16) > 0)
    AND (?17 IS NULL OR i.facet = ?17)
    AND (?18 IS NULL OR i.inviter = ?18)
    AND (?19 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?9 AND i.expires_at <= ?19))
    AND (?20 OR instr(?21, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?22 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?22)
    ORDER BY i.expires_at, i.id LIMIT +?23) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.expires_at, i.id;

-- ROWS_IMPORT_BY_ADDRESS
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_address, 7 after_id, 8 any_status, 9 now,
--       10 status_1, 11 status_2, 12 status_3, 13 status_4, 14 status_5, 15 status_6, 16 search, 17 facet,
--       18 inviter, 19 expiring_until, 20 any_delivery, 21 deliveries, 22 fault, 23 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = +?1
    AND i.scope = +?2
    AND i.import = +?3
    AND +i.created_at >= +?4
    AND +i.created_at < +?5
    AND (i.recipient, i.id) > (+?6, +?7)
    AND (?8 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= ?9 THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13,
        ?14, ?15))
    AND (?16 IS NULL OR instr(i.recipient, ?16) > 0 OR instr(lower(i.label), ?16) > 0)
    AND (?17 IS NULL OR i.facet = ?17)
    AND (?18 IS NULL OR i.inviter = ?18)
    AND (?19 IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > ?9 AND i.expires_at <= ?19))
    AND (?20 OR instr(?21, '"' || COALESCE((SELECT k.state
                    FROM invite_letters AS k
                    WHERE k.id = i.delivery_id),
                        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0) AND (?22 IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = ?22)
    ORDER BY i.recipient, i.id LIMIT +?23) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.recipient, i.id;

-- ROWS_EVERYWHERE_NEWEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 created_from, 6 created_until, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id > +?1
AND i.id < +?2
AND +i.kind = ?3
AND (?4 IS NULL OR i.import = ?4)
AND i.created_at >= +?5
AND i.created_at < +?6
AND (?7 OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
    ?14))
AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
AND (?16 IS NULL OR i.facet = ?16)
AND (?17 IS NULL OR i.inviter = ?17)
AND (?18 IS NULL OR (i.status IN ('pending',
    'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
AND (?19 OR instr(?20, '"' || COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0)
AND (?21 IS NULL OR l.fault = ?21)
ORDER BY i.id DESC LIMIT +?22;

-- ROWS_EVERYWHERE_OLDEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 created_from, 6 created_until, 7 any_status, 8 now, 9 status_1,
--       10 status_2, 11 status_3, 12 status_4, 13 status_5, 14 status_6, 15 search, 16 facet, 17 inviter,
--       18 expiring_until, 19 any_delivery, 20 deliveries, 21 fault, 22 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.id > +?1
AND i.id < +?2
AND +i.kind = ?3
AND (?4 IS NULL OR i.import = ?4)
AND i.created_at >= +?5
AND i.created_at < +?6
AND (?7 OR CASE WHEN i.status IN ('pending',
    'delivery_failed') AND i.expires_at <= ?8 THEN 'expired' ELSE i.status END IN (?9, ?10, ?11, ?12, ?13,
    ?14))
AND (?15 IS NULL OR instr(i.recipient, ?15) > 0 OR instr(lower(i.label), ?15) > 0)
AND (?16 IS NULL OR i.facet = ?16)
AND (?17 IS NULL OR i.inviter = ?17)
AND (?18 IS NULL OR (i.status IN ('pending',
    'delivery_failed') AND i.expires_at > ?8 AND i.expires_at <= ?18))
AND (?19 OR instr(?20, '"' || COALESCE(l.state,
    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) || '"') > 0)
AND (?21 IS NULL OR l.fault = ?21)
ORDER BY i.id LIMIT +?22;

-- STATS
--   1 now, 2 kind, 3 scope, 4 created_from, 5 created_until, 6 facet, 7 inviter, 8 begin, 9 end
WITH matched AS MATERIALIZED (
    SELECT CASE WHEN i.status IN ('pending', 'delivery_failed')
    AND i.expires_at <= ?1 THEN 'expired' ELSE i.status END AS status, COALESCE(l.state,
        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) AS state, i.facet, i.created_at,
        CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
    FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
    WHERE i.kind = +?2
    AND i.scope = +?3
    AND i.created_at >= +?4
    AND i.created_at < +?5
    AND (?6 IS NULL OR i.facet = ?6)
    AND (?7 IS NULL OR i.inviter = ?7) )
SELECT 1, status, state, took, count(*), count(facet), COALESCE(sum(seconds), 0)
FROM (
    SELECT status, state, facet,
        CASE WHEN accepted_at - created_at <= 3600000000 THEN 0 WHEN accepted_at - created_at <= 86400000000 THEN 1 WHEN accepted_at - created_at <= 259200000000 THEN 2 WHEN accepted_at - created_at <= 604800000000 THEN 3 WHEN accepted_at - created_at <= 2592000000000 THEN 4 WHEN accepted_at IS NOT NULL THEN 5 END AS took,
        max((accepted_at - created_at) / 1000000, 0) AS seconds
    FROM matched ) AS m GROUP BY status, state, took UNION ALL
SELECT *
FROM (
    SELECT 2, facet, NULL, NULL, count(*), 0, 0
    FROM matched
    WHERE facet IS NOT NULL GROUP BY facet
    ORDER BY count(*) DESC, facet LIMIT 100 ) AS f UNION ALL
SELECT 3, NULL, NULL, (created_at - ?8) / 86400000000 AS day, count(*), 0, 0
FROM matched
WHERE created_at >= ?8
AND created_at < ?9 GROUP BY day UNION ALL
SELECT 4, NULL, NULL, (accepted_at - ?8) / 86400000000 AS day, count(*), 0, 0
FROM matched
WHERE accepted_at >= ?8
AND accepted_at < ?9 GROUP BY day;

-- STATS_OF_IMPORT
--   1 now, 2 kind, 3 scope, 4 import, 5 created_from, 6 created_until, 7 facet, 8 inviter, 9 begin, 10 end
WITH matched AS MATERIALIZED (
    SELECT CASE WHEN i.status IN ('pending', 'delivery_failed')
    AND i.expires_at <= ?1 THEN 'expired' ELSE i.status END AS status, COALESCE(l.state,
        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) AS state, i.facet, i.created_at,
        CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
    FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
    WHERE i.kind = +?2
    AND i.scope = +?3
    AND i.import = +?4
    AND +i.created_at >= +?5
    AND +i.created_at < +?6
    AND (?7 IS NULL OR i.facet = ?7)
    AND (?8 IS NULL OR i.inviter = ?8) )
SELECT 1, status, state, took, count(*), count(facet), COALESCE(sum(seconds), 0)
FROM (
    SELECT status, state, facet,
        CASE WHEN accepted_at - created_at <= 3600000000 THEN 0 WHEN accepted_at - created_at <= 86400000000 THEN 1 WHEN accepted_at - created_at <= 259200000000 THEN 2 WHEN accepted_at - created_at <= 604800000000 THEN 3 WHEN accepted_at - created_at <= 2592000000000 THEN 4 WHEN accepted_at IS NOT NULL THEN 5 END AS took,
        max((accepted_at - created_at) / 1000000, 0) AS seconds
    FROM matched ) AS m GROUP BY status, state, took UNION ALL
SELECT *
FROM (
    SELECT 2, facet, NULL, NULL, count(*), 0, 0
    FROM matched
    WHERE facet IS NOT NULL GROUP BY facet
    ORDER BY count(*) DESC, facet LIMIT 100 ) AS f UNION ALL
SELECT 3, NULL, NULL, (created_at - ?9) / 86400000000 AS day, count(*), 0, 0
FROM matched
WHERE created_at >= ?9
AND created_at < ?10 GROUP BY day UNION ALL
SELECT 4, NULL, NULL, (accepted_at - ?9) / 86400000000 AS day, count(*), 0, 0
FROM matched
WHERE accepted_at >= ?9
AND accepted_at < ?10 GROUP BY day;

-- ADDRESSED_TO
--   1 few, 2 address_1, 3 address_2, 4 address_3, 5 address_4, 6 address_5, 7 address_6, 8 address_7, 9 address_8,
--       10 kind, 11 as_of, 12 now, 13 late, 14 after_at, 15 after_id, 16 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, i.late
FROM (
    SELECT a.*, ROW_NUMBER() OVER (PARTITION BY a.inviter
        ORDER BY a.created_at DESC, a.id DESC) > ?1 AS late
    FROM invite_invitations AS a INDEXED BY invite_invitations_recipient
    WHERE a.recipient IN (+?2, +?3, +?4, +?5, +?6, +?7, +?8, +?9)
    AND +a.kind = ?10
    AND +a.created_at <= ?11
    AND +a.expires_at > ?11
    AND (a.ended_at IS NULL OR a.ended_at > ?11)) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.status IN ('pending', 'delivery_failed')
AND i.expires_at > ?12
AND (i.late > ?13 OR (i.late = ?13 AND (i.created_at, i.id) < (?14, ?15)))
ORDER BY i.late, i.created_at DESC, i.id DESC LIMIT +?16;

-- ERASE
--   1 recipient_given, 2 recipient, 3 payload, 4 display, 5 id, 6 kind, 7 address
UPDATE invite_invitations
SET recipient_given = ?1, recipient = ?2, inviter_address = NULL, payload = ?3, display = ?4, message = NULL,
    label = NULL, ended_reason = NULL, delivery_id = NULL
WHERE id = +?5
AND +kind = ?6
AND +recipient = ?7
AND ended_at IS NOT NULL;

-- ERASE_LETTERS
--   1 id
UPDATE invite_letters
SET error = NULL, provider_id = NULL
WHERE invitation = +?1;

-- ERASE_EVENTS
--   1 id
UPDATE invite_events
SET reason = NULL
WHERE invitation = +?1
AND reason IS NOT NULL;

-- FORGET_INVITER
--   1 address_1, 2 address_2, 3 kind
UPDATE invite_invitations
SET inviter_address = NULL
WHERE inviter_address IN (?1, ?2)
AND +kind = ?3;

-- OF_ADDRESS
--   1 recipient, 2 kind, 3 scope, 4 after_at, 5 after_id, 6 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i INDEXED BY invite_invitations_recipient
    WHERE i.recipient = +?1
    AND +i.kind = ?2
    AND (?3 IS NULL OR i.scope = ?3)
    AND (+i.created_at, i.id) < (?4, ?5)
    ORDER BY i.created_at DESC,
        i.id DESC LIMIT +?6) AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
ORDER BY i.created_at DESC, i.id DESC;

-- HISTORY
--   1 id, 2 kind, 3 scope
SELECT e.revision, e.action, e.actor, e.reason, e.at
FROM invite_events AS e
WHERE e.invitation = +?1
AND (SELECT i.kind = ?2 AND i.scope = ?3
    FROM invite_invitations AS i
    WHERE i.id = ?1)
ORDER BY e.id;

-- ANY_LETTERS
--   1 now, 2 kinds, 3 full
SELECT 1
WHERE EXISTS (SELECT 1
    FROM invite_outbox AS o
    WHERE o.ready
    AND o.not_before <= ?1
    AND (o.lease_until IS NULL OR o.lease_until <= ?1)
    AND o.kind IN (SELECT value
        FROM json_each(?2)) AND o.domain NOT IN (SELECT value
        FROM json_each(?3))) OR EXISTS (SELECT 1
    FROM invite_outbox AS o
    WHERE NOT o.ready
    AND o.not_before <= ?1);

-- WALK
--   1 kinds, 2 now, 3 full, 4 after, 5 limit
SELECT *
FROM (SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o
    WHERE o.ready
    AND o.kind IN (SELECT value
        FROM json_each(?1)) AND o.not_before <= ?2 AND (o.lease_until IS NULL OR o.lease_until <= ?2) AND o.domain NOT IN (SELECT value
        FROM json_each(?3)) AND o.priority = 0 AND o.scope > +?4
    ORDER BY o.priority, o.scope, o.not_before, o.id LIMIT +?5) UNION ALL
SELECT *
FROM (SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o
    WHERE o.ready
    AND o.kind IN (SELECT value
        FROM json_each(?1)) AND o.not_before <= ?2 AND (o.lease_until IS NULL OR o.lease_until <= ?2) AND o.domain NOT IN (SELECT value
        FROM json_each(?3)) AND o.priority = 0 AND o.scope <= +?4
    ORDER BY o.priority, o.scope, o.not_before, o.id LIMIT +?5) UNION ALL
SELECT *
FROM (SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o
    WHERE o.ready
    AND o.kind IN (SELECT value
        FROM json_each(?1)) AND o.not_before <= ?2 AND (o.lease_until IS NULL OR o.lease_until <= ?2) AND o.domain NOT IN (SELECT value
        FROM json_each(?3)) AND o.priority = 1 AND o.scope > +?4
    ORDER BY o.priority, o.scope, o.not_before, o.id LIMIT +?5) UNION ALL
SELECT *
FROM (SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o
    WHERE o.ready
    AND o.kind IN (SELECT value
        FROM json_each(?1)) AND o.not_before <= ?2 AND (o.lease_until IS NULL OR o.lease_until <= ?2) AND o.domain NOT IN (SELECT value
        FROM json_each(?3)) AND o.priority = 1 AND o.scope <= +?4
    ORDER BY o.priority, o.scope, o.not_before, o.id LIMIT +?5);

-- WALK_ON
--   1 kinds, 2 now, 3 full, 4 priority, 5 after, 6 limit
SELECT o.priority, o.scope, o.id
FROM invite_outbox AS o
WHERE o.ready
AND o.kind IN (SELECT value
    FROM json_each(?1)) AND o.not_before <= ?2 AND (o.lease_until IS NULL OR o.lease_until <= ?2) AND o.domain NOT IN (SELECT value
    FROM json_each(?3)) AND o.priority = +?4 AND o.scope > +?5
ORDER BY o.priority, o.scope, o.not_before, o.id LIMIT +?6;

-- WALK_ON_UNTIL
--   1 kinds, 2 now, 3 full, 4 priority, 5 after, 6 until, 7 limit
SELECT o.priority, o.scope, o.id
FROM invite_outbox AS o
WHERE o.ready
AND o.kind IN (SELECT value
    FROM json_each(?1)) AND o.not_before <= ?2 AND (o.lease_until IS NULL OR o.lease_until <= ?2) AND o.domain NOT IN (SELECT value
    FROM json_each(?3)) AND o.priority = +?4 AND o.scope > +?5 AND o.scope <= +?6
ORDER BY o.priority, o.scope, o.not_before, o.id LIMIT +?7;

-- RIPEN
--   1 now
UPDATE invite_outbox
SET ready = 1
WHERE id IN (SELECT id
    FROM invite_outbox
    WHERE NOT ready
    AND not_before <= ?1
    ORDER BY not_before LIMIT 1000);

-- TAKE
--   1 letter, 2 now
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, o.id, o.generation, o.purpose,
    o.attempt, o.refusals, o.unknowns
FROM invite_outbox AS o LEFT JOIN invite_invitations AS i ON i.id = o.invitation LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE o.id = +?1
AND o.not_before <= ?2
AND (o.lease_until IS NULL OR o.lease_until <= ?2);

-- LEASE
--   1 owner, 2 lease_until, 3 letter
UPDATE invite_outbox
SET attempt = attempt + 1, lease_owner = ?1, lease_until = ?2
WHERE id = ?3;

-- DISCARD
--   1 letter
DELETE
FROM invite_outbox
WHERE id = ?1;

-- NOW
SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000;

-- REMOVE
--   1 letter, 2 owner, 3 attempt
DELETE
FROM invite_outbox
WHERE id = ?1
AND lease_owner = ?2
AND attempt = ?3;

-- POSTPONE
--   1 not_before, 2 refusals, 3 unknowns, 4 error, 5 letter, 6 owner, 7 attempt
UPDATE invite_outbox
SET not_before = ?1, ready = 0, refusals = ?2, unknowns = ?3, last_error = ?4, lease_owner = NULL,
    lease_until = NULL
WHERE id = ?5
AND lease_owner = ?6
AND attempt = ?7;

-- ANY_REMINDERS
--   1 now, 2 kinds
SELECT 1
FROM invite_invitations AS i
WHERE i.remind_at <= ?1
AND +i.kind IN (SELECT value
    FROM json_each(?2)) LIMIT 1;

-- DUE_REMINDERS
--   1 now, 2 kinds, 3 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN invite_letters AS l ON l.id = i.delivery_id
WHERE i.remind_at <= ?1
AND +i.kind IN (SELECT value
    FROM json_each(?2))
ORDER BY i.remind_at, i.id LIMIT +?3;

-- REMINDED
--   1 remind_at, 2 reminded, 3 id
UPDATE invite_invitations
SET remind_at = ?1, reminded = ?2
WHERE id = ?3;

-- ANY_DUE
--   1 now, 2 kinds
SELECT 1
WHERE EXISTS (SELECT 1
    FROM invite_invitations
    WHERE status IN ('pending', 'delivery_failed')
    AND expires_at <= ?1
    AND +kind IN (SELECT value
        FROM json_each(?2))) OR EXISTS (SELECT 1
    FROM invite_outbox
    WHERE NOT ready
    AND not_before <= ?1);

-- EXPIRE_EVENTS
--   1 now, 2 kinds, 3 limit
INSERT INTO invite_events (invitation, revision, action, actor, at)
SELECT id, revision + 1, 'expired', 'system', ?1
FROM invite_invitations
WHERE status IN ('pending', 'delivery_failed')
AND expires_at <= ?1
AND +kind IN (SELECT value
    FROM json_each(?2))
ORDER BY expires_at, id LIMIT +?3;

-- EXPIRE_NOTICES
--   1 now, 2 kinds, 3 limit, 4 notify
INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
    ready)
SELECT id, kind, id, generation, 'expired', 1, scope, lower(substr(inviter_address, instr(inviter_address,
    '@') + 1)), ?1, 1
FROM (SELECT id, kind, scope, generation, inviter_address
    FROM invite_invitations
    WHERE status IN ('pending', 'delivery_failed')
    AND expires_at <= ?1
    AND +kind IN (SELECT value
        FROM json_each(?2))
    ORDER BY expires_at, id LIMIT +?3)
WHERE inviter_address IS NOT NULL
AND kind IN (SELECT value
    FROM json_each(?4))
ON CONFLICT (id) DO NOTHING;

-- EXPIRE
--   1 now, 2 kinds, 3 limit
UPDATE invite_invitations
SET status = 'expired', ended_at = ?1, ended_by = 'system', open_key = NULL, remind_at = NULL,
    revision = revision + 1
WHERE id IN (SELECT id
    FROM invite_invitations
    WHERE status IN ('pending', 'delivery_failed')
    AND expires_at <= ?1
    AND +kind IN (SELECT value
        FROM json_each(?2))
    ORDER BY expires_at, id LIMIT +?3);

-- FORGET_ENDED
--   1 id, 2 kind, 3 scope, 4 now
DELETE
FROM invite_invitations
WHERE id = +?1
AND +kind = ?2
AND +scope = ?3
AND (status NOT IN ('pending', 'delivery_failed') OR expires_at <= ?4);

-- ANY_OLD
--   1 kind, 2 until
SELECT 1
FROM invite_invitations
WHERE kind = +?1
AND ended_at <= +?2 LIMIT 1;

-- OLD
--   1 kind, 2 until, 3 limit
SELECT id
FROM invite_invitations
WHERE kind = +?1
AND ended_at <= +?2
ORDER BY ended_at, id LIMIT +?3;

-- FORGET_OLD
--   1 id
DELETE
FROM invite_invitations
WHERE id = +?1;

-- FORGET_QUEUED
--   1 id
DELETE
FROM invite_outbox
WHERE invitation = +?1;

-- FORGET_TOKENS
--   1 id
DELETE
FROM invite_tokens
WHERE invitation = +?1;

-- FORGET_LETTERS
--   1 id
DELETE
FROM invite_letters
WHERE invitation = +?1;

-- FORGET_EVENTS
--   1 id
DELETE
FROM invite_events
WHERE invitation = +?1;

-- LEDGER
SELECT version, checksum, compatible_since
FROM invite_migrations
ORDER BY version;

-- RECORD_MIGRATION
--   1 version, 2 checksum, 3 compatible_since
INSERT INTO invite_migrations (version, checksum, compatible_since)
VALUES (?1, ?2, ?3);
