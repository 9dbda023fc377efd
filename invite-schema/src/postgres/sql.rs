//! The statements of PostgreSQL. A change, its event and what it dispatches are one statement.

use crate::template::{Style, statements};

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
            ".reminded"
        )
    };
}

/// The columns of an invitation and of its letter, in the order `row::record` reads them.
macro_rules! columns {
    ($table:literal) => {
        concat!(stored!($table), ", l.state, l.attempts, l.error")
    };
}

/// What is known of the letter of an invitation, if anything is. `OFFSET 0` has the server look each up by its id: for
/// a limit that it does not know it would rather read the whole table.
macro_rules! letter {
    ($table:literal) => {
        concat!(
            " LEFT JOIN LATERAL (SELECT k.state, k.attempts, k.error FROM invite_letters AS k WHERE k.id = ",
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
            "split_part(CASE WHEN :purpose::text IN ('accepted', 'rejected', 'expired') THEN lower(",
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
                    AND (:purpose::text NOT IN ('accepted', 'rejected', 'expired') OR inviter_address IS NOT NULL)
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
                  remind_at)
                 VALUES (:id, :kind, :scope, :recipient_given, :recipient, :inviter, :payload, :display, :message,
                         :locale, :status, :generation, :min_generation, :revision, :open_key, :created_at,
                         :expires_at, :inviter_address, :delivery, :remind_at)
                 ON CONFLICT (open_key) DO NOTHING RETURNING id
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

/// The filters of a list. An open invitation past its time counts as expired.
///
/// The server takes a condition on a value that may be null for one that few rows meet. It then plans each call anew, for
/// the values at hand. Of a `CASE` it expects half of the rows, and keeps one plan for all calls.
macro_rules! filters {
    () => {
        " AND CASE WHEN :address::text IS NULL AND :expiring_until::timestamptz IS NULL
                        AND cardinality(:statuses::text[]) = 0 THEN true
                   ELSE (:address::text IS NULL OR strpos(i.recipient, :address) > 0)
                        AND (:expiring_until::timestamptz IS NULL
                             OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > :now
                                 AND i.expires_at <= :expiring_until))
                        AND (cardinality(:statuses::text[]) = 0
                             OR CASE WHEN i.status IN ('pending', 'delivery_failed') AND i.expires_at <= :now
                                     THEN 'expired' ELSE i.status END = ANY (:statuses))
              END"
    };
}

/// A page of at most 201 rows. The number is in the text because the server takes an unknown limit for a tenth of all
/// rows. Letters are looked up for the rows of the page only.
macro_rules! list {
    ($seek:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!("i"),
            " FROM (SELECT i.* FROM invite_invitations AS i WHERE i.kind = :kind AND i.scope = :scope AND ",
            $seek,
            filters!(),
            " ORDER BY ",
            $order,
            " LIMIT 201) AS i",
            letter!("i"),
            " ORDER BY ",
            $order,
            " LIMIT :limit"
        )
    };
}

/// Creates the library's own ledger. A shared one would collide with the host's.
pub(crate) const CREATE_LEDGER: &str = "CREATE TABLE IF NOT EXISTS invite_migrations (
        version integer NOT NULL PRIMARY KEY,
        checksum text NOT NULL,
        compatible_since integer NOT NULL
    )";

statements! {
    Style::Dollar;

    // What happens often and mostly dispatches nothing has a statement without a letter and a token: as parts of the
    // statement that write nothing, they would cost the server a sixth of its time.

    END_BY_TOKEN = by_token!(end!(), "", alone!());

    END_BY_TOKEN_AND_TELL = by_token!(end!(), "", dispatching!());

    END_BY_ID = by_id!(end!(), "", alone!());

    END_BY_ID_AND_TELL = by_id!(end!(), "", dispatching!());

    RENEW = by_id!(
        "status = 'pending', generation = i.generation + 1, revision = revision + 1, resent_at = :resent_at, viewed_at = NULL,
         expires_at = greatest(expires_at, :new_expires_at),
         min_generation = CASE WHEN :retire THEN i.generation + 1 ELSE min_generation END,
         grace_until = CASE WHEN :retire THEN :grace_until ELSE grace_until END,
         delivery_id = :new_delivery, remind_at = :remind_at, reminded = NULL",
        "",
        dispatching!()
    );

    /// A new address brings its open key, retires every link and awaits a resend.
    AMEND = by_id!(
        "recipient_given = COALESCE(:recipient_given, recipient_given), recipient = COALESCE(:recipient, recipient),
         open_key = CASE WHEN :recipient::text IS NULL THEN open_key ELSE :open_key END,
         generation = i.generation + CASE WHEN :recipient::text IS NULL THEN 0 ELSE 1 END,
         min_generation = CASE WHEN :recipient::text IS NULL THEN min_generation ELSE i.generation + 1 END,
         grace_until = CASE WHEN :recipient::text IS NULL THEN grace_until END,
         viewed_at = CASE WHEN :recipient::text IS NULL THEN viewed_at END,
         delivery_id = CASE WHEN :recipient::text IS NULL THEN delivery_id END,
         remind_at = CASE WHEN :recipient::text IS NULL THEN COALESCE(:remind_at, remind_at) END,
         reminded = CASE WHEN :recipient::text IS NULL THEN reminded END,
         payload = COALESCE(:payload, payload), message = CASE WHEN :sets_message THEN :message ELSE message END, expires_at = COALESCE(:new_expires_at, expires_at),
         revision = revision + 1",
        " AND NOT EXISTS (SELECT 1 FROM invite_invitations AS o WHERE o.open_key = :open_key AND o.id <> :id)",
        dispatching!()
    );

    LINK = by_id!("revision = revision + 1", "", dispatching!());

    VIEW = by_token!("viewed_at = :viewed_at", " AND i.viewed_at IS NULL", dispatching!());

    FAIL_DELIVERY = by_key!(
        "i.delivery_id = :delivery",
        "status = 'delivery_failed', remind_at = NULL, revision = revision + 1",
        "",
        dispatching!()
    );

    /// The first that is heard of a letter adds its row. Until then it is queued.
    RECORD_DELIVERY = "INSERT INTO invite_letters AS l (id, invitation, state, attempts, error)
        SELECT i.delivery_id, i.id, :delivery_state, COALESCE(:attempts, 0), :error FROM invite_invitations AS i
         WHERE i.delivery_id = :delivery AND (i.kind = :kind) IS TRUE
           AND ('queued' = ANY (:over::text[]) OR EXISTS (SELECT 1 FROM invite_letters AS k WHERE k.id = :delivery))
        ON CONFLICT (id) DO UPDATE
        SET state = excluded.state, attempts = COALESCE(:attempts, l.attempts), error = excluded.error
        WHERE l.state = ANY (:over::text[])";

    /// The invitation, its event, and a letter if there is one.
    INSERT = concat!(created!(), " SELECT 1 FROM created");

    /// The same, and a token.
    INSERT_WITH_TOKEN = concat!(
        created!(),
        ", known AS (
             INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
             SELECT :token, id, :generation, :channel, :at FROM created
         ) SELECT 1 FROM created"
    );

    FIND_BY_TOKEN = concat!(
        "SELECT ",
        columns!("i"),
        ", t.digest, t.generation, t.channel FROM invite_tokens AS t
         JOIN invite_invitations AS i ON i.id = t.invitation",
        letter!("i"),
        " WHERE t.digest = :digest"
    );

    FIND_BY_ID = concat!(
        "SELECT ",
        columns!("i"),
        ", NULL::bytea, NULL::integer, NULL::text FROM invite_invitations AS i",
        letter!("i"),
        " WHERE i.id = :id AND (i.kind = :kind) IS TRUE AND (:scope::text IS NULL OR i.scope = :scope)"
    );

    FIND_OPEN = concat!(
        "SELECT ",
        columns!("i"),
        ", NULL::bytea, NULL::integer, NULL::text FROM invite_invitations AS i",
        letter!("i"),
        " WHERE i.open_key = :open_key"
    );

    // Where no row is named to begin after, one before the first or behind the last serves.

    LIST_NEWEST_FIRST = list!(
        "(i.created_at, i.id) < (COALESCE(:after_at, 'infinity'::timestamptz),
                                 COALESCE(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))",
        "i.created_at DESC, i.id DESC"
    );

    LIST_OLDEST_FIRST = list!(
        "(i.created_at, i.id) > (COALESCE(:after_at, '-infinity'::timestamptz),
                                 COALESCE(:after_id, '00000000-0000-0000-0000-000000000000'::uuid))",
        "i.created_at, i.id"
    );

    LIST_EXPIRES_FIRST = list!(
        "(i.expires_at, i.id) > (COALESCE(:after_at, '-infinity'::timestamptz),
                                 COALESCE(:after_id, '00000000-0000-0000-0000-000000000000'::uuid))",
        "i.expires_at, i.id"
    );

    LIST_BY_ADDRESS = list!(
        "(i.recipient, i.id) > (:after_address, COALESCE(:after_id, '00000000-0000-0000-0000-000000000000'::uuid))",
        "i.recipient, i.id"
    );

    ADDRESSED_TO = concat!(
        "SELECT ",
        columns!("i"),
        " FROM invite_invitations AS i",
        letter!("i"),
        " WHERE i.recipient = ANY (:addresses::text[]) AND i.kind = :kind
           AND i.status IN ('pending', 'delivery_failed') AND i.expires_at > :now
         ORDER BY i.created_at DESC, i.id DESC LIMIT :limit"
    );

    // A condition on kind and scope beside the one on the id would have the server walk a whole scope
    // in the index of the lists, where it finds all three.
    HISTORY = "SELECT e.revision, e.action, e.actor, e.reason, e.at FROM invite_events AS e
        WHERE e.invitation = :id
          AND (SELECT i.kind = :kind AND i.scope = :scope FROM invite_invitations AS i WHERE i.id = :id) ORDER BY e.id";

    /// The first page of each priority, behind `:after` and then up to it.
    WALK = concat!(
        "(",
        walk!("o.priority = 0 AND o.scope > :after"),
        ") UNION ALL (",
        walk!("o.priority = 0 AND o.scope <= :after"),
        ") UNION ALL (",
        walk!("o.priority = 1 AND o.scope > :after"),
        ") UNION ALL (",
        walk!("o.priority = 1 AND o.scope <= :after"),
        ")"
    );

    WALK_ON = walk!("o.priority = :priority AND o.scope > :after");

    WALK_ON_UNTIL = walk!("o.priority = :priority AND o.scope > :after AND o.scope <= :until");

    /// Letters whose time has come.
    RIPEN = "UPDATE invite_outbox SET ready = true WHERE id = ANY (ARRAY(
             SELECT id FROM invite_outbox WHERE NOT ready AND not_before <= :now
              ORDER BY not_before LIMIT 1000 FOR UPDATE SKIP LOCKED
         ))";

    // An array the server expects to be short, and looks up each of it by its id.

    /// Locks those of these letters that nobody has leased meanwhile, and returns them with their invitations.
    TAKE = concat!(
        "SELECT ",
        columns!("i"),
        ", o.id, o.generation, o.purpose, o.attempt, o.refusals, o.unknowns
           FROM invite_outbox AS o LEFT JOIN invite_invitations AS i ON i.id = o.invitation",
        letter!("i"),
        " WHERE o.id = ANY (:letters::uuid[]) AND o.not_before <= :now AND (o.lease_until IS NULL OR o.lease_until <= :now)
            FOR UPDATE OF o SKIP LOCKED"
    );

    /// Leases letters that are locked, and makes their tokens known; others it removes.
    LEASE = "WITH discarded AS (
             DELETE FROM invite_outbox WHERE id = ANY (:discarded::uuid[])
         ), known AS (
             INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
             SELECT digest, invitation, generation, 'mail', :now
               FROM unnest(:tokens::bytea[], :invitations::uuid[], :generations::integer[])
                    AS minted (digest, invitation, generation)
         ) UPDATE invite_outbox SET attempt = attempt + 1, lease_owner = :owner, lease_until = :lease_until
            WHERE id = ANY (:letters::uuid[])";

    NOW = "SELECT clock_timestamp()";

    IS_WRITABLE = "SELECT current_setting('transaction_read_only') = 'off'";

    REMOVE = "DELETE FROM invite_outbox WHERE id = :letter AND lease_owner = :owner AND attempt = :attempt";

    POSTPONE = "UPDATE invite_outbox
        SET not_before = :not_before, ready = false, refusals = :refusals, unknowns = :unknowns, last_error = :error,
            lease_owner = NULL, lease_until = NULL
        WHERE id = :letter AND lease_owner = :owner AND attempt = :attempt";

    // An array the server expects to be short, and looks up each of it by its id; a list of any length it joins, by
    // reading the tables whole.

    /// Settles letters that change no invitation, each another one. `:settlements` is a JSON array of objects.
    SETTLE = "WITH asked AS MATERIALIZED (
             SELECT * FROM jsonb_to_recordset(:settlements::jsonb) AS a (letter uuid, owner uuid, attempt integer, kind text,
                    state text, attempts integer, error text, over text[], not_before timestamptz, refusals integer,
                    unknowns integer, last_error text)
         ), removed AS (
             DELETE FROM invite_outbox AS o USING asked AS a
              WHERE o.id = ANY (ARRAY(SELECT letter FROM asked WHERE not_before IS NULL)) AND o.id = a.letter AND o.lease_owner = a.owner AND o.attempt = a.attempt
             RETURNING o.id
         ), postponed AS (
             UPDATE invite_outbox AS o SET not_before = a.not_before, ready = false, refusals = a.refusals, unknowns = a.unknowns,
                    last_error = a.last_error, lease_owner = NULL, lease_until = NULL
               FROM asked AS a
              WHERE o.id = ANY (ARRAY(SELECT letter FROM asked WHERE not_before IS NOT NULL)) AND o.id = a.letter AND o.lease_owner = a.owner AND o.attempt = a.attempt
             RETURNING o.id
         ), settled AS (
             SELECT id FROM removed UNION ALL SELECT id FROM postponed
         ), heard_of AS (
             SELECT id FROM invite_letters WHERE id = ANY (ARRAY(SELECT letter FROM asked))
         ), told AS (
             INSERT INTO invite_letters AS l (id, invitation, state, attempts, error)
             SELECT i.delivery_id, i.id, a.state, a.attempts, a.error
               FROM asked AS a JOIN invite_invitations AS i ON i.delivery_id = a.letter
              WHERE i.delivery_id = ANY (ARRAY(SELECT id FROM settled)) AND (i.kind = a.kind) IS TRUE
                AND ('queued' = ANY (a.over) OR a.letter IN (SELECT id FROM heard_of))
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, error = excluded.error
              WHERE l.state = ANY (ARRAY(SELECT unnest(a.over) FROM asked AS a WHERE a.letter = l.id))
         ) SELECT id FROM settled";

    /// Locks the invitations whose reminders are to be looked at and that no other worker has locked.
    DUE_REMINDERS = concat!(
        "SELECT ",
        columns!("i"),
        " FROM invite_invitations AS i",
        letter!("i"),
        " WHERE i.remind_at <= :now AND i.kind = ANY (:kinds::text[])
          ORDER BY i.remind_at, i.id LIMIT :limit FOR UPDATE OF i SKIP LOCKED"
    );

    REMINDED = "UPDATE invite_invitations SET remind_at = :remind_at, reminded = :reminded WHERE id = :id";

    INSERT_LETTER = "INSERT INTO invite_outbox
        (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
        VALUES (:letter, :kind, :id, :generation, :purpose, :priority, :scope, :domain, :not_before, :ready)";

    /// At most 1,000, as a list has at most 201 and for the same reason.
    EXPIRE = "WITH due AS (
             SELECT id FROM (
                 SELECT id FROM invite_invitations
                  WHERE status IN ('pending', 'delivery_failed') AND expires_at <= :now AND kind = ANY (:kinds::text[])
                  ORDER BY expires_at, id LIMIT 1000 FOR UPDATE SKIP LOCKED
             ) AS d LIMIT :limit
         ), changed AS (
             UPDATE invite_invitations AS i SET status = 'expired', ended_at = :now, ended_by = 'system', open_key = NULL,
                    remind_at = NULL, revision = revision + 1
             WHERE i.id = ANY (ARRAY(SELECT id FROM due))
               AND i.status IN ('pending', 'delivery_failed') AND i.expires_at <= :now
             RETURNING i.id, i.revision, i.kind, i.scope, i.generation, i.inviter_address
         ), logged AS (
             INSERT INTO invite_events (invitation, revision, action, actor, at)
             SELECT id, revision, 'expired', 'system', :now FROM changed
         ), queued AS (
             INSERT INTO invite_outbox
             (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
             SELECT id, kind, id, generation, 'expired', 1, scope, lower(split_part(inviter_address, '@', 2)), :now, true
               FROM changed
              WHERE inviter_address IS NOT NULL AND kind = ANY (:notify::text[])
             ON CONFLICT (id) DO NOTHING
         ) SELECT count(*) FROM changed";

    /// What the ledger says of the steps that the database has.
    LEDGER = "SELECT version, checksum, compatible_since FROM invite_migrations ORDER BY version";

    RECORD_MIGRATION = "INSERT INTO invite_migrations (version, checksum, compatible_since)
        VALUES (:version, :checksum, :compatible_since)";
}
