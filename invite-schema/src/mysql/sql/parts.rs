//! The parts that several statements of MySQL and MariaDB have in common.

/// The columns of an invitation's own row.
macro_rules! stored {
    () => {
        "i.id, i.kind, i.scope, i.recipient_given, i.recipient, i.inviter, i.payload, i.display, i.message, i.locale,
         i.status, i.ended_at, i.ended_by, i.ended_reason, i.address_proved, i.generation, i.min_generation,
         i.grace_until, i.revision, i.created_at, i.expires_at, i.resent_at, i.viewed_at, i.inviter_address,
         i.delivery_id, i.remind_at, i.reminded, i.label, i.facet, i.import, i.idempotency_key, i.request_digest,
         i.renews"
    };
}

/// The columns of an invitation and of its letter, in the order `row::record` reads them.
macro_rules! columns {
    () => {
        concat!(stored!(), ", l.state, l.attempts, l.error, l.fault")
    };
}

/// What is known of the letter of an invitation, if anything is.
macro_rules! letter {
    () => {
        " LEFT JOIN invite_letters AS l ON l.id = i.delivery_id"
    };
}

/// The same columns where the rows are locked: what is joined would be locked with them, what a subquery reads
/// is not.
macro_rules! columns_locked {
    () => {
        concat!(
            stored!(),
            ", (SELECT l.state FROM invite_letters AS l WHERE l.id = i.delivery_id),
               (SELECT l.attempts FROM invite_letters AS l WHERE l.id = i.delivery_id),
               (SELECT l.error FROM invite_letters AS l WHERE l.id = i.delivery_id),
               (SELECT l.fault FROM invite_letters AS l WHERE l.id = i.delivery_id)"
        )
    };
}

/// The condition of a guard, except which row it is about. `$proved` says whether the token came by mail.
macro_rules! guard {
    ($proved:literal) => {
        concat!(
            " AND i.kind = :kind AND i.status IN (:status, :or_status) AND i.expires_at > :after AND i.expires_at <= :until
              AND (CAST(CASE :compare WHEN 'anyone' THEN '*' WHEN 'address' THEN i.recipient
                               ELSE SUBSTRING_INDEX(i.recipient, '@', -1) END AS BINARY)
                   IN (:address_1, :address_2, :address_3, :address_4, :address_5, :address_6, :address_7, :address_8) OR (CAST(i.recipient AS BINARY) = :proved_address AND ",
            $proved,
            ")) AND (i.resent_at IS NULL OR i.resent_at <= :not_resent_since OR i.resent_at > :not_resent_until)"
        )
    };
}

/// The row of a token whose generation still works.
macro_rules! by_token {
    ($set:literal, $more:literal) => {
        concat!(
            "UPDATE invite_invitations AS i JOIN invite_tokens AS t ON t.invitation = i.id SET ",
            $set,
            " WHERE t.digest = :digest AND t.generation + IF(i.grace_until > :now, 1, 0) >= i.min_generation",
            $more,
            guard!("t.channel = 'mail'")
        )
    };
}

/// The row of an id, in a scope if one is named.
macro_rules! by_id {
    ($set:expr) => {
        by_key!("i.id = :id AND i.scope = COALESCE(:scope, i.scope)", $set)
    };
}

macro_rules! by_key {
    ($key:literal, $set:expr) => {
        concat!("UPDATE invite_invitations AS i SET ", $set, " WHERE ", $key, guard!("FALSE"))
    };
}

macro_rules! find_by_token {
    ($columns:expr, $letter:expr, $lock:literal) => {
        concat!(
            "SELECT ",
            $columns,
            ", t.digest, t.generation, t.channel FROM invite_tokens AS t
             JOIN invite_invitations AS i ON i.id = t.invitation",
            $letter,
            " WHERE t.digest = :digest",
            $lock
        )
    };
}

macro_rules! find_by_id {
    ($columns:expr, $letter:expr, $lock:literal) => {
        concat!(
            "SELECT ",
            $columns,
            ", NULL, NULL, NULL FROM invite_invitations AS i",
            $letter,
            " WHERE i.id = :id AND i.kind = :kind AND i.scope = COALESCE(:scope, i.scope)",
            $lock
        )
    };
}

/// Ended by id, so that no token has proved an address.
macro_rules! end_by_id {
    () => {
            "i.status = :ended_status, i.ended_at = :at, i.ended_by = :actor, i.ended_reason = :reason, i.address_proved = FALSE, i.open_key = NULL,
             i.remind_at = NULL, i.revision = i.revision + 1"
    };
}

/// Pending again, with a letter of this name. Assignments take effect from left to right: what is computed from the old
/// generation comes first.
macro_rules! renew {
    ($delivery:literal) => {
        concat!(
            "i.status = 'pending', i.resent_at = :resent_at, i.viewed_at = NULL,
         i.expires_at = GREATEST(i.expires_at, COALESCE(:new_expires_at, i.expires_at)),
         i.min_generation = IF(:retire, i.generation + 1, i.min_generation), i.grace_until = IF(:retire, :grace_until, i.grace_until),
         i.generation = i.generation + 1, i.revision = i.revision + 1,
         i.delivery_id = ",
            $delivery,
            ", i.remind_at = :remind_at, i.reminded = NULL"
        )
    };
}

/// The locked rows: `:due` is a JSON array of hexadecimal ids.
macro_rules! locked {
    () => {
        " JOIN JSON_TABLE(:due, '$[*]' COLUMNS (id CHAR(32) PATH '$')) AS due ON i.id = UNHEX(due.id)"
    };
}

/// Letters of one priority that are due, as far as a page goes. They are locked, so that two workers that look at once
/// find different ones.
macro_rules! walk {
    ($from:literal) => {
        concat!(
            "SELECT o.priority, o.scope, o.id FROM invite_outbox AS o FORCE INDEX (invite_outbox_ready)
              WHERE o.ready = TRUE AND JSON_CONTAINS(:kinds, JSON_QUOTE(o.kind)) AND o.not_before <= :now
                AND (o.lease_until IS NULL OR o.lease_until <= :now)
                AND NOT JSON_CONTAINS(:full, JSON_QUOTE(CONVERT(o.domain USING utf8mb4))) AND ",
            $from,
            " ORDER BY o.ready, o.priority, o.scope, o.not_before, o.id LIMIT :limit FOR UPDATE SKIP LOCKED"
        )
    };
}

/// The letters of the JSON array `:letters`.
macro_rules! these_letters {
    () => {
        "JSON_TABLE(:letters, '$[*]' COLUMNS (letter CHAR(32) PATH '$')) AS a
         STRAIGHT_JOIN invite_outbox AS o FORCE INDEX (PRIMARY) ON o.id = UNHEX(a.letter)"
    };
}
