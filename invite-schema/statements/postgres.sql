-- Every statement as it is sent but for its white space, below the names of the values that its places take.
-- Written by `tests/statements.rs`.

-- END_BY_TOKEN
--   1 ended_status, 2 at, 3 actor, 4 reason, 5 digest, 6 now, 7 kind, 8 status, 9 or_status, 10 unexpired_at,
--       11 due_at, 12 compare, 13 addresses, 14 proved_address, 15 not_resent_since, 16 not_resent_until, 17 event
WITH changed AS (UPDATE invite_invitations AS i
    SET status = $1, ended_at = $2, ended_by = $3, ended_reason = $4,
        address_proved = COALESCE(t.channel = 'mail', false), open_key = NULL, remind_at = NULL,
        revision = revision + 1
    FROM invite_tokens AS t
    WHERE t.digest = $5
    AND i.id = t.invitation
    AND t.generation + CASE WHEN $6 < i.grace_until THEN 1 ELSE 0 END >= i.min_generation
    AND (i.kind = $7) IS TRUE
    AND i.status IN ($8, $9)
    AND ($10::timestamptz IS NULL OR i.expires_at > $10)
    AND ($11::timestamptz IS NULL OR i.expires_at <= $11)
    AND ($12 = 'anyone' OR ($12 = 'address' AND i.recipient = ANY ($13::text[])) OR ($12 = 'domain' AND split_part(i.recipient,
        '@', 2) = ANY ($13::text[])) OR (i.recipient = $14 AND t.channel = 'mail'))
    AND ($15::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $15 OR i.resent_at > $16)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, t.digest AS token_digest,
        t.generation AS token_generation, t.channel AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $17, $3, $4, $2
    FROM changed )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- END_BY_TOKEN_AND_TELL
--   1 ended_status, 2 at, 3 actor, 4 reason, 5 digest, 6 now, 7 kind, 8 status, 9 or_status, 10 unexpired_at,
--       11 due_at, 12 compare, 13 addresses, 14 proved_address, 15 not_resent_since, 16 not_resent_until,
--       17 event, 18 letter, 19 purpose, 20 priority, 21 not_before, 22 token, 23 channel
WITH changed AS (UPDATE invite_invitations AS i
    SET status = $1, ended_at = $2, ended_by = $3, ended_reason = $4,
        address_proved = COALESCE(t.channel = 'mail', false), open_key = NULL, remind_at = NULL,
        revision = revision + 1
    FROM invite_tokens AS t
    WHERE t.digest = $5
    AND i.id = t.invitation
    AND t.generation + CASE WHEN $6 < i.grace_until THEN 1 ELSE 0 END >= i.min_generation
    AND (i.kind = $7) IS TRUE
    AND i.status IN ($8, $9)
    AND ($10::timestamptz IS NULL OR i.expires_at > $10)
    AND ($11::timestamptz IS NULL OR i.expires_at <= $11)
    AND ($12 = 'anyone' OR ($12 = 'address' AND i.recipient = ANY ($13::text[])) OR ($12 = 'domain' AND split_part(i.recipient,
        '@', 2) = ANY ($13::text[])) OR (i.recipient = $14 AND t.channel = 'mail'))
    AND ($15::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $15 OR i.resent_at > $16)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, t.digest AS token_digest,
        t.generation AS token_generation, t.channel AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $17, $3, $4, $2
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $18, kind, id, generation, $19, $20, scope, split_part(CASE WHEN $19::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $21, $21 <= $2
    FROM changed
    WHERE $18::uuid IS NOT NULL
    AND ($19::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT $22, id, generation, $23, $2
    FROM changed
    WHERE $22::bytea IS NOT NULL )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- END_BY_ID
--   1 ended_status, 2 at, 3 actor, 4 reason, 5 id, 6 scope, 7 kind, 8 status, 9 or_status, 10 unexpired_at,
--       11 due_at, 12 compare, 13 addresses, 14 proved_address, 15 not_resent_since, 16 not_resent_until, 17 event
WITH changed AS (UPDATE invite_invitations AS i
    SET status = $1, ended_at = $2, ended_by = $3, ended_reason = $4,
        address_proved = COALESCE(t.channel = 'mail', false), open_key = NULL, remind_at = NULL,
        revision = revision + 1
    FROM (SELECT NULL::text AS channel) AS t
    WHERE i.id = $5
    AND ($6::text IS NULL OR i.scope = $6)
    AND (i.kind = $7) IS TRUE
    AND i.status IN ($8, $9)
    AND ($10::timestamptz IS NULL OR i.expires_at > $10)
    AND ($11::timestamptz IS NULL OR i.expires_at <= $11)
    AND ($12 = 'anyone' OR ($12 = 'address' AND i.recipient = ANY ($13::text[])) OR ($12 = 'domain' AND split_part(i.recipient,
        '@', 2) = ANY ($13::text[])) OR (i.recipient = $14 AND t.channel = 'mail'))
    AND ($15::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $15 OR i.resent_at > $16)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, NULL::bytea AS token_digest,
        NULL::integer AS token_generation, NULL::text AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $17, $3, $4, $2
    FROM changed )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- END_BY_ID_AND_TELL
--   1 ended_status, 2 at, 3 actor, 4 reason, 5 id, 6 scope, 7 kind, 8 status, 9 or_status, 10 unexpired_at,
--       11 due_at, 12 compare, 13 addresses, 14 proved_address, 15 not_resent_since, 16 not_resent_until,
--       17 event, 18 letter, 19 purpose, 20 priority, 21 not_before, 22 token, 23 channel
WITH changed AS (UPDATE invite_invitations AS i
    SET status = $1, ended_at = $2, ended_by = $3, ended_reason = $4,
        address_proved = COALESCE(t.channel = 'mail', false), open_key = NULL, remind_at = NULL,
        revision = revision + 1
    FROM (SELECT NULL::text AS channel) AS t
    WHERE i.id = $5
    AND ($6::text IS NULL OR i.scope = $6)
    AND (i.kind = $7) IS TRUE
    AND i.status IN ($8, $9)
    AND ($10::timestamptz IS NULL OR i.expires_at > $10)
    AND ($11::timestamptz IS NULL OR i.expires_at <= $11)
    AND ($12 = 'anyone' OR ($12 = 'address' AND i.recipient = ANY ($13::text[])) OR ($12 = 'domain' AND split_part(i.recipient,
        '@', 2) = ANY ($13::text[])) OR (i.recipient = $14 AND t.channel = 'mail'))
    AND ($15::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $15 OR i.resent_at > $16)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, NULL::bytea AS token_digest,
        NULL::integer AS token_generation, NULL::text AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $17, $3, $4, $2
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $18, kind, id, generation, $19, $20, scope, split_part(CASE WHEN $19::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $21, $21 <= $2
    FROM changed
    WHERE $18::uuid IS NOT NULL
    AND ($19::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT $22, id, generation, $23, $2
    FROM changed
    WHERE $22::bytea IS NOT NULL )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- RENEW
--   1 resent_at, 2 new_expires_at, 3 retire, 4 grace_until, 5 new_delivery, 6 remind_at, 7 id, 8 scope, 9 kind,
--       10 status, 11 or_status, 12 unexpired_at, 13 due_at, 14 compare, 15 addresses, 16 proved_address,
--       17 not_resent_since, 18 not_resent_until, 19 event, 20 actor, 21 reason, 22 at, 23 letter, 24 purpose,
--       25 priority, 26 not_before, 27 token, 28 channel
WITH changed AS (UPDATE invite_invitations AS i
    SET status = 'pending', generation = i.generation + 1, revision = revision + 1, resent_at = $1,
        viewed_at = NULL, expires_at = greatest(expires_at, $2),
        min_generation = CASE WHEN $3 THEN i.generation + 1 ELSE min_generation END,
        grace_until = CASE WHEN $3 THEN $4 ELSE grace_until END, delivery_id = $5, remind_at = $6,
        reminded = NULL
    FROM (SELECT NULL::text AS channel) AS t
    WHERE i.id = $7
    AND ($8::text IS NULL OR i.scope = $8)
    AND (i.kind = $9) IS TRUE
    AND i.status IN ($10, $11)
    AND ($12::timestamptz IS NULL OR i.expires_at > $12)
    AND ($13::timestamptz IS NULL OR i.expires_at <= $13)
    AND ($14 = 'anyone' OR ($14 = 'address' AND i.recipient = ANY ($15::text[])) OR ($14 = 'domain' AND split_part(i.recipient,
        '@', 2) = ANY ($15::text[])) OR (i.recipient = $16 AND t.channel = 'mail'))
    AND ($17::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $17 OR i.resent_at > $18)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, NULL::bytea AS token_digest,
        NULL::integer AS token_generation, NULL::text AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $19, $20, $21, $22
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $23, kind, id, generation, $24, $25, scope, split_part(CASE WHEN $24::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $26, $26 <= $22
    FROM changed
    WHERE $23::uuid IS NOT NULL
    AND ($24::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT $27, id, generation, $28, $22
    FROM changed
    WHERE $27::bytea IS NOT NULL )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- AMEND
--   1 recipient_given, 2 recipient, 3 open_key, 4 remind_at, 5 payload, 6 label, 7 facet, 8 display,
--       9 sets_message, 10 message, 11 new_expires_at, 12 id, 13 scope, 14 kind, 15 status, 16 or_status,
--       17 unexpired_at, 18 due_at, 19 compare, 20 addresses, 21 proved_address, 22 not_resent_since,
--       23 not_resent_until, 24 event, 25 actor, 26 reason, 27 at, 28 letter, 29 purpose, 30 priority,
--       31 not_before, 32 token, 33 channel
WITH changed AS (UPDATE invite_invitations AS i
    SET recipient_given = COALESCE($1, recipient_given), recipient = COALESCE($2, recipient),
        open_key = CASE WHEN $2::text IS NULL THEN open_key ELSE $3 END,
        generation = i.generation + CASE WHEN $2::text IS NULL THEN 0 ELSE 1 END,
        min_generation = CASE WHEN $2::text IS NULL THEN min_generation ELSE i.generation + 1 END,
        grace_until = CASE WHEN $2::text IS NULL THEN grace_until END,
        viewed_at = CASE WHEN $2::text IS NULL THEN viewed_at END,
        delivery_id = CASE WHEN $2::text IS NULL THEN delivery_id END,
        remind_at = CASE WHEN $2::text IS NULL THEN COALESCE($4, remind_at) END,
        reminded = CASE WHEN $2::text IS NULL THEN reminded END, payload = COALESCE($5, payload),
        label = CASE WHEN $5::jsonb IS NULL THEN label ELSE $6 END,
        facet = CASE WHEN $5::jsonb IS NULL THEN facet ELSE $7 END, display = COALESCE($8, display),
        message = CASE WHEN $9 THEN $10 ELSE message END, expires_at = COALESCE($11, expires_at),
        revision = revision + 1
    FROM (SELECT NULL::text AS channel) AS t
    WHERE i.id = $12
    AND ($13::text IS NULL OR i.scope = $13)
    AND NOT EXISTS (SELECT 1
        FROM invite_invitations AS o
        WHERE o.open_key = $3
        AND o.id <> $12) AND (i.kind = $14) IS TRUE AND i.status IN ($15,
            $16) AND ($17::timestamptz IS NULL OR i.expires_at > $17) AND ($18::timestamptz IS NULL OR i.expires_at <= $18) AND ($19 = 'anyone' OR ($19 = 'address' AND i.recipient = ANY ($20::text[])) OR ($19 = 'domain' AND split_part(i.recipient,
            '@',
            2) = ANY ($20::text[])) OR (i.recipient = $21 AND t.channel = 'mail')) AND ($22::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $22 OR i.resent_at > $23)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, NULL::bytea AS token_digest,
        NULL::integer AS token_generation, NULL::text AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $24, $25, $26, $27
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $28, kind, id, generation, $29, $30, scope, split_part(CASE WHEN $29::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $31, $31 <= $27
    FROM changed
    WHERE $28::uuid IS NOT NULL
    AND ($29::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT $32, id, generation, $33, $27
    FROM changed
    WHERE $32::bytea IS NOT NULL )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- LINK
--   1 id, 2 scope, 3 kind, 4 status, 5 or_status, 6 unexpired_at, 7 due_at, 8 compare, 9 addresses,
--       10 proved_address, 11 not_resent_since, 12 not_resent_until, 13 event, 14 actor, 15 reason, 16 at,
--       17 letter, 18 purpose, 19 priority, 20 not_before, 21 token, 22 channel
WITH changed AS (UPDATE invite_invitations AS i
    SET revision = revision + 1
    FROM (SELECT NULL::text AS channel) AS t
    WHERE i.id = $1
    AND ($2::text IS NULL OR i.scope = $2)
    AND (i.kind = $3) IS TRUE
    AND i.status IN ($4, $5)
    AND ($6::timestamptz IS NULL OR i.expires_at > $6)
    AND ($7::timestamptz IS NULL OR i.expires_at <= $7)
    AND ($8 = 'anyone' OR ($8 = 'address' AND i.recipient = ANY ($9::text[])) OR ($8 = 'domain' AND split_part(i.recipient,
        '@', 2) = ANY ($9::text[])) OR (i.recipient = $10 AND t.channel = 'mail'))
    AND ($11::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $11 OR i.resent_at > $12)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, NULL::bytea AS token_digest,
        NULL::integer AS token_generation, NULL::text AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $13, $14, $15, $16
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $17, kind, id, generation, $18, $19, scope, split_part(CASE WHEN $18::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $20, $20 <= $16
    FROM changed
    WHERE $17::uuid IS NOT NULL
    AND ($18::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT $21, id, generation, $22, $16
    FROM changed
    WHERE $21::bytea IS NOT NULL )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- VIEW
--   1 viewed_at, 2 digest, 3 now, 4 kind, 5 status, 6 or_status, 7 unexpired_at, 8 due_at, 9 compare,
--       10 addresses, 11 proved_address, 12 not_resent_since, 13 not_resent_until, 14 event, 15 actor, 16 reason,
--       17 at, 18 letter, 19 purpose, 20 priority, 21 not_before, 22 token, 23 channel
WITH changed AS (UPDATE invite_invitations AS i
    SET viewed_at = $1
    FROM invite_tokens AS t
    WHERE t.digest = $2
    AND i.id = t.invitation
    AND t.generation + CASE WHEN $3 < i.grace_until THEN 1 ELSE 0 END >= i.min_generation
    AND i.viewed_at IS NULL
    AND (i.kind = $4) IS TRUE
    AND i.status IN ($5, $6)
    AND ($7::timestamptz IS NULL OR i.expires_at > $7)
    AND ($8::timestamptz IS NULL OR i.expires_at <= $8)
    AND ($9 = 'anyone' OR ($9 = 'address' AND i.recipient = ANY ($10::text[])) OR ($9 = 'domain' AND split_part(i.recipient,
        '@', 2) = ANY ($10::text[])) OR (i.recipient = $11 AND t.channel = 'mail'))
    AND ($12::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $12 OR i.resent_at > $13)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, t.digest AS token_digest,
        t.generation AS token_generation, t.channel AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $14, $15, $16, $17
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $18, kind, id, generation, $19, $20, scope, split_part(CASE WHEN $19::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $21, $21 <= $17
    FROM changed
    WHERE $18::uuid IS NOT NULL
    AND ($19::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT $22, id, generation, $23, $17
    FROM changed
    WHERE $22::bytea IS NOT NULL )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- FAIL_DELIVERY
--   1 delivery, 2 kind, 3 status, 4 or_status, 5 unexpired_at, 6 due_at, 7 compare, 8 addresses, 9 proved_address,
--       10 not_resent_since, 11 not_resent_until, 12 event, 13 actor, 14 reason, 15 at, 16 letter, 17 purpose,
--       18 priority, 19 not_before, 20 token, 21 channel
WITH changed AS (UPDATE invite_invitations AS i
    SET status = 'delivery_failed', remind_at = NULL, revision = revision + 1
    FROM (SELECT NULL::text AS channel) AS t
    WHERE i.delivery_id = $1
    AND (i.kind = $2) IS TRUE
    AND i.status IN ($3, $4)
    AND ($5::timestamptz IS NULL OR i.expires_at > $5)
    AND ($6::timestamptz IS NULL OR i.expires_at <= $6)
    AND ($7 = 'anyone' OR ($7 = 'address' AND i.recipient = ANY ($8::text[])) OR ($7 = 'domain' AND split_part(i.recipient,
        '@', 2) = ANY ($8::text[])) OR (i.recipient = $9 AND t.channel = 'mail'))
    AND ($10::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $10 OR i.resent_at > $11)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, NULL::bytea AS token_digest,
        NULL::integer AS token_generation, NULL::text AS token_channel), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $12, $13, $14, $15
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $16, kind, id, generation, $17, $18, scope, split_part(CASE WHEN $17::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $19, $19 <= $15
    FROM changed
    WHERE $16::uuid IS NOT NULL
    AND ($17::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT $20, id, generation, $21, $15
    FROM changed
    WHERE $20::bytea IS NOT NULL )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault, token_digest,
    token_generation, token_channel
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- RECORD_DELIVERY
--   1 delivery_state, 2 attempts, 3 error, 4 fault, 5 provider_id, 6 delivery, 7 kind, 8 over
INSERT INTO invite_letters AS l (id, invitation, state, attempts, error, fault, provider_id)
SELECT i.delivery_id, i.id, $1, COALESCE($2, 0), $3, $4, $5
FROM invite_invitations AS i
WHERE i.delivery_id = $6
AND (i.kind = $7) IS TRUE
AND ('queued' = ANY ($8::text[]) OR EXISTS (SELECT 1
        FROM invite_letters AS k
        WHERE k.id = $6))
ON CONFLICT (id) DO UPDATE
SET state = excluded.state, attempts = COALESCE($2, l.attempts), error = excluded.error,
    fault = excluded.fault, provider_id = COALESCE(excluded.provider_id, l.provider_id)
WHERE l.state = ANY ($8::text[]);

-- INSERT
--   1 id, 2 kind, 3 scope, 4 recipient_given, 5 recipient, 6 inviter, 7 payload, 8 display, 9 message, 10 locale,
--       11 status, 12 generation, 13 min_generation, 14 revision, 15 open_key, 16 created_at, 17 expires_at,
--       18 inviter_address, 19 delivery, 20 remind_at, 21 label, 22 facet, 23 import, 24 idempotency_key,
--       25 request_digest, 26 renews, 27 event, 28 reason, 29 at, 30 letter, 31 purpose, 32 priority,
--       33 not_before
WITH created AS (
    INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display,
        message, locale, status, generation, min_generation, revision, open_key, created_at, expires_at,
        inviter_address, delivery_id, remind_at, label, facet, import, idempotency_key, request_digest,
        renews)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
        $22, $23, $24, $25, $26)
    ON CONFLICT DO NOTHING
    RETURNING id ), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, $14, $27, $6, $28, $29
    FROM created ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $30, $2, id, $12, $31, $32, $3, split_part(CASE WHEN $31::text IN ('accepted', 'rejected',
        'expired', 'delivery_failed') THEN lower($18) ELSE $5 END, '@', 2), $33, $33 <= $29
    FROM created
    WHERE $30::uuid IS NOT NULL )
SELECT 1
FROM created;

-- INSERT_WITH_TOKEN
--   1 id, 2 kind, 3 scope, 4 recipient_given, 5 recipient, 6 inviter, 7 payload, 8 display, 9 message, 10 locale,
--       11 status, 12 generation, 13 min_generation, 14 revision, 15 open_key, 16 created_at, 17 expires_at,
--       18 inviter_address, 19 delivery, 20 remind_at, 21 label, 22 facet, 23 import, 24 idempotency_key,
--       25 request_digest, 26 renews, 27 event, 28 reason, 29 at, 30 letter, 31 purpose, 32 priority,
--       33 not_before, 34 token, 35 channel
WITH created AS (
    INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display,
        message, locale, status, generation, min_generation, revision, open_key, created_at, expires_at,
        inviter_address, delivery_id, remind_at, label, facet, import, idempotency_key, request_digest,
        renews)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
        $22, $23, $24, $25, $26)
    ON CONFLICT DO NOTHING
    RETURNING id ), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, $14, $27, $6, $28, $29
    FROM created ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT $30, $2, id, $12, $31, $32, $3, split_part(CASE WHEN $31::text IN ('accepted', 'rejected',
        'expired', 'delivery_failed') THEN lower($18) ELSE $5 END, '@', 2), $33, $33 <= $29
    FROM created
    WHERE $30::uuid IS NOT NULL ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT $34, id, $12, $35, $29
    FROM created )
SELECT 1
FROM created;

-- INSERT_TOGETHER
--   1 rows
WITH asked AS MATERIALIZED (
    SELECT *
    FROM json_to_recordset($1::text::json) AS a ( id uuid, kind text, scope text, recipient_given text,
        recipient text, inviter text, payload text, display text, message text, locale text, status text,
        generation integer, min_generation integer, revision integer, open_key text, created_at timestamptz,
        expires_at timestamptz, inviter_address text, delivery_id uuid, remind_at timestamptz, label text,
        facet text, import text, idempotency_key text, request_digest text, renews uuid, event text,
        actor text, reason text, at timestamptz, letter uuid, purpose text, priority integer, domain text,
        not_before timestamptz, ready integer, token text, channel text) ), created AS (
    INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, display,
        message, locale, status, generation, min_generation, revision, open_key, created_at, expires_at,
        inviter_address, delivery_id, remind_at, label, facet, import, idempotency_key, request_digest,
        renews)
    SELECT a.id, a.kind, a.scope, a.recipient_given, a.recipient, a.inviter, a.payload::jsonb,
        a.display::jsonb, a.message, a.locale, a.status, a.generation, a.min_generation, a.revision,
        decode(a.open_key, 'hex'), a.created_at, a.expires_at, a.inviter_address, a.delivery_id, a.remind_at,
        a.label, a.facet, a.import, decode(a.idempotency_key, 'hex'), decode(a.request_digest, 'hex'),
        a.renews
    FROM asked AS a
    ON CONFLICT DO NOTHING
    RETURNING id ), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT a.id, a.revision, a.event, a.actor, a.reason, a.at
    FROM created JOIN asked AS a USING (id) ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT a.letter, a.kind, a.id, a.generation, a.purpose, a.priority, a.scope, a.domain, a.not_before,
        a.ready = 1
    FROM created JOIN asked AS a USING (id)
    WHERE a.letter IS NOT NULL ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT decode(a.token, 'hex'), a.id, a.generation, a.channel, a.at
    FROM created JOIN asked AS a USING (id)
    WHERE a.token IS NOT NULL )
SELECT id
FROM created;

-- HOLD_ENDED
--   1 ids, 2 kind, 3 scope, 4 now
WITH held AS MATERIALIZED (
    SELECT i.id
    FROM invite_invitations AS i
    WHERE i.id = ANY ($1::uuid[])
    AND (i.kind = $2) IS TRUE
    AND (i.scope = $3) IS TRUE
    AND (i.status NOT IN ('pending', 'delivery_failed') OR i.expires_at <= $4)
    ORDER BY i.id FOR UPDATE ), queued AS (DELETE
    FROM invite_outbox
    WHERE invitation = ANY (ARRAY(SELECT held.id
            FROM held)))
SELECT held.id
FROM held;

-- HOLD_OLD
--   1 kind, 2 until, 3 limit
WITH held AS MATERIALIZED (
    SELECT i.id
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.ended_at <= $2
    ORDER BY i.ended_at, i.id LIMIT $3 FOR UPDATE SKIP LOCKED ), queued AS (DELETE
    FROM invite_outbox
    WHERE invitation = ANY (ARRAY(SELECT held.id
            FROM held)))
SELECT held.id
FROM held;

-- FORGET_ENDED
--   1 ids, 2 now
WITH removed AS ( DELETE
    FROM invite_invitations AS i
    WHERE i.id = ANY ($1::uuid[])
    AND (i.ended_at IS NOT NULL OR i.expires_at <= $2)
    RETURNING i.id ), tokens AS (DELETE
    FROM invite_tokens
    WHERE invitation = ANY (ARRAY(SELECT id
            FROM removed)) ), queued AS (DELETE
    FROM invite_outbox
    WHERE invitation = ANY (ARRAY(SELECT id
            FROM removed)) ), letters AS (DELETE
    FROM invite_letters
    WHERE invitation = ANY (ARRAY(SELECT id
            FROM removed)) ), events AS (DELETE
    FROM invite_events
    WHERE invitation = ANY (ARRAY(SELECT id
            FROM removed)) )
SELECT id
FROM removed;

-- END_TOGETHER
--   1 ids, 2 letters, 3 ended_status, 4 at, 5 actor, 6 reason, 7 scope, 8 kind, 9 status, 10 or_status,
--       11 unexpired_at, 12 due_at, 13 compare, 14 addresses, 15 proved_address, 16 not_resent_since,
--       17 not_resent_until, 18 event, 19 purpose, 20 priority, 21 not_before
WITH asked AS MATERIALIZED (
    SELECT a.id, a.letter
    FROM unnest($1::uuid[], $2::uuid[]) AS a (id, letter) ), held AS MATERIALIZED (
    SELECT h.id
    FROM invite_invitations AS h
    WHERE h.id = ANY ($1::uuid[])
    ORDER BY h.id FOR UPDATE ), changed AS (UPDATE invite_invitations AS i
    SET status = $3, ended_at = $4, ended_by = $5, ended_reason = $6,
        address_proved = COALESCE(t.channel = 'mail', false), open_key = NULL, remind_at = NULL,
        revision = revision + 1
    FROM asked AS a, (SELECT NULL::text AS channel) AS t
    WHERE i.id = ANY (ARRAY(SELECT held.id
            FROM held)) AND a.id = i.id AND ($7::text IS NULL OR i.scope = $7) AND (i.kind = $8) IS TRUE AND i.status IN ($9,
                $10) AND ($11::timestamptz IS NULL OR i.expires_at > $11) AND ($12::timestamptz IS NULL OR i.expires_at <= $12) AND ($13 = 'anyone' OR ($13 = 'address'
            AND i.recipient = ANY ($14::text[])) OR ($13 = 'domain'
            AND split_part(i.recipient, '@', 2) = ANY ($14::text[])) OR (i.recipient = $15
            AND t.channel = 'mail')) AND ($16::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $16 OR i.resent_at > $17)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, a.letter), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $18, $5, $6, $4
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT letter, kind, id, generation, $19, $20, scope, split_part(CASE WHEN $19::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $21, $21 <= $4
    FROM changed
    WHERE letter IS NOT NULL
    AND ($19::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- RENEW_TOGETHER
--   1 ids, 2 letters, 3 resent_at, 4 new_expires_at, 5 retire, 6 grace_until, 7 remind_at, 8 scope, 9 kind,
--       10 status, 11 or_status, 12 unexpired_at, 13 due_at, 14 compare, 15 addresses, 16 proved_address,
--       17 not_resent_since, 18 not_resent_until, 19 event, 20 actor, 21 reason, 22 at, 23 purpose, 24 priority,
--       25 not_before
WITH asked AS MATERIALIZED (
    SELECT a.id, a.letter
    FROM unnest($1::uuid[], $2::uuid[]) AS a (id, letter) ), held AS MATERIALIZED (
    SELECT h.id
    FROM invite_invitations AS h
    WHERE h.id = ANY ($1::uuid[])
    ORDER BY h.id FOR UPDATE ), changed AS (UPDATE invite_invitations AS i
    SET status = 'pending', generation = i.generation + 1, revision = revision + 1, resent_at = $3,
        viewed_at = NULL, expires_at = greatest(expires_at, $4),
        min_generation = CASE WHEN $5 THEN i.generation + 1 ELSE min_generation END,
        grace_until = CASE WHEN $5 THEN $6 ELSE grace_until END, delivery_id = a.letter, remind_at = $7,
        reminded = NULL
    FROM asked AS a, (SELECT NULL::text AS channel) AS t
    WHERE i.id = ANY (ARRAY(SELECT held.id
            FROM held)) AND a.id = i.id AND ($8::text IS NULL OR i.scope = $8) AND (i.kind = $9) IS TRUE AND i.status IN ($10,
                $11) AND ($12::timestamptz IS NULL OR i.expires_at > $12) AND ($13::timestamptz IS NULL OR i.expires_at <= $13) AND ($14 = 'anyone' OR ($14 = 'address'
            AND i.recipient = ANY ($15::text[])) OR ($14 = 'domain'
            AND split_part(i.recipient, '@', 2) = ANY ($15::text[])) OR (i.recipient = $16
            AND t.channel = 'mail')) AND ($17::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $17 OR i.resent_at > $18)
    RETURNING i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display,
        i.message, i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
        i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
        i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import,
        i.idempotency_key, i.request_digest, i.renews, a.letter), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
    SELECT id, revision, $19, $20, $21, $22
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT letter, kind, id, generation, $23, $24, scope, split_part(CASE WHEN $23::text IN ('accepted',
        'rejected', 'expired', 'delivery_failed') THEN lower(inviter_address) ELSE recipient END, '@', 2),
        $25, $25 <= $22
    FROM changed
    WHERE letter IS NOT NULL
    AND ($23::text NOT IN ('accepted', 'rejected', 'expired',
        'delivery_failed') OR inviter_address IS NOT NULL) )
SELECT changed.id, changed.kind, changed.scope, changed.recipient_given, changed.recipient, changed.inviter,
    changed.payload, changed.display, changed.message, changed.locale, changed.status, changed.ended_at,
    changed.ended_by, changed.ended_reason, changed.address_proved, changed.generation,
    changed.min_generation, changed.grace_until, changed.revision, changed.created_at, changed.expires_at,
    changed.resent_at, changed.viewed_at, changed.inviter_address, changed.delivery_id, changed.remind_at,
    changed.reminded, changed.label, changed.facet, changed.import, changed.idempotency_key,
    changed.request_digest, changed.renews, l.state, l.attempts, l.error, l.fault
FROM changed LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = changed.delivery_id OFFSET 0) AS l ON true;

-- FIND_TOGETHER_BY_ID
--   1 ids, 2 kind, 3 scope
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL::bytea
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.id = ANY ($1::uuid[])
AND (i.kind = $2) IS TRUE
AND ($3::text IS NULL OR i.scope = $3);

-- FIND_TOGETHER_OPEN
--   1 keys
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, i.open_key
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.open_key = ANY ($1::bytea[]);

-- FIND_TOGETHER_BY_KEY
--   1 keys
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, i.idempotency_key
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.idempotency_key = ANY ($1::bytea[]);

-- FIND_BY_TOKEN
--   1 digest
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, t.digest, t.generation, t.channel
FROM invite_tokens AS t JOIN invite_invitations AS i ON i.id = t.invitation LEFT JOIN LATERAL (SELECT k.state,
    k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE t.digest = $1;

-- FIND_BY_ID
--   1 id, 2 kind, 3 scope
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL::bytea, NULL::integer, NULL::text
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.id = $1
AND (i.kind = $2) IS TRUE
AND ($3::text IS NULL OR i.scope = $3);

-- FIND_OPEN
--   1 open_key
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL::bytea, NULL::integer, NULL::text
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.open_key = $1;

-- FIND_BY_KEY
--   1 idempotency_key
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL::bytea, NULL::integer, NULL::text
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.idempotency_key = $1;

-- FIND_BY_DELIVERY
--   1 delivery, 2 kind
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL::bytea, NULL::integer, NULL::text
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.delivery_id = $1
AND (i.kind = $2) IS TRUE;

-- FIND_BY_PROVIDER_ID
--   1 provider_id, 2 kind
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, NULL::bytea, NULL::integer, NULL::text
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.delivery_id = (SELECT id
    FROM invite_letters
    WHERE provider_id = $1
    ORDER BY id DESC LIMIT 1) AND (i.kind = $2) IS TRUE;

-- LIST_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 unfiltered, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.created_at, i.id) < ($5, $6)
    AND CASE WHEN $7::boolean THEN true ELSE (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13)) END
    ORDER BY i.created_at DESC, i.id DESC LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
        k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at DESC, i.id DESC LIMIT $14;

-- LIST_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 unfiltered, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.created_at, i.id) > ($5, $6)
    AND CASE WHEN $7::boolean THEN true ELSE (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13)) END
    ORDER BY i.created_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at, i.id LIMIT $14;

-- LIST_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 unfiltered, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.expires_at, i.id) > ($5, $6)
    AND CASE WHEN $7::boolean THEN true ELSE (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13)) END
    ORDER BY i.expires_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.expires_at, i.id LIMIT $14;

-- LIST_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_address, 6 after_id, 7 unfiltered, 8 statuses,
--       9 now, 10 search, 11 facet, 12 inviter, 13 expiring_until, 14 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.recipient || '', i.id) > ($5, $6)
    AND CASE WHEN $7::boolean THEN true ELSE (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13)) END
    ORDER BY i.recipient || '', i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.recipient || '', i.id LIMIT $14;

-- LETTERS_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 statuses, 8 now, 9 search,
--       10 facet, 11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.created_at, i.id) < ($5, $6)
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.created_at DESC, i.id DESC LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
        k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at DESC, i.id DESC LIMIT $15;

-- LETTERS_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 statuses, 8 now, 9 search,
--       10 facet, 11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.created_at, i.id) > ($5, $6)
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.created_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at, i.id LIMIT $15;

-- LETTERS_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 statuses, 8 now, 9 search,
--       10 facet, 11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.expires_at, i.id) > ($5, $6)
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.expires_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.expires_at, i.id LIMIT $15;

-- LETTERS_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_address, 6 after_id, 7 statuses, 8 now, 9 search,
--       10 facet, 11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.recipient || '', i.id) > ($5, $6)
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.recipient || '', i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.recipient || '', i.id LIMIT $15;

-- IMPORT_NEWEST_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 deliveries, 15 fault, 16 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $1
        AND i.scope = $2
        AND i.import = $3 OFFSET 0) AS i
    WHERE true
    AND i.created_at >= $4
    AND i.created_at < $5
    AND (i.created_at, i.id) < ($6, $7)
    AND (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13))
    AND (cardinality($14::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($14)) AND ($15::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $15)
    ORDER BY i.created_at DESC, i.id DESC LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
        k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at DESC, i.id DESC LIMIT $16;

-- IMPORT_OLDEST_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 deliveries, 15 fault, 16 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $1
        AND i.scope = $2
        AND i.import = $3 OFFSET 0) AS i
    WHERE true
    AND i.created_at >= $4
    AND i.created_at < $5
    AND (i.created_at, i.id) > ($6, $7)
    AND (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13))
    AND (cardinality($14::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($14)) AND ($15::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $15)
    ORDER BY i.created_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at, i.id LIMIT $16;

-- IMPORT_EXPIRES_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 deliveries, 15 fault, 16 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $1
        AND i.scope = $2
        AND i.import = $3 OFFSET 0) AS i
    WHERE true
    AND i.created_at >= $4
    AND i.created_at < $5
    AND (i.expires_at, i.id) > ($6, $7)
    AND (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13))
    AND (cardinality($14::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($14)) AND ($15::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $15)
    ORDER BY i.expires_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.expires_at, i.id LIMIT $16;

-- IMPORT_BY_ADDRESS
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_address, 7 after_id, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 deliveries, 15 fault, 16 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $1
        AND i.scope = $2
        AND i.import = $3 OFFSET 0) AS i
    WHERE true
    AND i.created_at >= $4
    AND i.created_at < $5
    AND (i.recipient || '', i.id) > ($6, $7)
    AND (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13))
    AND (cardinality($14::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($14)) AND ($15::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $15)
    ORDER BY i.recipient || '', i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.recipient || '', i.id LIMIT $16;

-- EVERYWHERE_NEWEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 created_from, 6 created_until, 7 statuses, 8 now, 9 search, 10 facet,
--       11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.id > $1
    AND i.id < $2
    AND (i.kind = $3) IS TRUE
    AND ($4::text IS NULL OR i.import = $4)
    AND (i.created_at >= $5 AND i.created_at < $6) IS TRUE
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.id DESC LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.id DESC LIMIT $15;

-- EVERYWHERE_OLDEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 created_from, 6 created_until, 7 statuses, 8 now, 9 search, 10 facet,
--       11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.id > $1
    AND i.id < $2
    AND (i.kind = $3) IS TRUE
    AND ($4::text IS NULL OR i.import = $4)
    AND (i.created_at >= $5 AND i.created_at < $6) IS TRUE
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.id LIMIT $15;

-- ROWS_LIST_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 unfiltered, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.created_at, i.id) < ($5, $6)
    AND CASE WHEN $7::boolean THEN true ELSE (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13)) END
    ORDER BY i.created_at DESC, i.id DESC LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
        k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at DESC, i.id DESC LIMIT $14;

-- ROWS_LIST_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 unfiltered, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.created_at, i.id) > ($5, $6)
    AND CASE WHEN $7::boolean THEN true ELSE (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13)) END
    ORDER BY i.created_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at, i.id LIMIT $14;

-- ROWS_LIST_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 unfiltered, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.expires_at, i.id) > ($5, $6)
    AND CASE WHEN $7::boolean THEN true ELSE (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13)) END
    ORDER BY i.expires_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.expires_at, i.id LIMIT $14;

-- ROWS_LIST_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_address, 6 after_id, 7 unfiltered, 8 statuses,
--       9 now, 10 search, 11 facet, 12 inviter, 13 expiring_until, 14 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.recipient || '', i.id) > ($5, $6)
    AND CASE WHEN $7::boolean THEN true ELSE (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13)) END
    ORDER BY i.recipient || '', i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.recipient || '', i.id LIMIT $14;

-- ROWS_LETTERS_NEWEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 statuses, 8 now, 9 search,
--       10 facet, 11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.created_at, i.id) < ($5, $6)
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.created_at DESC, i.id DESC LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
        k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at DESC, i.id DESC LIMIT $15;

-- ROWS_LETTERS_OLDEST_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 statuses, 8 now, 9 search,
--       10 facet, 11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.created_at, i.id) > ($5, $6)
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.created_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at, i.id LIMIT $15;

-- ROWS_LETTERS_EXPIRES_FIRST
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_at, 6 after_id, 7 statuses, 8 now, 9 search,
--       10 facet, 11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.expires_at, i.id) > ($5, $6)
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.expires_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.expires_at, i.id LIMIT $15;

-- ROWS_LETTERS_BY_ADDRESS
--   1 kind, 2 scope, 3 created_from, 4 created_until, 5 after_address, 6 after_id, 7 statuses, 8 now, 9 search,
--       10 facet, 11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.kind = $1
    AND i.scope = $2
    AND i.created_at >= $3
    AND i.created_at < $4
    AND (i.recipient || '', i.id) > ($5, $6)
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.recipient || '', i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.recipient || '', i.id LIMIT $15;

-- ROWS_IMPORT_NEWEST_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 deliveries, 15 fault, 16 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $1
        AND i.scope = $2
        AND i.import = $3 OFFSET 0) AS i
    WHERE true
    AND i.created_at >= $4
    AND i.created_at < $5
    AND (i.created_at, i.id) < ($6, $7)
    AND (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13))
    AND (cardinality($14::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($14)) AND ($15::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $15)
    ORDER BY i.created_at DESC, i.id DESC LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
        k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at DESC, i.id DESC LIMIT $16;

-- ROWS_IMPORT_OLDEST_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 deliveries, 15 fault, 16 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $1
        AND i.scope = $2
        AND i.import = $3 OFFSET 0) AS i
    WHERE true
    AND i.created_at >= $4
    AND i.created_at < $5
    AND (i.created_at, i.id) > ($6, $7)
    AND (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13))
    AND (cardinality($14::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($14)) AND ($15::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $15)
    ORDER BY i.created_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at, i.id LIMIT $16;

-- ROWS_IMPORT_EXPIRES_FIRST
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_at, 7 after_id, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 deliveries, 15 fault, 16 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $1
        AND i.scope = $2
        AND i.import = $3 OFFSET 0) AS i
    WHERE true
    AND i.created_at >= $4
    AND i.created_at < $5
    AND (i.expires_at, i.id) > ($6, $7)
    AND (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13))
    AND (cardinality($14::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($14)) AND ($15::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $15)
    ORDER BY i.expires_at, i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.expires_at, i.id LIMIT $16;

-- ROWS_IMPORT_BY_ADDRESS
--   1 kind, 2 scope, 3 import, 4 created_from, 5 created_until, 6 after_address, 7 after_id, 8 statuses, 9 now,
--       10 search, 11 facet, 12 inviter, 13 expiring_until, 14 deliveries, 15 fault, 16 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $1
        AND i.scope = $2
        AND i.import = $3 OFFSET 0) AS i
    WHERE true
    AND i.created_at >= $4
    AND i.created_at < $5
    AND (i.recipient || '', i.id) > ($6, $7)
    AND (cardinality($8::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $9 THEN 'expired' ELSE i.status END = ANY ($8))
    AND ($10::text IS NULL OR strpos(i.recipient, $10) > 0 OR strpos(lower(i.label COLLATE "C"), $10) > 0)
    AND ($11::text IS NULL OR i.facet = $11)
    AND ($12::text IS NULL OR i.inviter = $12)
    AND ($13::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $9 AND i.expires_at <= $13))
    AND (cardinality($14::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($14)) AND ($15::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $15)
    ORDER BY i.recipient || '', i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.recipient || '', i.id LIMIT $16;

-- ROWS_EVERYWHERE_NEWEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 created_from, 6 created_until, 7 statuses, 8 now, 9 search, 10 facet,
--       11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.id > $1
    AND i.id < $2
    AND (i.kind = $3) IS TRUE
    AND ($4::text IS NULL OR i.import = $4)
    AND (i.created_at >= $5 AND i.created_at < $6) IS TRUE
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.id DESC LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.id DESC LIMIT $15;

-- ROWS_EVERYWHERE_OLDEST_FIRST
--   1 low, 2 high, 3 kind, 4 import, 5 created_from, 6 created_until, 7 statuses, 8 now, 9 search, 10 facet,
--       11 inviter, 12 expiring_until, 13 deliveries, 14 fault, 15 limit
SELECT i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at,
    i.expires_at, i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.id > $1
    AND i.id < $2
    AND (i.kind = $3) IS TRUE
    AND ($4::text IS NULL OR i.import = $4)
    AND (i.created_at >= $5 AND i.created_at < $6) IS TRUE
    AND (cardinality($7::text[]) = 0 OR CASE WHEN i.status IN ('pending',
        'delivery_failed') AND i.expires_at <= $8 THEN 'expired' ELSE i.status END = ANY ($7))
    AND ($9::text IS NULL OR strpos(i.recipient, $9) > 0 OR strpos(lower(i.label COLLATE "C"), $9) > 0)
    AND ($10::text IS NULL OR i.facet = $10)
    AND ($11::text IS NULL OR i.inviter = $11)
    AND ($12::timestamptz IS NULL OR (i.status IN ('pending',
        'delivery_failed') AND i.expires_at > $8 AND i.expires_at <= $12))
    AND (cardinality($13::text[]) = 0 OR COALESCE((SELECT k.state
                FROM invite_letters AS k
                WHERE k.id = i.delivery_id),
                    CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) = ANY ($13)) AND ($14::text IS NULL OR (SELECT k.fault
            FROM invite_letters AS k
            WHERE k.id = i.delivery_id) = $14)
    ORDER BY i.id LIMIT 201) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.id LIMIT $15;

-- STATS
--   1 now, 2 kind, 3 scope, 4 created_from, 5 created_until, 6 unfiltered, 7 facet, 8 inviter, 9 begin, 10 end
WITH matched AS MATERIALIZED (
    SELECT CASE WHEN i.status IN ('pending', 'delivery_failed')
    AND i.expires_at <= $1 THEN 'expired' ELSE i.status END AS status, COALESCE(l.state,
        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) AS state, i.facet, i.created_at,
        CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
    FROM (SELECT i.*
        FROM invite_invitations AS i
        WHERE i.kind = $2
        AND i.scope = $3
        AND i.created_at >= $4
        AND i.created_at < $5
        AND CASE WHEN $6::boolean THEN true ELSE ($7::text IS NULL OR i.facet = $7)
        AND ($8::text IS NULL OR i.inviter = $8) END) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
            k.error, k.fault
        FROM invite_letters AS k
        WHERE k.id = i.delivery_id OFFSET 0) AS l ON true)
SELECT 1::bigint AS part, status AS word, state, took AS number, count(*), count(facet),
    COALESCE(sum(seconds), 0)::bigint
FROM (
    SELECT status, state, facet,
        CASE WHEN accepted_at <= created_at + interval '1 hour' THEN 0::bigint WHEN accepted_at <= created_at + interval '24 hours' THEN 1 WHEN accepted_at <= created_at + interval '72 hours' THEN 2 WHEN accepted_at <= created_at + interval '168 hours' THEN 3 WHEN accepted_at <= created_at + interval '720 hours' THEN 4 WHEN accepted_at IS NOT NULL THEN 5 END AS took,
        GREATEST(floor(extract(epoch
                FROM accepted_at - created_at))::bigint, 0) AS seconds
    FROM matched ) AS m GROUP BY status, state, took UNION ALL
SELECT *
FROM (
    SELECT 2::bigint, facet, NULL::text, NULL::bigint, count(*), 0::bigint, 0::bigint
    FROM matched
    WHERE facet IS NOT NULL GROUP BY facet
    ORDER BY count(*) DESC, facet LIMIT 100 ) AS f UNION ALL
SELECT 3::bigint, NULL::text, NULL::text, floor(extract(epoch
        FROM created_at - $9) / 86400)::bigint AS day, count(*), 0::bigint, 0::bigint
FROM matched
WHERE created_at >= $9::timestamptz
AND created_at < $10::timestamptz GROUP BY day UNION ALL
SELECT 4::bigint, NULL::text, NULL::text, floor(extract(epoch
        FROM accepted_at - $9) / 86400)::bigint AS day, count(*), 0::bigint, 0::bigint
FROM matched
WHERE accepted_at >= $9
AND accepted_at < $10 GROUP BY day;

-- STATS_OF_IMPORT
--   1 now, 2 kind, 3 scope, 4 import, 5 created_from, 6 created_until, 7 unfiltered, 8 facet, 9 inviter, 10 begin,
--       11 end
WITH matched AS MATERIALIZED (
    SELECT CASE WHEN i.status IN ('pending', 'delivery_failed')
    AND i.expires_at <= $1 THEN 'expired' ELSE i.status END AS status, COALESCE(l.state,
        CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END) AS state, i.facet, i.created_at,
        CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
    FROM (SELECT i.*
        FROM (SELECT i.*
            FROM invite_invitations AS i
            WHERE i.kind = $2
            AND i.scope = $3
            AND i.import = $4 OFFSET 0) AS i
        WHERE true
        AND i.created_at >= $5
        AND i.created_at < $6
        AND CASE WHEN $7::boolean THEN true ELSE ($8::text IS NULL OR i.facet = $8)
        AND ($9::text IS NULL OR i.inviter = $9) END) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
            k.error, k.fault
        FROM invite_letters AS k
        WHERE k.id = i.delivery_id OFFSET 0) AS l ON true)
SELECT 1::bigint AS part, status AS word, state, took AS number, count(*), count(facet),
    COALESCE(sum(seconds), 0)::bigint
FROM (
    SELECT status, state, facet,
        CASE WHEN accepted_at <= created_at + interval '1 hour' THEN 0::bigint WHEN accepted_at <= created_at + interval '24 hours' THEN 1 WHEN accepted_at <= created_at + interval '72 hours' THEN 2 WHEN accepted_at <= created_at + interval '168 hours' THEN 3 WHEN accepted_at <= created_at + interval '720 hours' THEN 4 WHEN accepted_at IS NOT NULL THEN 5 END AS took,
        GREATEST(floor(extract(epoch
                FROM accepted_at - created_at))::bigint, 0) AS seconds
    FROM matched ) AS m GROUP BY status, state, took UNION ALL
SELECT *
FROM (
    SELECT 2::bigint, facet, NULL::text, NULL::bigint, count(*), 0::bigint, 0::bigint
    FROM matched
    WHERE facet IS NOT NULL GROUP BY facet
    ORDER BY count(*) DESC, facet LIMIT 100 ) AS f UNION ALL
SELECT 3::bigint, NULL::text, NULL::text, floor(extract(epoch
        FROM created_at - $10) / 86400)::bigint AS day, count(*), 0::bigint, 0::bigint
FROM matched
WHERE created_at >= $10::timestamptz
AND created_at < $11::timestamptz GROUP BY day UNION ALL
SELECT 4::bigint, NULL::text, NULL::text, floor(extract(epoch
        FROM accepted_at - $10) / 86400)::bigint AS day, count(*), 0::bigint, 0::bigint
FROM matched
WHERE accepted_at >= $10
AND accepted_at < $11 GROUP BY day;

-- ADDRESSED_TO
--   1 few, 2 addresses, 3 kind, 4 as_of, 5 now, 6 late, 7 after_at, 8 after_id, 9 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, i.late
FROM (
    SELECT a.*, ROW_NUMBER() OVER (PARTITION BY a.inviter
        ORDER BY a.created_at DESC, a.id DESC) > $1::integer AS late
    FROM invite_invitations AS a
    WHERE a.recipient = ANY ($2::text[])
    AND a.kind = $3
    AND a.created_at <= $4
    AND a.expires_at > $4
    AND (a.ended_at IS NULL OR a.ended_at > $4)) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error,
        k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.status IN ('pending', 'delivery_failed')
AND i.expires_at > $5
AND (i.late > $6 OR (i.late = $6 AND (i.created_at, i.id) < ($7, $8)))
ORDER BY i.late, i.created_at DESC, i.id DESC LIMIT $9;

-- HOLD_TO_ERASE
--   1 ids, 2 kind, 3 address
WITH held AS MATERIALIZED (
    SELECT i.id
    FROM invite_invitations AS i
    WHERE i.id = ANY ($1::uuid[])
    AND (i.kind = $2) IS TRUE
    AND i.ended_at IS NOT NULL
    AND (i.recipient = $3) IS TRUE
    ORDER BY i.id FOR UPDATE ), queued AS (DELETE
    FROM invite_outbox
    WHERE invitation = ANY (ARRAY(SELECT held.id
            FROM held)))
SELECT held.id
FROM held;

-- ERASE
--   1 recipient_given, 2 recipient, 3 payload, 4 display, 5 ids
WITH erased AS ( UPDATE invite_invitations AS i
    SET recipient_given = $1, recipient = $2, inviter_address = NULL, payload = $3, display = $4,
        message = NULL, label = NULL, ended_reason = NULL, delivery_id = NULL
    WHERE i.id = ANY ($5::uuid[])
    AND i.ended_at IS NOT NULL
    RETURNING i.id ), letters AS ( UPDATE invite_letters
    SET error = NULL, provider_id = NULL
    WHERE invitation = ANY (ARRAY(SELECT id
            FROM erased)) ), events AS ( UPDATE invite_events
    SET reason = NULL
    WHERE invitation = ANY (ARRAY(SELECT id
            FROM erased)) AND reason IS NOT NULL )
SELECT id
FROM erased;

-- FORGET_INVITER
--   1 addresses, 2 kind
UPDATE invite_invitations
SET inviter_address = NULL
WHERE inviter_address = ANY ($1::text[])
AND kind = $2;

-- OF_ADDRESS
--   1 recipient, 2 kind, 3 scope, 4 after_at, 5 after_id, 6 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM (SELECT i.*
    FROM invite_invitations AS i
    WHERE i.recipient = $1
    AND (i.kind = $2) IS TRUE
    AND ($3::text IS NULL OR i.scope = $3)
    AND (i.created_at, i.id) < ($4, $5)
    ORDER BY i.created_at DESC, i.id DESC LIMIT $6) AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts,
        k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
ORDER BY i.created_at DESC, i.id DESC;

-- HISTORY
--   1 id, 2 kind, 3 scope
SELECT e.revision, e.action, e.actor, e.reason, e.at
FROM invite_events AS e
WHERE e.invitation = $1
AND (SELECT i.kind = $2 AND i.scope = $3
    FROM invite_invitations AS i
    WHERE i.id = $1)
ORDER BY e.id;

-- WALK
--   1 kinds, 2 now, 3 full, 4 after, 5 limit
(SELECT q.priority, q.scope, q.id
    FROM (
        SELECT o.priority, o.scope, o.id
        FROM invite_outbox AS o
        WHERE o.ready
        AND o.kind = ANY ($1::text[])
        AND o.not_before <= $2
        AND (o.lease_until IS NULL OR o.lease_until <= $2)
        AND o.domain <> ALL ($3::text[])
        AND o.priority = 0
        AND o.scope > $4
        ORDER BY o.scope, o.not_before,
            o.id LIMIT 256 FOR UPDATE SKIP LOCKED ) AS q LIMIT $5) UNION ALL (SELECT q.priority, q.scope, q.id
    FROM (
        SELECT o.priority, o.scope, o.id
        FROM invite_outbox AS o
        WHERE o.ready
        AND o.kind = ANY ($1::text[])
        AND o.not_before <= $2
        AND (o.lease_until IS NULL OR o.lease_until <= $2)
        AND o.domain <> ALL ($3::text[])
        AND o.priority = 0
        AND o.scope <= $4
        ORDER BY o.scope, o.not_before,
            o.id LIMIT 256 FOR UPDATE SKIP LOCKED ) AS q LIMIT $5) UNION ALL (SELECT q.priority, q.scope, q.id
    FROM (
        SELECT o.priority, o.scope, o.id
        FROM invite_outbox AS o
        WHERE o.ready
        AND o.kind = ANY ($1::text[])
        AND o.not_before <= $2
        AND (o.lease_until IS NULL OR o.lease_until <= $2)
        AND o.domain <> ALL ($3::text[])
        AND o.priority = 1
        AND o.scope > $4
        ORDER BY o.scope, o.not_before,
            o.id LIMIT 256 FOR UPDATE SKIP LOCKED ) AS q LIMIT $5) UNION ALL (SELECT q.priority, q.scope, q.id
    FROM (
        SELECT o.priority, o.scope, o.id
        FROM invite_outbox AS o
        WHERE o.ready
        AND o.kind = ANY ($1::text[])
        AND o.not_before <= $2
        AND (o.lease_until IS NULL OR o.lease_until <= $2)
        AND o.domain <> ALL ($3::text[])
        AND o.priority = 1
        AND o.scope <= $4
        ORDER BY o.scope, o.not_before, o.id LIMIT 256 FOR UPDATE SKIP LOCKED ) AS q LIMIT $5);

-- WALK_ON
--   1 kinds, 2 now, 3 full, 4 priority, 5 after, 6 limit
SELECT q.priority, q.scope, q.id
FROM (
    SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o
    WHERE o.ready
    AND o.kind = ANY ($1::text[])
    AND o.not_before <= $2
    AND (o.lease_until IS NULL OR o.lease_until <= $2)
    AND o.domain <> ALL ($3::text[])
    AND o.priority = $4
    AND o.scope > $5
    ORDER BY o.scope, o.not_before, o.id LIMIT 256 FOR UPDATE SKIP LOCKED ) AS q LIMIT $6;

-- WALK_ON_UNTIL
--   1 kinds, 2 now, 3 full, 4 priority, 5 after, 6 until, 7 limit
SELECT q.priority, q.scope, q.id
FROM (
    SELECT o.priority, o.scope, o.id
    FROM invite_outbox AS o
    WHERE o.ready
    AND o.kind = ANY ($1::text[])
    AND o.not_before <= $2
    AND (o.lease_until IS NULL OR o.lease_until <= $2)
    AND o.domain <> ALL ($3::text[])
    AND o.priority = $4
    AND o.scope > $5
    AND o.scope <= $6
    ORDER BY o.scope, o.not_before, o.id LIMIT 256 FOR UPDATE SKIP LOCKED ) AS q LIMIT $7;

-- RIPEN
--   1 now
UPDATE invite_outbox
SET ready = true
WHERE id = ANY (ARRAY(
        SELECT id
        FROM invite_outbox
        WHERE NOT ready
        AND not_before <= $1
        ORDER BY not_before LIMIT 1000 FOR UPDATE SKIP LOCKED ));

-- TAKE
--   1 letters, 2 now
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault, o.id, o.generation, o.purpose,
    o.attempt, o.refusals, o.unknowns
FROM invite_outbox AS o LEFT JOIN invite_invitations AS i ON i.id = o.invitation LEFT JOIN LATERAL (SELECT k.state,
    k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE o.id = ANY ($1::uuid[])
AND o.not_before <= $2
AND (o.lease_until IS NULL OR o.lease_until <= $2) FOR UPDATE OF o SKIP LOCKED;

-- LEASE
--   1 discarded, 2 now, 3 tokens, 4 invitations, 5 generations, 6 owner, 7 lease_until, 8 letters
WITH discarded AS ( DELETE
    FROM invite_outbox
    WHERE id = ANY ($1::uuid[]) ), known AS (
    INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
    SELECT digest, invitation, generation, 'mail', $2
    FROM unnest($3::bytea[], $4::uuid[], $5::integer[]) AS minted (digest, invitation,
        generation) ) UPDATE invite_outbox
SET attempt = attempt + 1, lease_owner = $6, lease_until = $7
WHERE id = ANY ($8::uuid[]);

-- NOW
SELECT clock_timestamp();

-- IS_WRITABLE
SELECT current_setting('transaction_read_only') = 'off';

-- REMOVE
--   1 letter, 2 owner, 3 attempt
DELETE
FROM invite_outbox
WHERE id = $1
AND lease_owner = $2
AND attempt = $3;

-- POSTPONE
--   1 not_before, 2 refusals, 3 unknowns, 4 error, 5 letter, 6 owner, 7 attempt
UPDATE invite_outbox
SET not_before = $1, ready = false, refusals = $2, unknowns = $3, last_error = $4, lease_owner = NULL,
    lease_until = NULL
WHERE id = $5
AND lease_owner = $6
AND attempt = $7;

-- SETTLE
--   1 settlements
WITH asked AS MATERIALIZED (
    SELECT *
    FROM jsonb_to_recordset($1::jsonb) AS a (letter uuid, owner uuid, attempt integer, kind text, state text,
        attempts integer, error text, fault text, provider_id text, over text[], not_before timestamptz,
        refusals integer, unknowns integer, last_error text) ), removed AS ( DELETE
    FROM invite_outbox AS o USING asked AS a
    WHERE o.id = ANY (ARRAY(SELECT letter
            FROM asked
            WHERE not_before IS NULL)) AND o.id = a.letter AND o.lease_owner = a.owner AND o.attempt = a.attempt
    RETURNING o.id ), postponed AS ( UPDATE invite_outbox AS o
    SET not_before = a.not_before, ready = false, refusals = a.refusals, unknowns = a.unknowns,
        last_error = a.last_error, lease_owner = NULL, lease_until = NULL
    FROM asked AS a
    WHERE o.id = ANY (ARRAY(SELECT letter
            FROM asked
            WHERE not_before IS NOT NULL)) AND o.id = a.letter AND o.lease_owner = a.owner AND o.attempt = a.attempt
    RETURNING o.id ), settled AS (
    SELECT id
    FROM removed UNION ALL
    SELECT id
    FROM postponed ), heard_of AS (
    SELECT id
    FROM invite_letters
    WHERE id = ANY (ARRAY(SELECT letter
            FROM asked)) ), told AS (
    INSERT INTO invite_letters AS l (id, invitation, state, attempts, error, fault, provider_id)
    SELECT i.delivery_id, i.id, a.state, a.attempts, a.error, a.fault, a.provider_id
    FROM asked AS a JOIN invite_invitations AS i ON i.delivery_id = a.letter
    WHERE i.delivery_id = ANY (ARRAY(SELECT id
            FROM settled)) AND (i.kind = a.kind) IS TRUE AND ('queued' = ANY (a.over) OR a.letter IN (SELECT id
            FROM heard_of))
    ON CONFLICT (id) DO UPDATE
    SET state = excluded.state, attempts = excluded.attempts, error = excluded.error, fault = excluded.fault,
        provider_id = COALESCE(excluded.provider_id, l.provider_id)
    WHERE l.state = ANY (ARRAY(SELECT unnest(a.over)
            FROM asked AS a
            WHERE a.letter = l.id)) )
SELECT id
FROM settled;

-- DUE_REMINDERS
--   1 now, 2 kinds, 3 limit
SELECT i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message,
    i.locale, i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation,
    i.min_generation, i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at,
    i.inviter_address, i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key,
    i.request_digest, i.renews, l.state, l.attempts, l.error, l.fault
FROM invite_invitations AS i LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault
    FROM invite_letters AS k
    WHERE k.id = i.delivery_id OFFSET 0) AS l ON true
WHERE i.remind_at <= $1
AND i.kind = ANY ($2::text[])
ORDER BY i.remind_at, i.id LIMIT $3 FOR UPDATE OF i SKIP LOCKED;

-- REMINDED
--   1 remind_at, 2 reminded, 3 id
UPDATE invite_invitations
SET remind_at = $1, reminded = $2
WHERE id = $3;

-- INSERT_LETTER
--   1 letter, 2 kind, 3 id, 4 generation, 5 purpose, 6 priority, 7 scope, 8 domain, 9 not_before, 10 ready
INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
    ready)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- EXPIRE
--   1 now, 2 kinds, 3 limit, 4 notify
WITH due AS (
    SELECT id
    FROM (
        SELECT id
        FROM invite_invitations
        WHERE status IN ('pending', 'delivery_failed')
        AND expires_at <= $1
        AND kind = ANY ($2::text[])
        ORDER BY expires_at, id LIMIT 1000 FOR UPDATE SKIP LOCKED ) AS d LIMIT $3 ),
            changed AS ( UPDATE invite_invitations AS i
    SET status = 'expired', ended_at = $1, ended_by = 'system', open_key = NULL, remind_at = NULL,
        revision = revision + 1
    WHERE i.id = ANY (ARRAY(SELECT id
            FROM due)) AND i.status IN ('pending', 'delivery_failed') AND i.expires_at <= $1
    RETURNING i.id, i.revision, i.kind, i.scope, i.generation, i.inviter_address ), logged AS (
    INSERT INTO invite_events (invitation, revision, action, actor, at)
    SELECT id, revision, 'expired', 'system', $1
    FROM changed ), queued AS (
    INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, priority, scope, domain, not_before,
        ready)
    SELECT id, kind, id, generation, 'expired', 1, scope, lower(split_part(inviter_address, '@', 2)), $1, true
    FROM changed
    WHERE inviter_address IS NOT NULL
    AND kind = ANY ($4::text[])
    ON CONFLICT (id) DO NOTHING )
SELECT count(*)
FROM changed;

-- LEDGER
SELECT version, checksum, compatible_since
FROM invite_migrations
ORDER BY version;

-- RECORD_MIGRATION
--   1 version, 2 checksum, 3 compatible_since
INSERT INTO invite_migrations (version, checksum, compatible_since)
VALUES ($1, $2, $3);
