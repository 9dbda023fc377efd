//! Every statement, as a constant.

/// The columns of an invitation, in the order `row::record` reads them.
macro_rules! columns {
    () => {
        "i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message, i.locale, \
         i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation, i.min_generation, \
         i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at, i.delivery_state, \
         i.delivery_attempts, i.delivery_error, i.inviter_address, i.delivery_id, i.remind_at, i.reminded"
    };
}

/// `RETURNING` does not know the statement's alias.
macro_rules! columns_returned {
    () => {
        "id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, ended_at, \
         ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision, created_at, \
         expires_at, resent_at, viewed_at, delivery_state, delivery_attempts, delivery_error, inviter_address, \
         delivery_id, remind_at, reminded"
    };
}

/// What a guard says besides which row: places 3 to 20. SQLite looks `?1` up in the tokens for an
/// id too; 16 bytes are no digest.
macro_rules! guard {
    () => {
        " AND i.kind = ?3 AND i.status IN (?4, ?5) \
          AND (?7 IS NULL OR i.expires_at > ?7) \
          AND (?8 IS NULL OR i.expires_at <= ?8) \
          AND (?9 = 'anyone' \
               OR (?9 = 'address' AND i.recipient IN (?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)) \
               OR (?9 = 'domain' AND substr(i.recipient, instr(i.recipient, '@') + 1) \
                                     IN (?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)) \
               OR (i.recipient = ?18 AND (SELECT channel FROM invite_tokens WHERE digest = ?1) = 'mail')) \
          AND (?19 IS NULL OR i.resent_at IS NULL OR i.resent_at <= ?19) \
          AND (?20 IS NULL OR i.generation = ?20)"
    };
}

/// The row of a token, if its generation still works at `?6`; `?2` has no meaning here.
macro_rules! by_token {
    ($more:literal) => {
        concat!(
            " WHERE i.id = (SELECT invitation FROM invite_tokens WHERE digest = ?1) AND ?2 IS NULL \
                AND (SELECT generation FROM invite_tokens WHERE digest = ?1) \
                    + (i.grace_until IS NOT NULL AND ?6 < i.grace_until) >= i.min_generation",
            $more,
            guard!(),
            " RETURNING ",
            columns_returned!(),
            ", (SELECT digest FROM invite_tokens WHERE digest = ?1), \
               (SELECT generation FROM invite_tokens WHERE digest = ?1), \
               (SELECT channel FROM invite_tokens WHERE digest = ?1)"
        )
    };
}

/// The row of an id, in a scope if `?2` names one; `?6` has no meaning here.
macro_rules! by_id {
    () => {
        by_key!("i.id")
    };
}

macro_rules! by_key {
    ($key:literal) => {
        concat!(
            " WHERE ",
            $key,
            " = ?1 AND (?2 IS NULL OR i.scope = ?2) AND ?6 IS NOT NULL",
            guard!(),
            " RETURNING ",
            columns_returned!(),
            ", NULL, NULL, NULL"
        )
    };
}

macro_rules! end {
    () => {
        "UPDATE invite_invitations AS i SET \
             status = ?21, ended_at = ?22, ended_by = ?23, ended_reason = ?24, \
             address_proved = COALESCE((SELECT channel = 'mail' FROM invite_tokens WHERE digest = ?1), 0), \
             open_key = NULL, remind_at = NULL, revision = revision + 1"
    };
}

/// Takes the write lock, changes nothing.
pub(super) const LOCK: &str = "UPDATE invite_invitations SET revision = revision WHERE 0";

pub(super) const INSERT: &str = "INSERT INTO invite_invitations \
    (id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, generation, \
     min_generation, revision, open_key, created_at, expires_at, delivery_state, delivery_attempts, inviter_address, \
     delivery_id, remind_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
            ?20, ?21, ?22) \
    ON CONFLICT (open_key) DO NOTHING";

pub(super) const INSERT_EVENT: &str =
    "INSERT INTO invite_events (invitation, revision, action, actor, reason, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(super) const INSERT_TOKEN: &str =
    "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const INSERT_LETTER: &str = "INSERT INTO invite_outbox \
    (id, kind, invitation, generation, purpose, not_before) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(super) const END_BY_TOKEN: &str = concat!(end!(), by_token!(""));

pub(super) const END_BY_ID: &str = concat!(end!(), by_id!());

pub(super) const RENEW: &str = concat!(
    "UPDATE invite_invitations AS i SET \
         status = 'pending', generation = generation + 1, revision = revision + 1, resent_at = ?21, viewed_at = NULL, \
         expires_at = max(expires_at, COALESCE(?22, expires_at)), \
         min_generation = CASE WHEN ?23 THEN generation + 1 ELSE min_generation END, \
         grace_until = CASE WHEN ?23 THEN ?24 ELSE grace_until END, \
         delivery_state = 'queued', delivery_attempts = 0, delivery_error = NULL, delivery_id = ?25, remind_at = ?26, \
         reminded = NULL",
    by_id!()
);

/// A new address, `?22`, brings its open key, retires every link and awaits a resend.
pub(super) const AMEND: &str = concat!(
    "UPDATE invite_invitations AS i SET \
         recipient_given = COALESCE(?21, recipient_given), recipient = COALESCE(?22, recipient), \
         open_key = CASE WHEN ?22 IS NULL THEN open_key ELSE ?23 END, \
         generation = generation + (?22 IS NOT NULL), \
         min_generation = CASE WHEN ?22 IS NULL THEN min_generation ELSE generation + 1 END, \
         grace_until = CASE WHEN ?22 IS NULL THEN grace_until END, \
         viewed_at = CASE WHEN ?22 IS NULL THEN viewed_at END, \
         delivery_state = CASE WHEN ?22 IS NULL THEN delivery_state ELSE 'not_mailed' END, \
         delivery_attempts = CASE WHEN ?22 IS NULL THEN delivery_attempts ELSE 0 END, \
         delivery_error = CASE WHEN ?22 IS NULL THEN delivery_error END, \
         delivery_id = CASE WHEN ?22 IS NULL THEN delivery_id END, \
         remind_at = CASE WHEN ?22 IS NULL THEN COALESCE(?28, remind_at) END, \
         reminded = CASE WHEN ?22 IS NULL THEN reminded END, \
         payload = COALESCE(?24, payload), message = CASE WHEN ?27 THEN ?25 ELSE message END, expires_at = COALESCE(?26, expires_at), \
         revision = revision + 1",
    " WHERE i.id = ?1 AND (?2 IS NULL OR i.scope = ?2) AND ?6 IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM invite_invitations AS o WHERE o.open_key = ?23 AND o.id <> ?1)",
    guard!(),
    " RETURNING ",
    columns_returned!(),
    ", NULL, NULL, NULL"
);

pub(super) const LINK: &str = concat!("UPDATE invite_invitations AS i SET revision = revision + 1", by_id!());

pub(super) const VIEW: &str =
    concat!("UPDATE invite_invitations AS i SET viewed_at = ?21", by_token!(" AND i.viewed_at IS NULL"));

macro_rules! fail_delivery {
    () => {
        "UPDATE invite_invitations AS i SET status = 'delivery_failed', remind_at = NULL, revision = revision + 1"
    };
}

pub(super) const FAIL_DELIVERY: &str = concat!(fail_delivery!(), by_id!());

pub(super) const FAIL_DELIVERY_OF: &str = concat!(fail_delivery!(), by_key!("i.delivery_id"));

pub(super) const SUMMARIZE: &str = "UPDATE invite_invitations \
    SET delivery_state = ?3, delivery_attempts = COALESCE(?4, delivery_attempts), delivery_error = ?5 \
    WHERE delivery_id = ?1 AND +kind = ?2 AND delivery_state IN (SELECT value FROM json_each(?6))";

pub(super) const FIND_BY_TOKEN: &str = concat!(
    "SELECT ",
    columns!(),
    ", t.digest, t.generation, t.channel FROM invite_tokens AS t \
     JOIN invite_invitations AS i ON i.id = t.invitation WHERE t.digest = ?1"
);

pub(super) const FIND_BY_ID: &str = concat!(
    "SELECT ",
    columns!(),
    ", NULL, NULL, NULL FROM invite_invitations AS i WHERE i.id = ?1 AND i.kind = ?2 AND (?3 IS NULL OR i.scope = ?3)"
);

pub(super) const FIND_OPEN: &str =
    concat!("SELECT ", columns!(), ", NULL, NULL, NULL FROM invite_invitations AS i WHERE i.open_key = ?1");

/// The filters of a list: places 6 to 15. An open invitation past its time counts as expired.
macro_rules! filters {
    () => {
        " AND (?7 IS NULL OR instr(i.recipient, ?7) > 0) \
          AND (?8 IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > ?6 AND i.expires_at <= ?8)) \
          AND (?9 OR CASE WHEN i.status IN ('pending', 'delivery_failed') AND i.expires_at <= ?6 \
                          THEN 'expired' ELSE i.status END IN (?10, ?11, ?12, ?13, ?14, ?15))"
    };
}

// SQLite would plan these anew at every call, for the very values that are bound: for a limit always, for
// what is compared once the tables are analysed. A `+` before a value keeps it from looking at it. The
// plan is the same.

macro_rules! list {
    ($seek:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM invite_invitations AS i WHERE i.kind = +?1 AND i.scope = +?2 AND ",
            $seek,
            filters!(),
            " ORDER BY ",
            $order,
            " LIMIT +?5"
        )
    };
}

pub(super) const LIST_NEWEST_FIRST: &str = list!("(i.created_at, i.id) < (+?3, +?4)", "i.created_at DESC, i.id DESC");

pub(super) const LIST_OLDEST_FIRST: &str = list!("(i.created_at, i.id) > (+?3, +?4)", "i.created_at, i.id");

pub(super) const LIST_EXPIRES_FIRST: &str = list!("(i.expires_at, i.id) > (+?3, +?4)", "i.expires_at, i.id");

/// The address a page begins after is looked up, so that no cursor holds one.
pub(super) const LIST_BY_ADDRESS: &str = list!(
    "(i.recipient, i.id) > \
     (COALESCE((SELECT a.recipient FROM invite_invitations AS a \
                 WHERE a.id = ?4 AND a.kind = ?1 AND a.scope = ?2 AND ?3 IS NOT NULL), ''), +?4)",
    "i.recipient, i.id"
);

pub(super) const ADDRESSED_TO: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM invite_invitations AS i \
     WHERE i.recipient IN (+?4, +?5, +?6, +?7, +?8, +?9, +?10, +?11) AND +i.kind = ?1 \
       AND i.status IN ('pending', 'delivery_failed') AND i.expires_at > ?2 \
     ORDER BY i.created_at DESC, i.id DESC LIMIT +?3"
);

// A condition on kind and scope beside the one on the id would have SQLite, once it has analysed the
// tables, walk a whole scope in the index of the lists, where it finds all three.
pub(super) const HISTORY: &str = "SELECT e.revision, e.action, e.actor, e.reason, e.at FROM invite_events AS e \
    WHERE e.invitation = +?1 \
      AND (SELECT i.kind = ?2 AND i.scope = ?3 FROM invite_invitations AS i WHERE i.id = ?1) ORDER BY e.id";

/// Letters that are due at `?2`, of the kinds in the JSON array `?1`.
macro_rules! due_letters {
    () => {
        " FROM invite_outbox AS o JOIN invite_invitations AS i ON i.id = o.invitation \
         WHERE o.not_before <= ?2 AND (o.lease_until IS NULL OR o.lease_until <= ?2) \
           AND o.kind IN (SELECT value FROM json_each(?1))"
    };
}

/// Asked outside a transaction, so that an idle worker takes no write lock.
pub(super) const ANY_LETTERS: &str = concat!("SELECT 1", due_letters!(), " LIMIT 1");

pub(super) const DUE_LETTERS: &str = concat!(
    "SELECT ",
    columns!(),
    ", o.id, o.generation, o.purpose, o.attempt, o.refusals, o.unknowns",
    due_letters!(),
    " ORDER BY o.not_before, o.id LIMIT +?3"
);

pub(super) const LEASE: &str =
    "UPDATE invite_outbox SET attempt = attempt + 1, lease_owner = ?2, lease_until = ?3 WHERE id = ?1";

pub(super) const DISCARD: &str = "DELETE FROM invite_outbox WHERE id = ?1";

pub(super) const REMOVE: &str = "DELETE FROM invite_outbox WHERE id = ?1 AND lease_owner = ?2 AND attempt = ?3";

pub(super) const POSTPONE: &str = "UPDATE invite_outbox \
    SET not_before = ?4, refusals = ?5, unknowns = ?6, last_error = ?7, lease_owner = NULL, lease_until = NULL \
    WHERE id = ?1 AND lease_owner = ?2 AND attempt = ?3";

/// What is to be looked at by `?2`, of the kinds in the JSON array `?1`.
macro_rules! due_reminders {
    () => {
        " FROM invite_invitations AS i WHERE i.remind_at <= ?2 AND +i.kind IN (SELECT value FROM json_each(?1))"
    };
}

pub(super) const ANY_REMINDERS: &str = concat!("SELECT 1", due_reminders!(), " LIMIT 1");

pub(super) const DUE_REMINDERS: &str =
    concat!("SELECT ", columns!(), due_reminders!(), " ORDER BY i.remind_at, i.id LIMIT +?3");

pub(super) const REMINDED: &str = "UPDATE invite_invitations SET remind_at = ?2, reminded = ?3 WHERE id = ?1";

/// Open invitations that are due at `?2`, of the kinds in the JSON array `?1`. The `+` keeps SQLite
/// from looking for all of a kind by the index of the lists.
macro_rules! due_invitations {
    () => {
        " FROM invite_invitations WHERE status IN ('pending', 'delivery_failed') AND expires_at <= ?2 \
           AND +kind IN (SELECT value FROM json_each(?1))"
    };
}

pub(super) const ANY_DUE: &str = concat!("SELECT 1", due_invitations!(), " LIMIT 1");

pub(super) const EXPIRE_EVENTS: &str = concat!(
    "INSERT INTO invite_events (invitation, revision, action, actor, at) \
     SELECT id, revision + 1, 'expired', 'system', ?2",
    due_invitations!(),
    " ORDER BY expires_at, id LIMIT +?3"
);

/// Of the kinds in the JSON array `?4`.
pub(super) const EXPIRE_NOTICES: &str = concat!(
    "INSERT INTO invite_outbox (id, kind, invitation, generation, purpose, not_before) \
     SELECT id, kind, id, generation, 'expired', ?2 FROM (SELECT id, kind, generation, inviter_address",
    due_invitations!(),
    " ORDER BY expires_at, id LIMIT +?3) \
     WHERE inviter_address IS NOT NULL AND kind IN (SELECT value FROM json_each(?4))"
);

pub(super) const EXPIRE: &str = concat!(
    "UPDATE invite_invitations SET status = 'expired', ended_at = ?2, ended_by = 'system', open_key = NULL, \
         remind_at = NULL, revision = revision + 1 WHERE id IN (SELECT id",
    due_invitations!(),
    " ORDER BY expires_at, id LIMIT +?3)"
);
