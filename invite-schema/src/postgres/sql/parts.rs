//! The parts that several statements of PostgreSQL have in common.

/// The columns of an invitation's own row.
macro_rules! stored {
    ($table:literal) => {
        concat!(
            $table,
            ".id, ",
            $table,
            ".kind, ",
            $table,
            ".scope, ",
            $table,
            ".recipient_given, ",
            $table,
            ".recipient, ",
            $table,
            ".inviter, ",
            $table,
            ".payload, ",
            $table,
            ".display, ",
            $table,
            ".message, ",
            $table,
            ".locale, ",
            $table,
            ".status, ",
            $table,
            ".ended_at, ",
            $table,
            ".ended_by, ",
            $table,
            ".ended_reason, ",
            $table,
            ".address_proved, ",
            $table,
            ".generation, ",
            $table,
            ".min_generation, ",
            $table,
            ".grace_until, ",
            $table,
            ".revision, ",
            $table,
            ".created_at, ",
            $table,
            ".expires_at, ",
            $table,
            ".resent_at, ",
            $table,
            ".viewed_at, ",
            $table,
            ".inviter_address, ",
            $table,
            ".delivery_id, ",
            $table,
            ".remind_at, ",
            $table,
            ".reminded, ",
            $table,
            ".label, ",
            $table,
            ".facet, ",
            $table,
            ".import, ",
            $table,
            ".idempotency_key, ",
            $table,
            ".request_digest, ",
            $table,
            ".renews"
        )
    };
}

/// The columns of an invitation and of its letter, in the order `row::record` reads them.
macro_rules! columns {
    ($table:literal) => {
        concat!(stored!($table), ", l.state, l.attempts, l.error, l.fault")
    };
}

/// What is known of the letter of an invitation, if anything is. `OFFSET 0` has the server look each up by its id: for
/// a limit that it does not know it would rather read the whole table.
macro_rules! letter {
    ($table:literal) => {
        concat!(
            " LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error, k.fault FROM invite_letters AS k WHERE k.id = ",
            $table,
            ".delivery_id OFFSET 0) AS l ON true"
        )
    };
}

// `(kind = :kind) IS TRUE` stands where the row is already named: of a table without statistics, as a new one is, the
// server expects that one kind is one row too, and would walk all of it in the index of the lists.

/// The condition of a guard, except which row it is about. `t` is the token's row, or one of nulls.
macro_rules! guard {
    () => {
        " AND (i.kind = :kind) IS TRUE AND i.status IN (:status, :or_status)
          AND (:unexpired_at::timestamptz IS NULL OR i.expires_at > :unexpired_at)
          AND (:due_at::timestamptz IS NULL OR i.expires_at <= :due_at)
          AND (:compare = 'anyone'
               OR (:compare = 'address' AND i.recipient = ANY (:addresses::text[]))
               OR (:compare = 'domain' AND split_part(i.recipient, '@', 2) = ANY (:addresses::text[]))
               OR (i.recipient = :proved_address AND t.channel = 'mail'))
          AND (:not_resent_since::timestamptz IS NULL OR i.resent_at IS NULL
               OR i.resent_at <= :not_resent_since OR i.resent_at > :not_resent_until)"
    };
}

/// The domain that a letter of `:purpose` goes to.
macro_rules! domain {
    ($inviter:literal, $recipient:literal) => {
        concat!(
            "split_part(CASE WHEN :purpose::text IN ('accepted', 'rejected', 'expired', 'delivery_failed') THEN lower(",
            $inviter,
            ") ELSE ",
            $recipient,
            " END, '@', 2)"
        )
    };
}

/// Letters of one priority that are due, as far as a page goes. For a limit that it does not know the server would rather
/// sort all of them, hence the number. They are locked, so that two workers that look at once find different ones.
macro_rules! walk {
    ($from:literal) => {
        concat!(
            "SELECT q.priority, q.scope, q.id FROM (
                 SELECT o.priority, o.scope, o.id FROM invite_outbox AS o
                  WHERE o.ready AND o.kind = ANY (:kinds::text[]) AND o.not_before <= :now
                    AND (o.lease_until IS NULL OR o.lease_until <= :now) AND o.domain <> ALL (:full::text[]) AND ",
            $from,
            " ORDER BY o.scope, o.not_before, o.id LIMIT 256 FOR UPDATE SKIP LOCKED
             ) AS q LIMIT :limit"
        )
    };
}

/// What follows the change: its event.
macro_rules! alone {
    () => {
        concat!(logged!(), returned!())
    };
}

/// What follows the change: its event, and a letter or a token. A letter to the inviter is queued only if there is an
/// address of theirs.
macro_rules! dispatching {
    () => {
        concat!(
            logged!(),
            ", queued AS (
                 INSERT INTO invite_outbox
                 (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
                 SELECT :letter, kind, id, generation, :purpose, :priority, scope, ",
            domain!("inviter_address", "recipient"),
            ", :not_before, :not_before <= :at FROM changed WHERE :letter::uuid IS NOT NULL
                    AND (:purpose::text NOT IN ('accepted', 'rejected', 'expired', 'delivery_failed') OR inviter_address IS NOT NULL)
             ), known AS (
                 INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
                 SELECT :token, id, generation, :channel, :at FROM changed WHERE :token::bytea IS NOT NULL
             )",
            returned!()
        )
    };
}

macro_rules! logged {
    () => {
        "), logged AS (
             INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
             SELECT id, revision, :event, :actor, :reason, :at FROM changed
         )"
    };
}

macro_rules! returned {
    () => {
        concat!(
            " SELECT ",
            columns!("changed"),
            ", token_digest, token_generation, token_channel FROM changed",
            letter!("changed")
        )
    };
}

macro_rules! created {
    () => {
        concat!(
            "WITH created AS (
                 INSERT INTO invite_invitations
                 (id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
                  generation, min_generation, revision, open_key, created_at, expires_at, inviter_address, delivery_id,
                  remind_at, label, facet, import, idempotency_key, request_digest, renews)
                 VALUES (:id, :kind, :scope, :recipient_given, :recipient, :inviter, :payload, :display, :message,
                         :locale, :status, :generation, :min_generation, :revision, :open_key, :created_at,
                         :expires_at, :inviter_address, :delivery, :remind_at, :label, :facet, :import, :idempotency_key, :request_digest,
                         :renews)
                 ON CONFLICT DO NOTHING RETURNING id
             ), logged AS (
                 INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
                 SELECT id, :revision, :event, :inviter, :reason, :at FROM created
             ), queued AS (
                 INSERT INTO invite_outbox
                 (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
                 SELECT :letter, :kind, id, :generation, :purpose, :priority, :scope, ",
            domain!(":inviter_address", ":recipient"),
            ", :not_before, :not_before <= :at FROM created WHERE :letter::uuid IS NOT NULL
             )"
        )
    };
}

/// The row of a token whose generation still works. What retires a link stands on the row that changes,
/// because PostgreSQL reads only that row again after it has waited for another change.
macro_rules! by_token {
    ($set:expr, $more:literal, $and:expr) => {
        concat!(
            "WITH changed AS (UPDATE invite_invitations AS i SET ",
            $set,
            " FROM invite_tokens AS t WHERE t.digest = :digest AND i.id = t.invitation
               AND t.generation + CASE WHEN :now < i.grace_until THEN 1 ELSE 0 END >= i.min_generation",
            $more,
            guard!(),
            " RETURNING ",
            stored!("i"),
            ", t.digest AS token_digest, t.generation AS token_generation, t.channel AS token_channel",
            $and
        )
    };
}

/// The row of an id, in a scope if one is named.
macro_rules! by_id {
    ($set:expr, $more:literal, $and:expr) => {
        by_key!("i.id = :id AND (:scope::text IS NULL OR i.scope = :scope)", $set, $more, $and)
    };
}

macro_rules! by_key {
    ($key:literal, $set:expr, $more:literal, $and:expr) => {
        concat!(
            "WITH changed AS (UPDATE invite_invitations AS i SET ",
            $set,
            " FROM (SELECT NULL::text AS channel) AS t WHERE ",
            $key,
            $more,
            guard!(),
            " RETURNING ",
            stored!("i"),
            ", NULL::bytea AS token_digest, NULL::integer AS token_generation, NULL::text AS token_channel",
            $and
        )
    };
}

macro_rules! end {
    () => {
        "status = :ended_status, ended_at = :at, ended_by = :actor, ended_reason = :reason,
         address_proved = COALESCE(t.channel = 'mail', false), open_key = NULL, remind_at = NULL, revision = revision + 1"
    };
}

/// Pending again, with a letter of this name.
macro_rules! renew {
    ($delivery:literal) => {
        concat!(
            "status = 'pending', generation = i.generation + 1, revision = revision + 1, resent_at = :resent_at, viewed_at = NULL,
         expires_at = greatest(expires_at, :new_expires_at),
         min_generation = CASE WHEN :retire THEN i.generation + 1 ELSE min_generation END,
         grace_until = CASE WHEN :retire THEN :grace_until ELSE grace_until END,
         delivery_id = ",
            $delivery,
            ", remind_at = :remind_at, reminded = NULL"
        )
    };
}
