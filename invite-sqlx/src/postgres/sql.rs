//! Every statement, as a constant. A change, its event and what it dispatches are one statement.

/// The columns of an invitation, in the order `row::record` reads them.
macro_rules! columns {
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
            ".delivery_state, ",
            $table,
            ".delivery_attempts, ",
            $table,
            ".delivery_error, ",
            $table,
            ".inviter_address, ",
            $table,
            ".delivery_id, ",
            $table,
            ".remind_at, ",
            $table,
            ".reminded"
        )
    };
}

// `(kind = $n) IS TRUE` stands where the row is already named: of a table without statistics, as a new one is, the
// server expects that one kind is one row too, and would walk all of it in the index of the lists.

/// What a guard says besides which row: places 3 to 13. `t` is the token's row, all null without.
macro_rules! guard {
    () => {
        " AND (i.kind = $3) IS TRUE AND i.status IN ($4, $5) \
          AND ($7::timestamptz IS NULL OR i.expires_at > $7) \
          AND ($8::timestamptz IS NULL OR i.expires_at <= $8) \
          AND ($9 = 'anyone' \
               OR ($9 = 'address' AND i.recipient = ANY ($10::text[])) \
               OR ($9 = 'domain' AND split_part(i.recipient, '@', 2) = ANY ($10::text[])) \
               OR (i.recipient = $11 AND t.channel = 'mail')) \
          AND ($12::timestamptz IS NULL OR i.resent_at IS NULL OR i.resent_at <= $12) \
          AND ($13::integer IS NULL OR i.generation = $13)"
    };
}

/// What follows the change: the event (14 to 17), and a letter (18, 19, 20), to the inviter only where
/// there is an address, or a token (21, 22).
macro_rules! recorded {
    () => {
        concat!(
            "), logged AS (\
                 INSERT INTO invite_events (invitation, revision, action, actor, reason, at) \
                 SELECT id, revision, $14, $15, $16, $17 FROM changed\
             ), queued AS (\
                 INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, not_before) \
                 SELECT $18, kind, id, generation, $19, $20 FROM changed WHERE $18::uuid IS NOT NULL \
                    AND ($19::text NOT IN ('accepted', 'rejected', 'expired') OR inviter_address IS NOT NULL)\
             ), known AS (\
                 INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) \
                 SELECT $21, id, generation, $22, $17 FROM changed WHERE $21::bytea IS NOT NULL\
             ) SELECT ",
            columns!("changed"),
            ", token_digest, token_generation, token_channel FROM changed"
        )
    };
}

/// The row of the token `$1`, if its generation still works at `$6`; `$2` has no meaning here. What
/// retires a link is looked for on the row that changes, because only that row is read again after
/// waiting for another change.
macro_rules! by_token {
    ($set:expr, $more:literal) => {
        concat!(
            "WITH changed AS (UPDATE invite_invitations AS i SET ",
            $set,
            " FROM invite_tokens AS t WHERE t.digest = $1 AND i.id = t.invitation AND $2::text IS NULL \
               AND t.generation + CASE WHEN $6 < i.grace_until THEN 1 ELSE 0 END >= i.min_generation",
            $more,
            guard!(),
            " RETURNING ",
            columns!("i"),
            ", t.digest AS token_digest, t.generation AS token_generation, t.channel AS token_channel",
            recorded!()
        )
    };
}

/// The row of the id `$1`, in a scope if `$2` names one; `$6` has no meaning here.
macro_rules! by_id {
    ($set:expr, $more:literal) => {
        by_key!("i.id", $set, $more)
    };
}

macro_rules! by_key {
    ($key:literal, $set:expr, $more:literal) => {
        concat!(
            "WITH changed AS (UPDATE invite_invitations AS i SET ",
            $set,
            " FROM (SELECT NULL::text AS channel) AS t WHERE ",
            $key,
            " = $1 AND ($2::text IS NULL OR i.scope = $2) AND $6::timestamptz IS NOT NULL",
            $more,
            guard!(),
            " RETURNING ",
            columns!("i"),
            ", NULL::bytea AS token_digest, NULL::integer AS token_generation, NULL::text AS token_channel",
            recorded!()
        )
    };
}

macro_rules! end {
    () => {
        "status = $23, ended_at = $24, ended_by = $25, ended_reason = $26, \
         address_proved = COALESCE(t.channel = 'mail', false), open_key = NULL, remind_at = NULL, revision = revision + 1"
    };
}

pub(super) const END_BY_TOKEN: &str = by_token!(end!(), "");

pub(super) const END_BY_ID: &str = by_id!(end!(), "");

pub(super) const RENEW: &str = by_id!(
    "status = 'pending', generation = i.generation + 1, revision = revision + 1, resent_at = $23, viewed_at = NULL, \
     expires_at = greatest(expires_at, $24), \
     min_generation = CASE WHEN $25 THEN i.generation + 1 ELSE min_generation END, \
     grace_until = CASE WHEN $25 THEN $26 ELSE grace_until END, \
     delivery_state = 'queued', delivery_attempts = 0, delivery_error = NULL, delivery_id = $27, remind_at = $28, \
     reminded = NULL",
    ""
);

/// A new address, `$24`, brings its open key, retires every link and awaits a resend.
pub(super) const AMEND: &str = by_id!(
    "recipient_given = COALESCE($23, recipient_given), recipient = COALESCE($24, recipient), \
     open_key = CASE WHEN $24::text IS NULL THEN open_key ELSE $25 END, \
     generation = i.generation + CASE WHEN $24::text IS NULL THEN 0 ELSE 1 END, \
     min_generation = CASE WHEN $24::text IS NULL THEN min_generation ELSE i.generation + 1 END, \
     grace_until = CASE WHEN $24::text IS NULL THEN grace_until END, \
     viewed_at = CASE WHEN $24::text IS NULL THEN viewed_at END, \
     delivery_state = CASE WHEN $24::text IS NULL THEN delivery_state ELSE 'not_mailed' END, \
     delivery_attempts = CASE WHEN $24::text IS NULL THEN delivery_attempts ELSE 0 END, \
     delivery_error = CASE WHEN $24::text IS NULL THEN delivery_error END, \
     delivery_id = CASE WHEN $24::text IS NULL THEN delivery_id END, \
     remind_at = CASE WHEN $24::text IS NULL THEN COALESCE($30, remind_at) END, \
     reminded = CASE WHEN $24::text IS NULL THEN reminded END, \
     payload = COALESCE($26, payload), message = CASE WHEN $29 THEN $27 ELSE message END, expires_at = COALESCE($28, expires_at), \
     revision = revision + 1",
    " AND NOT EXISTS (SELECT 1 FROM invite_invitations AS o WHERE o.open_key = $25 AND o.id <> $1)"
);

pub(super) const LINK: &str = by_id!("revision = revision + 1", "");

pub(super) const VIEW: &str = by_token!("viewed_at = $23", " AND i.viewed_at IS NULL");

macro_rules! fail_delivery {
    () => {
        "status = 'delivery_failed', remind_at = NULL, revision = revision + 1"
    };
}

pub(super) const FAIL_DELIVERY: &str = by_id!(fail_delivery!(), "");

pub(super) const FAIL_DELIVERY_OF: &str = by_key!("i.delivery_id", fail_delivery!(), "");

pub(super) const SUMMARIZE: &str = "UPDATE invite_invitations \
    SET delivery_state = $3, delivery_attempts = COALESCE($4, delivery_attempts), delivery_error = $5 \
    WHERE delivery_id = $1 AND (kind = $2) IS TRUE AND delivery_state = ANY ($6::text[])";

/// The invitation (1 to 19 and 28 to 30), its event (20 to 22), and a letter (23 to 25) or a token
/// (26, 27).
pub(super) const INSERT: &str = "WITH created AS (\
         INSERT INTO invite_invitations \
         (id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, generation, \
          min_generation, revision, open_key, created_at, expires_at, delivery_state, delivery_attempts, \
          inviter_address, delivery_id, remind_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
                 $28, $29, $30) \
         ON CONFLICT (open_key) DO NOTHING RETURNING id\
     ), logged AS (\
         INSERT INTO invite_events (invitation, revision, action, actor, reason, at) \
         SELECT id, $14, $20, $6, $21, $22 FROM created\
     ), queued AS (\
         INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, not_before) \
         SELECT $23, $2, id, $12, $24, $25 FROM created WHERE $23::uuid IS NOT NULL\
     ), known AS (\
         INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) \
         SELECT $26, id, $12, $27, $22 FROM created WHERE $26::bytea IS NOT NULL\
     ) SELECT 1 FROM created";

pub(super) const FIND_BY_TOKEN: &str = concat!(
    "SELECT ",
    columns!("i"),
    ", t.digest, t.generation, t.channel FROM invite_tokens AS t \
     JOIN invite_invitations AS i ON i.id = t.invitation WHERE t.digest = $1"
);

pub(super) const FIND_BY_ID: &str = concat!(
    "SELECT ",
    columns!("i"),
    ", NULL::bytea, NULL::integer, NULL::text FROM invite_invitations AS i \
     WHERE i.id = $1 AND (i.kind = $2) IS TRUE AND ($3::text IS NULL OR i.scope = $3)"
);

pub(super) const FIND_OPEN: &str = concat!(
    "SELECT ",
    columns!("i"),
    ", NULL::bytea, NULL::integer, NULL::text FROM invite_invitations AS i WHERE i.open_key = $1"
);

/// The filters of a list: places 6 to 9. An open invitation past its time counts as expired.
macro_rules! filters {
    () => {
        " AND ($7::text IS NULL OR strpos(i.recipient, $7) > 0) \
          AND ($8::timestamptz IS NULL \
               OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > $6 AND i.expires_at <= $8)) \
          AND (cardinality($9::text[]) = 0 \
               OR CASE WHEN i.status IN ('pending', 'delivery_failed') AND i.expires_at <= $6 \
                       THEN 'expired' ELSE i.status END = ANY ($9))"
    };
}

macro_rules! list {
    ($seek:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!("i"),
            " FROM invite_invitations AS i WHERE i.kind = $1 AND i.scope = $2 AND ",
            $seek,
            filters!(),
            " ORDER BY ",
            $order,
            " LIMIT $5"
        )
    };
}

// Where no row is named to begin after, one before the first or behind the last serves.

pub(super) const LIST_NEWEST_FIRST: &str = list!(
    "(i.created_at, i.id) < (COALESCE($3, 'infinity'::timestamptz), \
                             COALESCE($4, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))",
    "i.created_at DESC, i.id DESC"
);

pub(super) const LIST_OLDEST_FIRST: &str = list!(
    "(i.created_at, i.id) > (COALESCE($3, '-infinity'::timestamptz), \
                             COALESCE($4, '00000000-0000-0000-0000-000000000000'::uuid))",
    "i.created_at, i.id"
);

pub(super) const LIST_EXPIRES_FIRST: &str = list!(
    "(i.expires_at, i.id) > (COALESCE($3, '-infinity'::timestamptz), \
                             COALESCE($4, '00000000-0000-0000-0000-000000000000'::uuid))",
    "i.expires_at, i.id"
);

/// The address a page begins after is looked up, so that no cursor holds one.
pub(super) const LIST_BY_ADDRESS: &str = list!(
    "(i.recipient, i.id) > \
     (COALESCE((SELECT a.recipient FROM invite_invitations AS a \
                 WHERE a.id = $4 AND a.kind = $1 AND a.scope = $2 AND $3::timestamptz IS NOT NULL), ''), \
      COALESCE($4, '00000000-0000-0000-0000-000000000000'::uuid))",
    "i.recipient, i.id"
);

pub(super) const ADDRESSED_TO: &str = concat!(
    "SELECT ",
    columns!("i"),
    " FROM invite_invitations AS i \
     WHERE i.recipient = ANY ($4::text[]) AND i.kind = $1 \
       AND i.status IN ('pending', 'delivery_failed') AND i.expires_at > $2 \
     ORDER BY i.created_at DESC, i.id DESC LIMIT $3"
);

// A condition on kind and scope beside the one on the id would have the server walk a whole scope
// in the index of the lists, where it finds all three.
pub(super) const HISTORY: &str = "SELECT e.revision, e.action, e.actor, e.reason, e.at FROM invite_events AS e \
    WHERE e.invitation = $1 \
      AND (SELECT i.kind = $2 AND i.scope = $3 FROM invite_invitations AS i WHERE i.id = $1) ORDER BY e.id";

// A plan for any limit expects a tenth of what is due, and joins that many by reading the tables
// whole. An array it expects to be short.

/// Leases what is due and nobody else is leasing, with the invitations.
pub(super) const LEASE: &str = concat!(
    "WITH due AS (\
         SELECT q.id FROM invite_outbox AS q JOIN invite_invitations AS j ON j.id = q.invitation \
         WHERE q.not_before <= $2 AND (q.lease_until IS NULL OR q.lease_until <= $2) AND q.kind = ANY ($1::text[]) \
         ORDER BY q.not_before, q.id LIMIT $3 FOR UPDATE OF q SKIP LOCKED\
     ) UPDATE invite_outbox AS o SET attempt = o.attempt + 1, lease_owner = $4, lease_until = $5 \
     FROM invite_invitations AS i WHERE o.id = ANY (ARRAY(SELECT id FROM due)) AND i.id = o.invitation RETURNING ",
    columns!("i"),
    ", o.id, o.generation, o.purpose, o.attempt, o.refusals, o.unknowns, o.not_before"
);

pub(super) const DISCARD: &str = "DELETE FROM invite_outbox WHERE id = ANY ($1::uuid[])";

pub(super) const INSERT_TOKENS: &str = "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) \
    SELECT digest, invitation, generation, 'mail', $4 \
    FROM unnest($1::bytea[], $2::uuid[], $3::integer[]) AS minted (digest, invitation, generation)";

pub(super) const REMOVE: &str = "DELETE FROM invite_outbox WHERE id = $1 AND lease_owner = $2 AND attempt = $3";

pub(super) const POSTPONE: &str = "UPDATE invite_outbox \
    SET not_before = $4, refusals = $5, unknowns = $6, last_error = $7, lease_owner = NULL, lease_until = NULL \
    WHERE id = $1 AND lease_owner = $2 AND attempt = $3";

/// Locks what is to be looked at and nobody else is looking at.
pub(super) const DUE_REMINDERS: &str = concat!(
    "SELECT ",
    columns!("i"),
    " FROM invite_invitations AS i WHERE i.remind_at <= $2 AND i.kind = ANY ($1::text[]) \
      ORDER BY i.remind_at, i.id LIMIT $3 FOR UPDATE SKIP LOCKED"
);

pub(super) const REMINDED: &str = "UPDATE invite_invitations SET remind_at = $2, reminded = $3 WHERE id = $1";

pub(super) const INSERT_LETTER: &str = "INSERT INTO invite_outbox \
    (id, kind, invitation, generation, purpose, not_before) VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const EXPIRE: &str = "WITH due AS (\
         SELECT id FROM invite_invitations \
         WHERE status IN ('pending', 'delivery_failed') AND expires_at <= $2 AND kind = ANY ($1::text[]) \
         ORDER BY expires_at, id LIMIT $3 FOR UPDATE SKIP LOCKED\
     ), changed AS (\
         UPDATE invite_invitations AS i SET status = 'expired', ended_at = $2, ended_by = 'system', open_key = NULL, \
                remind_at = NULL, revision = revision + 1 \
         WHERE i.id = ANY (ARRAY(SELECT id FROM due)) \
           AND i.status IN ('pending', 'delivery_failed') AND i.expires_at <= $2 \
         RETURNING i.id, i.revision, i.kind, i.generation, i.inviter_address\
     ), logged AS (\
         INSERT INTO invite_events (invitation, revision, action, actor, at) \
         SELECT id, revision, 'expired', 'system', $2 FROM changed\
     ), queued AS (\
         INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, not_before) \
         SELECT id, kind, id, generation, 'expired', $2 FROM changed \
          WHERE inviter_address IS NOT NULL AND kind = ANY ($4::text[])\
     ) SELECT count(*) FROM changed";
