//! Every statement, as a constant. Places are counted, not numbered: each `?` is bound in order.
//!
//! Where a condition may be absent, a bound that nothing crosses stands in its place.

/// The columns of an invitation, in the order `row::record` reads them.
macro_rules! columns {
    () => {
        "i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message, i.locale, \
         i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation, i.min_generation, \
         i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at, i.delivery_state, \
         i.delivery_attempts, i.delivery_error, i.inviter_address, i.delivery_id, i.remind_at, i.reminded"
    };
}

/// What a guard says besides which row: kind, two states, the time it must exceed and the one it
/// must not, how to compare the recipient with which eight values, the least wait since a resend,
/// the generation.
macro_rules! guard {
    ($proved:literal) => {
        concat!(
            " AND i.kind = ? AND i.status IN (?, ?) AND i.expires_at > ? AND i.expires_at <= ? \
              AND (CAST(CASE ? WHEN 'anyone' THEN '' WHEN 'address' THEN i.recipient \
                               ELSE SUBSTRING_INDEX(i.recipient, '@', -1) END AS BINARY) \
                   IN (?, ?, ?, ?, ?, ?, ?, ?) OR (CAST(i.recipient AS BINARY) = ? AND ",
            $proved,
            ")) AND (i.resent_at IS NULL OR i.resent_at <= ?) AND i.generation = COALESCE(?, i.generation)"
        )
    };
}

/// Of the token's invitation, if the token's generation still works: digest, now, guard.
macro_rules! by_token {
    ($set:literal, $more:literal) => {
        concat!(
            "UPDATE invite_invitations AS i JOIN invite_tokens AS t ON t.invitation = i.id SET ",
            $set,
            " WHERE t.digest = ? AND t.generation + IF(i.grace_until > ?, 1, 0) >= i.min_generation",
            $more,
            guard!("t.channel = 'mail'")
        )
    };
}

/// Of the id, in a scope if one is named: id, scope, guard.
macro_rules! by_id {
    ($set:expr) => {
        by_key!("i.id", $set)
    };
}

macro_rules! by_key {
    ($key:literal, $set:expr) => {
        concat!(
            "UPDATE invite_invitations AS i SET ",
            $set,
            " WHERE ",
            $key,
            " = ? AND i.scope = COALESCE(?, i.scope)",
            guard!("FALSE")
        )
    };
}

// Of those whose key is taken, a plain INSERT leaves each a shared lock on the row in the way. When that row gives up
// its key, all of them hold it, none can insert, and each that tries again holds it again. The attempt to update takes
// the lock alone. It fails in every SQL mode: a statement that inserts one row may not set null.
pub(super) const INSERT: &str = "INSERT INTO invite_invitations \
    (id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, generation, \
     min_generation, revision, open_key, created_at, expires_at, delivery_state, delivery_attempts, inviter_address, \
     delivery_id, remind_at) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
    ON DUPLICATE KEY UPDATE id = NULL";

pub(super) const INSERT_EVENT: &str =
    "INSERT INTO invite_events (invitation, revision, action, actor, reason, at) VALUES (?, ?, ?, ?, ?, ?)";

pub(super) const INSERT_TOKEN: &str =
    "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) VALUES (?, ?, ?, ?, ?)";

pub(super) const INSERT_LETTER: &str = "INSERT INTO invite_outbox \
    (id, kind, invitation, generation, purpose, not_before) VALUES (?, ?, ?, ?, ?, ?)";

pub(super) const END_BY_TOKEN: &str = by_token!(
    "i.status = ?, i.ended_at = ?, i.ended_by = ?, i.ended_reason = ?, i.address_proved = (t.channel = 'mail'), \
     i.open_key = NULL, i.remind_at = NULL, i.revision = i.revision + 1",
    ""
);

pub(super) const END_BY_ID: &str = by_id!(
    "i.status = ?, i.ended_at = ?, i.ended_by = ?, i.ended_reason = ?, i.address_proved = FALSE, i.open_key = NULL, \
     i.remind_at = NULL, i.revision = i.revision + 1"
);

// Assignments take effect from left to right: what is computed from the old generation comes first.

/// When, the new end of its life, whether links retire (twice) and until when they have grace; the
/// letter, and when to look for a reminder.
pub(super) const RENEW: &str = by_id!(
    "i.status = 'pending', i.resent_at = ?, i.viewed_at = NULL, \
     i.expires_at = GREATEST(i.expires_at, COALESCE(?, i.expires_at)), \
     i.min_generation = IF(?, i.generation + 1, i.min_generation), i.grace_until = IF(?, ?, i.grace_until), \
     i.generation = i.generation + 1, i.revision = i.revision + 1, \
     i.delivery_state = 'queued', i.delivery_attempts = 0, i.delivery_error = NULL, i.delivery_id = ?, \
     i.remind_at = ?, i.reminded = NULL"
);

/// Payload, whether there is a message to set and which, the end of its life, when to look for a
/// reminder.
pub(super) const AMEND: &str = by_id!(
    "i.payload = COALESCE(?, i.payload), i.message = IF(?, ?, i.message), \
     i.expires_at = COALESCE(?, i.expires_at), i.remind_at = COALESCE(?, i.remind_at), i.revision = i.revision + 1"
);

/// A new address, given and canonical, with its open key: retires every link and awaits a resend.
/// Then as `AMEND`, but for the last.
pub(super) const READDRESS: &str = by_id!(
    "i.recipient_given = ?, i.recipient = ?, i.open_key = ?, i.min_generation = i.generation + 1, \
     i.generation = i.generation + 1, i.grace_until = NULL, i.viewed_at = NULL, i.delivery_state = 'not_mailed', \
     i.delivery_attempts = 0, i.delivery_error = NULL, i.delivery_id = NULL, i.remind_at = NULL, i.reminded = NULL, \
     i.payload = COALESCE(?, i.payload), i.message = IF(?, ?, i.message), \
     i.expires_at = COALESCE(?, i.expires_at), i.revision = i.revision + 1"
);

pub(super) const LINK: &str = by_id!("i.revision = i.revision + 1");

pub(super) const VIEW: &str = by_token!("i.viewed_at = ?", " AND i.viewed_at IS NULL");

macro_rules! fail_delivery {
    () => {
        "i.status = 'delivery_failed', i.remind_at = NULL, i.revision = i.revision + 1"
    };
}

pub(super) const FAIL_DELIVERY: &str = by_id!(fail_delivery!());

pub(super) const FAIL_DELIVERY_OF: &str = by_key!("i.delivery_id", fail_delivery!());

/// State, attempts, error; delivery, kind, and the states it is written over as a JSON array.
pub(super) const SUMMARIZE: &str = "UPDATE invite_invitations \
    SET delivery_state = ?, delivery_attempts = COALESCE(?, delivery_attempts), delivery_error = ? \
    WHERE delivery_id = ? AND kind = ? AND JSON_CONTAINS(?, JSON_QUOTE(delivery_state))";

macro_rules! find_by_token {
    ($lock:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", t.digest, t.generation, t.channel FROM invite_tokens AS t \
             JOIN invite_invitations AS i ON i.id = t.invitation WHERE t.digest = ?",
            $lock
        )
    };
}

macro_rules! find_by_id {
    ($lock:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", NULL, NULL, NULL FROM invite_invitations AS i \
             WHERE i.id = ? AND i.kind = ? AND i.scope = COALESCE(?, i.scope)",
            $lock
        )
    };
}

pub(super) const FIND_BY_TOKEN: &str = find_by_token!("");
pub(super) const FIND_BY_ID: &str = find_by_id!("");
// A transaction at REPEATABLE READ keeps seeing its first snapshot unless it locks what it reads.
pub(super) const FIND_BY_TOKEN_LATEST: &str = find_by_token!(" LOCK IN SHARE MODE");
pub(super) const FIND_BY_ID_LATEST: &str = find_by_id!(" LOCK IN SHARE MODE");
pub(super) const FIND_BY_DELIVERY: &str =
    concat!("SELECT ", columns!(), ", NULL, NULL, NULL FROM invite_invitations AS i WHERE i.delivery_id = ?");
pub(super) const FIND_OPEN_LATEST: &str = concat!(
    "SELECT ",
    columns!(),
    ", NULL, NULL, NULL FROM invite_invitations AS i WHERE i.open_key = ? LOCK IN SHARE MODE"
);

/// The filters of a list: now and six states or a first null for all; text; now, now, until. An
/// open invitation past its time counts as expired.
macro_rules! filters {
    () => {
        " AND (? OR CASE WHEN i.status IN ('pending', 'delivery_failed') AND i.expires_at <= ? \
                         THEN 'expired' ELSE i.status END IN (?, ?, ?, ?, ?, ?)) \
          AND LOCATE(CAST(? AS BINARY), CAST(i.recipient AS BINARY)) > 0 \
          AND (? IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? AND i.expires_at <= ?))"
    };
}

// The server does not use an index for `(a, b) > (?, ?)`, and does for what it means.
macro_rules! list {
    ($index:literal, $seek:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM invite_invitations AS i",
            $index,
            " WHERE i.kind = ? AND i.scope = ? AND ",
            $seek,
            filters!(),
            " ORDER BY ",
            $order,
            " LIMIT ?"
        )
    };
}

// Left to itself, the server walks the index from its end to where a page begins.

pub(super) const LIST_NEWEST_FIRST: &str = list!(
    " FORCE INDEX FOR ORDER BY (invite_invitations_list)",
    "i.created_at <= ? AND (i.created_at < ? OR i.id < ?)",
    "i.created_at DESC, i.id DESC"
);

pub(super) const LIST_OLDEST_FIRST: &str = list!(
    " FORCE INDEX FOR ORDER BY (invite_invitations_list)",
    "i.created_at >= ? AND (i.created_at > ? OR i.id > ?)",
    "i.created_at, i.id"
);

pub(super) const LIST_EXPIRES_FIRST: &str =
    list!("", "i.expires_at >= ? AND (i.expires_at > ? OR i.id > ?)", "i.expires_at, i.id");

/// The address a page begins after is looked up, so that no cursor holds one, nor asks for one of another scope: id,
/// kind and scope, twice, and the id.
pub(super) const LIST_BY_ADDRESS: &str = list!(
    "",
    "i.recipient >= COALESCE((SELECT a.recipient FROM invite_invitations AS a \
                               WHERE a.id = ? AND a.kind = ? AND a.scope = ?), '') \
     AND (i.recipient > COALESCE((SELECT b.recipient FROM invite_invitations AS b \
                                   WHERE b.id = ? AND b.kind = ? AND b.scope = ?), '') OR i.id > ?)",
    "i.recipient, i.id"
);

pub(super) const ADDRESSED_TO: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM invite_invitations AS i \
     WHERE i.recipient IN (?, ?, ?, ?, ?, ?, ?, ?) AND i.kind = ? \
       AND i.status IN ('pending', 'delivery_failed') AND i.expires_at > ? \
     ORDER BY i.created_at DESC, i.id DESC LIMIT ?"
);

pub(super) const HISTORY: &str = "SELECT e.revision, e.action, e.actor, e.reason, e.at FROM invite_events AS e \
    JOIN invite_invitations AS i ON i.id = e.invitation \
    WHERE e.invitation = ? AND i.kind = ? AND i.scope = ? ORDER BY e.id";

/// What is due and nobody else is leasing: now, now, the kinds as a JSON array, how many.
pub(super) const DUE_LETTERS: &str = "SELECT o.id, o.generation, o.purpose, o.attempt, o.refusals, o.unknowns, \
    o.kind, o.invitation FROM invite_outbox AS o \
    WHERE o.not_before <= ? AND (o.lease_until IS NULL OR o.lease_until <= ?) \
      AND JSON_CONTAINS(?, JSON_QUOTE(o.kind)) \
    ORDER BY o.not_before, o.id LIMIT ? FOR UPDATE SKIP LOCKED";

pub(super) const LEASE: &str =
    "UPDATE invite_outbox SET attempt = attempt + 1, lease_owner = ?, lease_until = ? WHERE id = ?";

pub(super) const DISCARD: &str = "DELETE FROM invite_outbox WHERE id = ?";

pub(super) const REMOVE: &str = "DELETE FROM invite_outbox WHERE id = ? AND lease_owner = ? AND attempt = ?";

pub(super) const POSTPONE: &str = "UPDATE invite_outbox \
    SET not_before = ?, refusals = ?, unknowns = ?, last_error = ?, lease_owner = NULL, lease_until = NULL \
    WHERE id = ? AND lease_owner = ? AND attempt = ?";

/// What is to be looked at and nobody else is looking at: now, the kinds as a JSON array, how many.
pub(super) const DUE_REMINDERS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM invite_invitations AS i WHERE i.remind_at <= ? AND JSON_CONTAINS(?, JSON_QUOTE(i.kind)) \
      ORDER BY i.remind_at, i.id LIMIT ? FOR UPDATE SKIP LOCKED"
);

pub(super) const REMINDED: &str = "UPDATE invite_invitations SET remind_at = ?, reminded = ? WHERE id = ?";

/// Open invitations that are due: now, the kinds as a JSON array, how many.
pub(super) const DUE_INVITATIONS: &str = "SELECT id FROM invite_invitations \
    WHERE status IN ('pending', 'delivery_failed') AND expires_at <= ? AND JSON_CONTAINS(?, JSON_QUOTE(kind)) \
    LIMIT ? FOR UPDATE SKIP LOCKED";

/// The locked rows, as a JSON array of hexadecimal ids.
macro_rules! locked {
    () => {
        " JOIN JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$')) AS due ON i.id = UNHEX(due.id)"
    };
}

pub(super) const EXPIRE_EVENTS: &str = concat!(
    "INSERT INTO invite_events (invitation, revision, action, actor, at) \
     SELECT i.id, i.revision + 1, 'expired', 'system', ? FROM invite_invitations AS i",
    locked!()
);

/// Now, the locked rows, and the kinds of which the inviter hears, as a JSON array.
pub(super) const EXPIRE_NOTICES: &str = concat!(
    "INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, not_before) \
     SELECT i.id, i.kind, i.id, i.generation, 'expired', ? FROM invite_invitations AS i",
    locked!(),
    " WHERE i.inviter_address IS NOT NULL AND JSON_CONTAINS(?, JSON_QUOTE(i.kind))"
);

pub(super) const EXPIRE: &str = concat!(
    "UPDATE invite_invitations AS i",
    locked!(),
    " SET i.status = 'expired', i.ended_at = ?, i.ended_by = 'system', i.open_key = NULL, \
      i.remind_at = NULL, i.revision = i.revision + 1"
);
