//! The parts that several statements of SQLite have in common.

/// The columns of an invitation and of its letter, in the order `row::record` reads them.
macro_rules! columns {
    () => {
        "i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message, i.locale,
         i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation, i.min_generation,
         i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at, i.inviter_address,
         i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key, i.request_digest,
         i.renews, l.state, l.attempts, l.error, l.fault"
    };
}

/// What is known of the letter of an invitation, if anything is.
macro_rules! letter {
    () => {
        " LEFT JOIN invite_letters AS l ON l.id = i.delivery_id"
    };
}

/// The same columns for `RETURNING`, which knows neither the statement's alias nor another table.
macro_rules! columns_returned {
    () => {
        "id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, ended_at,
         ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision, created_at,
         expires_at, resent_at, viewed_at, inviter_address, delivery_id, remind_at, reminded, label,
         facet, import, idempotency_key, request_digest, renews,
         (SELECT l.state FROM invite_letters AS l WHERE l.id = delivery_id),
         (SELECT l.attempts FROM invite_letters AS l WHERE l.id = delivery_id),
         (SELECT l.error FROM invite_letters AS l WHERE l.id = delivery_id),
         (SELECT l.fault FROM invite_letters AS l WHERE l.id = delivery_id)"
    };
}

/// The condition of a guard, except which row it is about. `$proved` says whether the token came by mail.
macro_rules! guard {
    ($proved:literal) => {
        concat!(
            " AND i.kind = :kind AND i.status IN (:status, :or_status)
          AND (:unexpired_at IS NULL OR i.expires_at > :unexpired_at)
          AND (:due_at IS NULL OR i.expires_at <= :due_at)
          AND (:compare = 'anyone'
               OR (:compare = 'address' AND i.recipient IN (:address_1, :address_2, :address_3, :address_4, :address_5, :address_6, :address_7, :address_8))
               OR (:compare = 'domain' AND substr(i.recipient, instr(i.recipient, '@') + 1)
                                     IN (:address_1, :address_2, :address_3, :address_4, :address_5, :address_6, :address_7, :address_8))
               OR (i.recipient = :proved_address AND ",
            $proved,
            "))
          AND (:not_resent_since IS NULL OR i.resent_at IS NULL
               OR i.resent_at <= :not_resent_since OR i.resent_at > :not_resent_until)"
        )
    };
}

/// The row of a token whose generation still works.
macro_rules! by_token {
    ($more:literal) => {
        concat!(
            " WHERE i.id = (SELECT invitation FROM invite_tokens WHERE digest = :digest)
                AND (SELECT generation FROM invite_tokens WHERE digest = :digest)
                    + (i.grace_until IS NOT NULL AND :now < i.grace_until) >= i.min_generation",
            $more,
            guard!("(SELECT channel FROM invite_tokens WHERE digest = :digest) = 'mail'"),
            " RETURNING ",
            columns_returned!(),
            ", (SELECT digest FROM invite_tokens WHERE digest = :digest),
               (SELECT generation FROM invite_tokens WHERE digest = :digest),
               (SELECT channel FROM invite_tokens WHERE digest = :digest)"
        )
    };
}

/// The row of an id, in a scope if one is named.
macro_rules! by_id {
    () => {
        by_key!("i.id = :id AND (:scope IS NULL OR i.scope = :scope)")
    };
}

macro_rules! by_key {
    ($key:literal) => {
        concat!(" WHERE ", $key, guard!("0"), " RETURNING ", columns_returned!(), ", NULL, NULL, NULL")
    };
}

macro_rules! end {
    ($proved:literal) => {
        concat!(
            "UPDATE invite_invitations AS i SET
                 status = :ended_status, ended_at = :at, ended_by = :actor, ended_reason = :reason, address_proved = ",
            $proved,
            ", open_key = NULL, remind_at = NULL, revision = revision + 1"
        )
    };
}

/// Letters of one priority that are due, as far as a page goes. `:kinds` and `:full` are JSON arrays.
macro_rules! walk {
    ($from:literal) => {
        concat!(
            "SELECT o.priority, o.scope, o.id FROM invite_outbox AS o
              WHERE o.ready AND o.kind IN (SELECT value FROM json_each(:kinds)) AND o.not_before <= :now
                AND (o.lease_until IS NULL OR o.lease_until <= :now)
                AND o.domain NOT IN (SELECT value FROM json_each(:full)) AND ",
            $from,
            " ORDER BY o.priority, o.scope, o.not_before, o.id LIMIT +:limit"
        )
    };
}

/// Invitations whose reminders are to be looked at, of the kinds in the JSON array `:kinds`.
macro_rules! due_reminders {
    ($letter:expr) => {
        concat!(
            " FROM invite_invitations AS i",
            $letter,
            " WHERE i.remind_at <= :now AND +i.kind IN (SELECT value FROM json_each(:kinds))"
        )
    };
}

/// Open invitations that are due, of the kinds in the JSON array `:kinds`. The `+` keeps SQLite from
/// searching all of a kind in the index of the lists.
macro_rules! due_invitations {
    () => {
        " FROM invite_invitations WHERE status IN ('pending', 'delivery_failed') AND expires_at <= :now
           AND +kind IN (SELECT value FROM json_each(:kinds))"
    };
}
