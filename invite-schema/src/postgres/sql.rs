//! The statements of PostgreSQL. A change, its event and what it dispatches are one statement.

#[macro_use]
mod parts;
#[macro_use]
mod lists;
#[macro_use]
mod together;

use crate::template::{Style, statements};

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

    RENEW = by_id!(renew!(":new_delivery"), "", dispatching!());

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
         payload = COALESCE(:payload, payload),
         label = CASE WHEN :payload::jsonb IS NULL THEN label ELSE :label END,
         facet = CASE WHEN :payload::jsonb IS NULL THEN facet ELSE :facet END, display = COALESCE(:display, display), message = CASE WHEN :sets_message THEN :message ELSE message END, expires_at = COALESCE(:new_expires_at, expires_at),
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
    RECORD_DELIVERY = "INSERT INTO invite_letters AS l (id, invitation, state, attempts, error, fault, provider_id)
        SELECT i.delivery_id, i.id, :delivery_state, COALESCE(:attempts, 0), :error, :fault, :provider_id
          FROM invite_invitations AS i
         WHERE i.delivery_id = :delivery AND (i.kind = :kind) IS TRUE
           AND ('queued' = ANY (:over::text[]) OR EXISTS (SELECT 1 FROM invite_letters AS k WHERE k.id = :delivery))
        ON CONFLICT (id) DO UPDATE
        SET state = excluded.state, attempts = COALESCE(:attempts, l.attempts), error = excluded.error,
            fault = excluded.fault, provider_id = COALESCE(excluded.provider_id, l.provider_id)
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

    /// Several at once, from a JSON array of objects. Those that compete for a key are inserted in one order by all.
    INSERT_TOGETHER = "WITH asked AS MATERIALIZED (
            SELECT * FROM json_to_recordset(:rows::text::json) AS a (
                id uuid, kind text, scope text, recipient_given text, recipient text, inviter text, payload text,
                display text, message text, locale text, status text, generation integer, min_generation integer,
                revision integer, open_key text, created_at timestamptz, expires_at timestamptz, inviter_address text,
                delivery_id uuid, remind_at timestamptz, label text, facet text, import text, idempotency_key text,
                request_digest text, renews uuid, event text, actor text, reason text, at timestamptz, letter uuid,
                purpose text, priority integer, domain text, not_before timestamptz, ready integer, token text,
                channel text)
        ), created AS (
            INSERT INTO invite_invitations
            (id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status,
             generation, min_generation, revision, open_key, created_at, expires_at, inviter_address, delivery_id,
             remind_at, label, facet, import, idempotency_key, request_digest, renews)
            SELECT a.id, a.kind, a.scope, a.recipient_given, a.recipient, a.inviter, a.payload::jsonb, a.display::jsonb,
                   a.message, a.locale, a.status, a.generation, a.min_generation, a.revision,
                   decode(a.open_key, 'hex'), a.created_at, a.expires_at, a.inviter_address, a.delivery_id, a.remind_at,
                   a.label, a.facet, a.import, decode(a.idempotency_key, 'hex'), decode(a.request_digest, 'hex'), a.renews
              FROM asked AS a
            ON CONFLICT DO NOTHING RETURNING id
        ), logged AS (
            INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
            SELECT a.id, a.revision, a.event, a.actor, a.reason, a.at FROM created JOIN asked AS a USING (id)
        ), queued AS (
            INSERT INTO invite_outbox
            (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
            SELECT a.letter, a.kind, a.id, a.generation, a.purpose, a.priority, a.scope, a.domain, a.not_before,
                   a.ready = 1
              FROM created JOIN asked AS a USING (id) WHERE a.letter IS NOT NULL
        ), known AS (
            INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
            SELECT decode(a.token, 'hex'), a.id, a.generation, a.channel, a.at
              FROM created JOIN asked AS a USING (id) WHERE a.token IS NOT NULL
        ) SELECT id FROM created";

    /// Those of `:ids` that have ended, locked in one order. Letters about them go first: who has leased one is minting its
    /// token, which the statement that follows must see.
    HOLD_ENDED = "WITH held AS MATERIALIZED (
             SELECT i.id FROM invite_invitations AS i
              WHERE i.id = ANY (:ids::uuid[]) AND (i.kind = :kind) IS TRUE AND (i.scope = :scope) IS TRUE
                AND (i.status NOT IN ('pending', 'delivery_failed') OR i.expires_at <= :now)
              ORDER BY i.id FOR UPDATE
         ), queued AS (DELETE FROM invite_outbox WHERE invitation = ANY (ARRAY(SELECT held.id FROM held)))
         SELECT held.id FROM held";

    HOLD_OLD = "WITH held AS MATERIALIZED (
             SELECT i.id FROM invite_invitations AS i WHERE i.kind = :kind AND i.ended_at <= :until
              ORDER BY i.ended_at, i.id LIMIT :limit FOR UPDATE SKIP LOCKED
         ), queued AS (DELETE FROM invite_outbox WHERE invitation = ANY (ARRAY(SELECT held.id FROM held)))
         SELECT held.id FROM held";

    FORGET_ENDED = "WITH removed AS (
             DELETE FROM invite_invitations AS i
              WHERE i.id = ANY (:ids::uuid[]) AND (i.ended_at IS NOT NULL OR i.expires_at <= :now)
             RETURNING i.id
         ), tokens AS (DELETE FROM invite_tokens WHERE invitation = ANY (ARRAY(SELECT id FROM removed))
         ), queued AS (DELETE FROM invite_outbox WHERE invitation = ANY (ARRAY(SELECT id FROM removed))
         ), letters AS (DELETE FROM invite_letters WHERE invitation = ANY (ARRAY(SELECT id FROM removed))
         ), events AS (DELETE FROM invite_events WHERE invitation = ANY (ARRAY(SELECT id FROM removed))
         ) SELECT id FROM removed";

    END_TOGETHER = by_ids!(end!());

    RENEW_TOGETHER = by_ids!(renew!("a.letter"));

    FIND_TOGETHER_BY_ID = find_all!(
        "NULL::bytea",
        "i.id = ANY (:ids::uuid[]) AND (i.kind = :kind) IS TRUE AND (:scope::text IS NULL OR i.scope = :scope)"
    );

    FIND_TOGETHER_OPEN = find_all!("i.open_key", "i.open_key = ANY (:keys::bytea[])");

    FIND_TOGETHER_BY_KEY = find_all!("i.idempotency_key", "i.idempotency_key = ANY (:keys::bytea[])");

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

    FIND_BY_KEY = concat!(
        "SELECT ",
        columns!("i"),
        ", NULL::bytea, NULL::integer, NULL::text FROM invite_invitations AS i",
        letter!("i"),
        " WHERE i.idempotency_key = :idempotency_key"
    );

    FIND_BY_DELIVERY = concat!(
        "SELECT ",
        columns!("i"),
        ", NULL::bytea, NULL::integer, NULL::text FROM invite_invitations AS i",
        letter!("i"),
        " WHERE i.delivery_id = :delivery AND (i.kind = :kind) IS TRUE"
    );

    /// A provider may give a name to more than one letter: then the last.
    FIND_BY_PROVIDER_ID = concat!(
        "SELECT ",
        columns!("i"),
        ", NULL::bytea, NULL::integer, NULL::text FROM invite_invitations AS i",
        letter!("i"),
        " WHERE i.delivery_id = (SELECT id FROM invite_letters WHERE provider_id = :provider_id ORDER BY id DESC LIMIT 1)
            AND (i.kind = :kind) IS TRUE"
    );

    LIST_NEWEST_FIRST = newest_first!(columns!("i"), of_scope!(), filters!());

    LIST_OLDEST_FIRST = oldest_first!(columns!("i"), of_scope!(), filters!());

    LIST_EXPIRES_FIRST = expires_first!(columns!("i"), of_scope!(), filters!());

    LIST_BY_ADDRESS = by_address!(columns!("i"), of_scope!(), filters!());

    LETTERS_NEWEST_FIRST = newest_first!(columns!("i"), of_scope!(), letter_filters!());

    LETTERS_OLDEST_FIRST = oldest_first!(columns!("i"), of_scope!(), letter_filters!());

    LETTERS_EXPIRES_FIRST = expires_first!(columns!("i"), of_scope!(), letter_filters!());

    LETTERS_BY_ADDRESS = by_address!(columns!("i"), of_scope!(), letter_filters!());

    IMPORT_NEWEST_FIRST = newest_first!(columns!("i"), of_import!(), letter_filters!());

    IMPORT_OLDEST_FIRST = oldest_first!(columns!("i"), of_import!(), letter_filters!());

    IMPORT_EXPIRES_FIRST = expires_first!(columns!("i"), of_import!(), letter_filters!());

    IMPORT_BY_ADDRESS = by_address!(columns!("i"), of_import!(), letter_filters!());

    EVERYWHERE_NEWEST_FIRST = page!(columns!("i"), of_all_scopes!(), "", letter_filters!(), "i.id DESC");

    EVERYWHERE_OLDEST_FIRST = page!(columns!("i"), of_all_scopes!(), "", letter_filters!(), "i.id");

    // The same pages, and of each row only what a list shows.

    ROWS_LIST_NEWEST_FIRST = newest_first!(shown!(), of_scope!(), filters!());

    ROWS_LIST_OLDEST_FIRST = oldest_first!(shown!(), of_scope!(), filters!());

    ROWS_LIST_EXPIRES_FIRST = expires_first!(shown!(), of_scope!(), filters!());

    ROWS_LIST_BY_ADDRESS = by_address!(shown!(), of_scope!(), filters!());

    ROWS_LETTERS_NEWEST_FIRST = newest_first!(shown!(), of_scope!(), letter_filters!());

    ROWS_LETTERS_OLDEST_FIRST = oldest_first!(shown!(), of_scope!(), letter_filters!());

    ROWS_LETTERS_EXPIRES_FIRST = expires_first!(shown!(), of_scope!(), letter_filters!());

    ROWS_LETTERS_BY_ADDRESS = by_address!(shown!(), of_scope!(), letter_filters!());

    ROWS_IMPORT_NEWEST_FIRST = newest_first!(shown!(), of_import!(), letter_filters!());

    ROWS_IMPORT_OLDEST_FIRST = oldest_first!(shown!(), of_import!(), letter_filters!());

    ROWS_IMPORT_EXPIRES_FIRST = expires_first!(shown!(), of_import!(), letter_filters!());

    ROWS_IMPORT_BY_ADDRESS = by_address!(shown!(), of_import!(), letter_filters!());

    ROWS_EVERYWHERE_NEWEST_FIRST = page!(shown!(), of_all_scopes!(), "", letter_filters!(), "i.id DESC");

    ROWS_EVERYWHERE_OLDEST_FIRST = page!(shown!(), of_all_scopes!(), "", letter_filters!(), "i.id");

    STATS = stats!(of_scope!());

    STATS_OF_IMPORT = stats!(of_import!());

    // An inviter's invitations are counted as they stood at `:as_of`, so that none changes its place from page to page.
    ADDRESSED_TO = concat!(
        "SELECT ",
        columns!("i"),
        ", i.late FROM (
             SELECT a.*, ROW_NUMBER() OVER (PARTITION BY a.inviter ORDER BY a.created_at DESC, a.id DESC) > :few::integer AS late
               FROM invite_invitations AS a
              WHERE a.recipient = ANY (:addresses::text[]) AND a.kind = :kind AND a.created_at <= :as_of AND a.expires_at > :as_of
                AND (a.ended_at IS NULL OR a.ended_at > :as_of)) AS i",
        letter!("i"),
        " WHERE i.status IN ('pending', 'delivery_failed') AND i.expires_at > :now
            AND (i.late > :late OR (i.late = :late AND (i.created_at, i.id) < (:after_at, :after_id)))
          ORDER BY i.late, i.created_at DESC, i.id DESC LIMIT :limit"
    );

    /// Those of `:ids` that have ended and are to the address, locked in one order. What is queued of them goes first: who has leased it would write
    /// what a server said, which the statement that follows must see.
    HOLD_TO_ERASE = "WITH held AS MATERIALIZED (
             SELECT i.id FROM invite_invitations AS i
              WHERE i.id = ANY (:ids::uuid[]) AND (i.kind = :kind) IS TRUE AND i.ended_at IS NOT NULL
                AND (i.recipient = :address) IS TRUE
              ORDER BY i.id FOR UPDATE
         ), queued AS (DELETE FROM invite_outbox WHERE invitation = ANY (ARRAY(SELECT held.id FROM held)))
         SELECT held.id FROM held";

    ERASE = "WITH erased AS (
             UPDATE invite_invitations AS i
                SET recipient_given = :recipient_given, recipient = :recipient, inviter_address = NULL, payload = :payload,
                    display = :display, message = NULL, label = NULL, ended_reason = NULL, delivery_id = NULL
              WHERE i.id = ANY (:ids::uuid[]) AND i.ended_at IS NOT NULL
             RETURNING i.id
         ), letters AS (
             UPDATE invite_letters SET error = NULL, provider_id = NULL
              WHERE invitation = ANY (ARRAY(SELECT id FROM erased))
         ), events AS (
             UPDATE invite_events SET reason = NULL
              WHERE invitation = ANY (ARRAY(SELECT id FROM erased)) AND reason IS NOT NULL
         ) SELECT id FROM erased";

    /// No index leads to the addresses of inviters: it reads the table.
    FORGET_INVITER = "UPDATE invite_invitations SET inviter_address = NULL
        WHERE inviter_address = ANY (:addresses::text[]) AND kind = :kind";

    OF_ADDRESS = concat!(
        "SELECT ",
        columns!("i"),
        " FROM (SELECT i.* FROM invite_invitations AS i
              WHERE i.recipient = :recipient AND (i.kind = :kind) IS TRUE AND (:scope::text IS NULL OR i.scope = :scope)
                AND (i.created_at, i.id) < (:after_at, :after_id)
              ORDER BY i.created_at DESC, i.id DESC LIMIT :limit) AS i",
        letter!("i"),
        " ORDER BY i.created_at DESC, i.id DESC"
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
                    state text, attempts integer, error text, fault text, provider_id text, over text[], not_before timestamptz, refusals integer,
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
             INSERT INTO invite_letters AS l (id, invitation, state, attempts, error, fault, provider_id)
             SELECT i.delivery_id, i.id, a.state, a.attempts, a.error, a.fault, a.provider_id
               FROM asked AS a JOIN invite_invitations AS i ON i.delivery_id = a.letter
              WHERE i.delivery_id = ANY (ARRAY(SELECT id FROM settled)) AND (i.kind = a.kind) IS TRUE
                AND ('queued' = ANY (a.over) OR a.letter IN (SELECT id FROM heard_of))
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, error = excluded.error,
                    fault = excluded.fault, provider_id = COALESCE(excluded.provider_id, l.provider_id)
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
