//! The statements of MySQL and MariaDB. Where a condition may be absent, a bound that nothing crosses stands
//! in its place.

#[macro_use]
mod parts;
#[macro_use]
mod lists;
#[macro_use]
mod together;

use crate::template::{Style, statements};

/// Creates the library's own ledger. A shared one would collide with the host's.
pub(crate) const CREATE_LEDGER: &str = "CREATE TABLE IF NOT EXISTS invite_migrations (
        version INT UNSIGNED NOT NULL PRIMARY KEY,
        checksum CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        compatible_since INT UNSIGNED NOT NULL
    ) ENGINE = InnoDB";

statements! {
    Style::Question;

    // Of those whose key is taken, a plain INSERT leaves each a shared lock on the row in the way. When that row gives up
    // its key, all of them hold it, none can insert, and each that tries again holds it again. The attempt to update takes
    // the lock alone. It fails in every SQL mode: a statement that inserts one row may not set null.
    INSERT = "INSERT INTO invite_invitations
        (id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, generation,
         min_generation, revision, open_key, created_at, expires_at, inviter_address, delivery_id, remind_at,
         label, facet, import, idempotency_key, request_digest, renews)
        VALUES (:id, :kind, :scope, :recipient_given, :recipient, :inviter, :payload, :display, :message, :locale, :status, :generation, :min_generation, :revision, :open_key, :created_at, :expires_at, :inviter_address, :delivery, :remind_at, :label, :facet, :import, :idempotency_key, :request_digest, :renews)
        ON DUPLICATE KEY UPDATE id = NULL";

    INSERT_EVENT = "INSERT INTO invite_events (invitation, revision, action, actor, reason, at) VALUES (:id, :revision, :event, :actor, :reason, :at)";

    INSERT_TOKEN = "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) VALUES (:token, :id, :generation, :channel, :at)";

    INSERT_LETTER = "INSERT INTO invite_outbox
        (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
        VALUES (:letter, :kind, :id, :generation, :purpose, :priority, :scope, :domain, :not_before, :ready)";

    END_BY_TOKEN = by_token!(
        "i.status = :ended_status, i.ended_at = :at, i.ended_by = :actor, i.ended_reason = :reason, i.address_proved = (t.channel = 'mail'),
         i.open_key = NULL, i.remind_at = NULL, i.revision = i.revision + 1",
        ""
    );

    END_BY_ID = by_id!(end_by_id!());

    // Assignments take effect from left to right: what is computed from the old generation comes first.

    RENEW = by_id!(renew!(":new_delivery"));

    AMEND = by_id!(
        "i.label = IF(:payload IS NULL, i.label, :label), i.facet = IF(:payload IS NULL, i.facet, :facet),
         i.payload = COALESCE(:payload, i.payload), i.display = COALESCE(:display, i.display), i.message = IF(:sets_message, :message, i.message),
         i.expires_at = COALESCE(:new_expires_at, i.expires_at), i.remind_at = COALESCE(:remind_at, i.remind_at), i.revision = i.revision + 1"
    );

    /// A new address brings its open key, retires every link and awaits a resend.
    READDRESS = by_id!(
        "i.recipient_given = :recipient_given, i.recipient = :recipient, i.open_key = :open_key, i.min_generation = i.generation + 1,
         i.generation = i.generation + 1, i.grace_until = NULL, i.viewed_at = NULL, i.delivery_id = NULL, i.remind_at = NULL, i.reminded = NULL,
         i.label = IF(:payload IS NULL, i.label, :label), i.facet = IF(:payload IS NULL, i.facet, :facet),
         i.payload = COALESCE(:payload, i.payload), i.display = COALESCE(:display, i.display), i.message = IF(:sets_message, :message, i.message),
         i.expires_at = COALESCE(:new_expires_at, i.expires_at), i.revision = i.revision + 1"
    );

    LINK = by_id!("i.revision = i.revision + 1");

    VIEW = by_token!("i.viewed_at = :viewed_at", " AND i.viewed_at IS NULL");

    FAIL_DELIVERY = by_key!(
        "i.delivery_id = :delivery",
        "i.status = 'delivery_failed', i.remind_at = NULL, i.revision = i.revision + 1"
    );

    /// The first that is heard of a letter. Until then it is queued.
    RECORD_FIRST = "INSERT INTO invite_letters (id, invitation, state, attempts, error, fault, provider_id)
        SELECT i.delivery_id, i.id, :delivery_state, COALESCE(:attempts, 0), :error, :fault, :provider_id
        FROM invite_invitations AS i
        WHERE i.delivery_id = :delivery AND i.kind = :kind";

    // A join would lock the invitation, or wait for the transaction that has locked it.

    /// What is heard later. `:over` is a JSON array of states.
    RECORD_DELIVERY = "UPDATE invite_letters
        SET state = :delivery_state, attempts = COALESCE(:attempts, attempts), error = :error, fault = :fault,
            provider_id = COALESCE(:provider_id, provider_id)
        WHERE id = :delivery AND JSON_CONTAINS(:over, JSON_QUOTE(state))
          AND EXISTS (SELECT 1 FROM invite_invitations AS i WHERE i.delivery_id = :delivery AND i.kind = :kind)";

    FIND_BY_TOKEN = find_by_token!(columns!(), letter!(), "");

    FIND_BY_ID = find_by_id!(columns!(), letter!(), "");

    // A transaction at REPEATABLE READ keeps seeing its first snapshot unless it locks what it reads.
    FIND_BY_TOKEN_LATEST = find_by_token!(columns_locked!(), "", " LOCK IN SHARE MODE");

    FIND_BY_ID_LATEST = find_by_id!(columns_locked!(), "", " LOCK IN SHARE MODE");

    FIND_BY_DELIVERY = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.delivery_id = :delivery AND i.kind = :kind"
    );

    /// A provider may give a name to more than one letter: then the last.
    FIND_BY_PROVIDER_ID = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.delivery_id = (SELECT k.id FROM invite_letters AS k WHERE k.provider_id = :provider_id
                                 ORDER BY k.id DESC LIMIT 1)
            AND i.kind = :kind"
    );

    FIND_OPEN = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.open_key = :open_key"
    );

    FIND_OPEN_LATEST = concat!(
        "SELECT ",
        columns_locked!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i WHERE i.open_key = :open_key LOCK IN SHARE MODE"
    );

    FIND_BY_KEY = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.idempotency_key = :idempotency_key"
    );

    FIND_BY_KEY_LATEST = concat!(
        "SELECT ",
        columns_locked!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i WHERE i.idempotency_key = :idempotency_key LOCK IN SHARE MODE"
    );

    // Several rows at once, as JSON arrays that are sorted, so that all who want the same rows wait in one order.

    // A statement that inserts several rows may set null where the server is not strict, so this one leaves what it meets
    // as it is. It takes the lock alone, as the statement for one row does.
    INSERT_TOGETHER = concat!(
        "INSERT INTO invite_invitations
         (id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, generation,
          min_generation, revision, open_key, created_at, expires_at, inviter_address, delivery_id, remind_at,
          label, facet, import, idempotency_key, request_digest, renews)
         SELECT UNHEX(a.id), a.kind, a.scope, a.recipient_given, a.recipient, a.inviter, a.payload, a.display, a.message,
                a.locale, a.status, a.generation, a.min_generation, a.revision, UNHEX(a.open_key), a.created_at,
                a.expires_at, a.inviter_address, UNHEX(a.delivery_id), a.remind_at, a.label, a.facet, a.import,
                UNHEX(a.idempotency_key), UNHEX(a.request_digest), UNHEX(a.renews)
           FROM ",
        new_rows!(),
        " ON DUPLICATE KEY UPDATE revision = invite_invitations.revision"
    );

    INSERTED = concat!("SELECT i.id FROM ", these_invitations!());

    INSERT_EVENTS = concat!(
        "INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
         SELECT UNHEX(a.id), a.revision, a.event, a.actor, a.reason, a.at FROM ",
        new_rows!()
    );

    INSERT_LETTERS = concat!(
        "INSERT INTO invite_outbox
         (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
         SELECT UNHEX(a.letter), a.kind, UNHEX(a.id), a.generation, a.purpose, a.priority, a.scope, a.domain,
                a.not_before, a.ready
           FROM ",
        new_rows!(),
        " WHERE a.letter IS NOT NULL"
    );

    INSERT_LINKS = concat!(
        "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
         SELECT UNHEX(a.token), UNHEX(a.id), a.generation, a.channel, a.at FROM ",
        new_rows!(),
        " WHERE a.token IS NOT NULL"
    );

    /// Those for which the guard holds, locked.
    HELD = concat!(
        "SELECT i.id FROM ",
        these_invitations!(),
        " WHERE i.scope = COALESCE(:scope, i.scope)",
        guard!("FALSE"),
        " FOR UPDATE"
    );

    /// Those that have ended, locked.
    HOLD_ENDED = concat!(
        "SELECT i.id FROM ",
        these_invitations!(),
        " WHERE i.kind = :kind AND i.scope = :scope
            AND (i.status NOT IN ('pending', 'delivery_failed') OR i.expires_at <= :now) FOR UPDATE"
    );

    HOLD_OLD = "SELECT id FROM invite_invitations FORCE INDEX (invite_invitations_ended)
        WHERE kind = :kind AND ended_at <= :until ORDER BY ended_at, id LIMIT :limit FOR UPDATE SKIP LOCKED";

    FORGET_QUEUED = forget!("invite_outbox", "invite_outbox_invitation");

    FORGET_TOKENS = forget!("invite_tokens", "invite_tokens_invitation");

    FORGET_LETTERS = forget!("invite_letters", "invite_letters_invitation");

    FORGET_EVENTS = forget!("invite_events", "invite_events_history");

    FORGET_ENDED = concat!("DELETE i FROM ", these_invitations!());

    END_HELD = concat!("UPDATE ", these_invitations!(), " SET ", end_by_id!());

    RENEW_HELD = concat!("UPDATE ", these_invitations!(), " SET ", renew!("UNHEX(a.letter)"));

    LOG_HELD = concat!(
        "INSERT INTO invite_events (invitation, revision, action, actor, reason, at)
         SELECT i.id, i.revision, :event, :actor, :reason, :at FROM ",
        these_invitations!()
    );

    QUEUE_HELD = concat!(
        "INSERT INTO invite_outbox
         (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
         SELECT UNHEX(a.letter), i.kind, i.id, i.generation, :purpose, :priority, i.scope,
                IF(:to_inviter, CAST(LOWER(SUBSTRING_INDEX(i.inviter_address, '@', -1)) AS BINARY),
                   SUBSTRING_INDEX(i.recipient, '@', -1)), :not_before, :ready
           FROM ",
        these_invitations!(),
        " WHERE a.letter IS NOT NULL AND (NOT :to_inviter OR i.inviter_address IS NOT NULL)"
    );

    FIND_TOGETHER_BY_ID = concat!(
        "SELECT ",
        columns!(),
        ", NULL FROM ",
        these_invitations!(),
        letter!(),
        " WHERE i.kind = :kind AND i.scope = COALESCE(:scope, i.scope)"
    );

    FIND_TOGETHER_OPEN = find_all!("i.open_key", "invite_invitations_open");

    FIND_TOGETHER_BY_KEY = find_all!("i.idempotency_key", "invite_invitations_key");

    // Left to itself, the server walks the index from its end to where a page begins.

    LIST_NEWEST_FIRST = list!(columns!(), " FORCE INDEX (invite_invitations_list)",
        concat!(of_scope!(), " AND i.created_at <= :after_at AND (i.created_at < :after_at OR i.id < :after_id)"),
        "i.created_at DESC, i.id DESC"
    );

    LIST_OLDEST_FIRST = list!(columns!(), " FORCE INDEX (invite_invitations_list)",
        concat!(of_scope!(), " AND i.created_at >= :after_at AND (i.created_at > :after_at OR i.id > :after_id)"),
        "i.created_at, i.id"
    );

    LIST_EXPIRES_FIRST = list_sorted!(columns!(), by_scope!(),
        " AND i.expires_at >= :after_at AND (i.expires_at > :after_at OR i.id > :after_id)",
        "i.expires_at, i.id"
    );

    LIST_BY_ADDRESS = list_sorted!(columns!(), by_scope!(),
        " AND i.recipient >= :after_address AND (i.recipient > :after_address OR i.id > :after_id)",
        "i.recipient, i.id"
    );

    IMPORT_NEWEST_FIRST = list_sorted!(columns!(), of_import!(),
        " AND i.created_at <= :after_at AND (i.created_at < :after_at OR i.id < :after_id)",
        "i.created_at DESC, i.id DESC"
    );

    IMPORT_OLDEST_FIRST = list_sorted!(columns!(), of_import!(),
        " AND i.created_at >= :after_at AND (i.created_at > :after_at OR i.id > :after_id)",
        "i.created_at, i.id"
    );

    IMPORT_EXPIRES_FIRST = list_sorted!(columns!(), of_import!(),
        " AND i.expires_at >= :after_at AND (i.expires_at > :after_at OR i.id > :after_id)",
        "i.expires_at, i.id"
    );

    IMPORT_BY_ADDRESS = list_sorted!(columns!(), of_import!(),
        " AND i.recipient >= :after_address AND (i.recipient > :after_address OR i.id > :after_id)",
        "i.recipient, i.id"
    );

    EVERYWHERE_NEWEST_FIRST = list!(columns!(), " FORCE INDEX (PRIMARY)", of_all_scopes!(), "i.id DESC");

    EVERYWHERE_OLDEST_FIRST = list!(columns!(), " FORCE INDEX (PRIMARY)", of_all_scopes!(), "i.id");

    // The same pages, and of each row only what a list shows.

    ROWS_LIST_NEWEST_FIRST = list!(shown!(), " FORCE INDEX (invite_invitations_list)",
        concat!(of_scope!(), " AND i.created_at <= :after_at AND (i.created_at < :after_at OR i.id < :after_id)"),
        "i.created_at DESC, i.id DESC"
    );

    ROWS_LIST_OLDEST_FIRST = list!(shown!(), " FORCE INDEX (invite_invitations_list)",
        concat!(of_scope!(), " AND i.created_at >= :after_at AND (i.created_at > :after_at OR i.id > :after_id)"),
        "i.created_at, i.id"
    );

    ROWS_LIST_EXPIRES_FIRST = list_sorted!(shown!(), by_scope!(),
        " AND i.expires_at >= :after_at AND (i.expires_at > :after_at OR i.id > :after_id)",
        "i.expires_at, i.id"
    );

    ROWS_LIST_BY_ADDRESS = list_sorted!(shown!(), by_scope!(),
        " AND i.recipient >= :after_address AND (i.recipient > :after_address OR i.id > :after_id)",
        "i.recipient, i.id"
    );

    ROWS_IMPORT_NEWEST_FIRST = list_sorted!(shown!(), of_import!(),
        " AND i.created_at <= :after_at AND (i.created_at < :after_at OR i.id < :after_id)",
        "i.created_at DESC, i.id DESC"
    );

    ROWS_IMPORT_OLDEST_FIRST = list_sorted!(shown!(), of_import!(),
        " AND i.created_at >= :after_at AND (i.created_at > :after_at OR i.id > :after_id)",
        "i.created_at, i.id"
    );

    ROWS_IMPORT_EXPIRES_FIRST = list_sorted!(shown!(), of_import!(),
        " AND i.expires_at >= :after_at AND (i.expires_at > :after_at OR i.id > :after_id)",
        "i.expires_at, i.id"
    );

    ROWS_IMPORT_BY_ADDRESS = list_sorted!(shown!(), of_import!(),
        " AND i.recipient >= :after_address AND (i.recipient > :after_address OR i.id > :after_id)",
        "i.recipient, i.id"
    );

    ROWS_EVERYWHERE_NEWEST_FIRST = list!(shown!(), " FORCE INDEX (PRIMARY)", of_all_scopes!(), "i.id DESC");

    ROWS_EVERYWHERE_OLDEST_FIRST = list!(shown!(), " FORCE INDEX (PRIMARY)", of_all_scopes!(), "i.id");

    STATS = stats!(by_scope!());

    STATS_OF_IMPORT = stats!(of_import!());

    // An inviter's invitations are counted as they stood at `:as_of`, so that none changes its place from page to page.
    ADDRESSED_TO = concat!(
        "SELECT ",
        columns!(),
        ", i.late FROM (
             SELECT a.*, ROW_NUMBER() OVER (PARTITION BY a.inviter ORDER BY a.created_at DESC, a.id DESC) > :few AS late
               FROM invite_invitations AS a
              WHERE a.recipient IN (:address_1, :address_2, :address_3, :address_4, :address_5, :address_6, :address_7, :address_8) AND a.kind = :kind AND a.created_at <= :as_of AND a.expires_at > :as_of
                AND (a.ended_at IS NULL OR a.ended_at > :as_of)) AS i",
        letter!(),
        " WHERE i.status IN ('pending', 'delivery_failed') AND i.expires_at > :now
            AND (i.late > :late OR (i.late = :late AND (i.created_at < :after_at OR (i.created_at = :after_at AND i.id < :after_id))))
          ORDER BY i.late, i.created_at DESC, i.id DESC LIMIT :limit"
    );

    HOLD_TO_ERASE = concat!(
        "SELECT i.id FROM ",
        these_invitations!(),
        " WHERE i.kind = :kind AND i.recipient = :address AND i.ended_at IS NOT NULL FOR UPDATE"
    );

    ERASE = concat!(
        "UPDATE ",
        these_invitations!(),
        " SET i.recipient_given = :recipient_given, i.recipient = :recipient, i.inviter_address = NULL,
              i.payload = :payload, i.display = :display, i.message = NULL, i.label = NULL, i.ended_reason = NULL,
              i.delivery_id = NULL"
    );

    ERASE_LETTERS = "UPDATE JSON_TABLE(:ids, '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN invite_letters AS d
         FORCE INDEX (invite_letters_invitation) ON d.invitation = UNHEX(a.id) SET d.error = NULL, d.provider_id = NULL";

    ERASE_EVENTS = "UPDATE JSON_TABLE(:ids, '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN invite_events AS d
         FORCE INDEX (invite_events_history) ON d.invitation = UNHEX(a.id) SET d.reason = NULL";

    /// No index leads to the addresses of inviters: it reads the table.
    FORGET_INVITER = "UPDATE invite_invitations SET inviter_address = NULL
        WHERE inviter_address IN (:address_1, :address_2) AND kind = :kind";

    OF_ADDRESS = concat!(
        "SELECT ",
        columns!(),
        " FROM (SELECT i.* FROM invite_invitations AS i FORCE INDEX (invite_invitations_recipient)
              WHERE i.recipient = :recipient AND i.kind = :kind AND i.scope = COALESCE(:scope, i.scope)
                AND (i.created_at < :after_at OR (i.created_at = :after_at AND i.id < :after_id))
              ORDER BY i.created_at DESC, i.id DESC LIMIT :limit) AS i",
        letter!(),
        " ORDER BY i.created_at DESC, i.id DESC"
    );

    HISTORY = "SELECT e.revision, e.action, e.actor, e.reason, e.at FROM invite_events AS e
        JOIN invite_invitations AS i ON i.id = e.invitation
        WHERE e.invitation = :id AND i.kind = :kind AND i.scope = :scope ORDER BY e.id";

    /// The first page of each priority, behind `:after` and then up to it. `:kinds` and `:full` are JSON arrays.
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

    /// Letters whose time has come. They become ready by their ids, because the server cannot skip locked rows when it
    /// updates them.
    RIPE = "SELECT id FROM invite_outbox FORCE INDEX (invite_outbox_waiting) WHERE ready = FALSE AND not_before <= :now
        ORDER BY not_before LIMIT 1000 FOR UPDATE SKIP LOCKED";

    // Several letters at once, as a JSON array. The indexes are named, because the server reads a small table whole,
    // and then locks all of it.

    RIPEN = concat!("UPDATE ", these_letters!(), " SET o.ready = TRUE");

    /// Locks those of these letters that nobody has leased meanwhile.
    TAKE = concat!(
        "SELECT o.id FROM ",
        these_letters!(),
        " WHERE o.not_before <= :now AND (o.lease_until IS NULL OR o.lease_until <= :now) FOR UPDATE SKIP LOCKED"
    );

    /// Letters that are locked, with their invitations, which are not.
    TAKEN = concat!(
        "SELECT ",
        columns!(),
        ", o.id, o.generation, o.purpose, o.attempt, o.refusals, o.unknowns FROM ",
        these_letters!(),
        " LEFT JOIN invite_invitations AS i ON i.id = o.invitation",
        letter!()
    );

    LEASE = concat!(
        "UPDATE ",
        these_letters!(),
        " SET o.attempt = o.attempt + 1, o.lease_owner = :owner, o.lease_until = :lease_until"
    );

    INSERT_TOKENS = "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at)
        SELECT UNHEX(a.digest), UNHEX(a.invitation), a.generation, 'mail', :now
        FROM JSON_TABLE(:tokens, '$[*]' COLUMNS (digest CHAR(64) PATH '$.digest', invitation CHAR(32) PATH '$.invitation',
             generation INT UNSIGNED PATH '$.generation')) AS a";

    REMOVE_TOGETHER = concat!("DELETE o FROM ", these_letters!());

    NOW = "SELECT UTC_TIMESTAMP(6)";

    /// The first is a number here and a word there.
    IS_WRITABLE = "SELECT @@GLOBAL.read_only IN ('0', 'OFF') AND @@GLOBAL.innodb_read_only = 0";

    REMOVE = "DELETE FROM invite_outbox WHERE id = :letter AND lease_owner = :owner AND attempt = :attempt";

    /// Those of these letters that are still leased to this worker at this attempt.
    LEASED_TO = "SELECT o.id FROM JSON_TABLE(:settlements, '$[*]' COLUMNS (letter CHAR(32) PATH '$.letter',
             owner CHAR(32) PATH '$.owner', attempt INT UNSIGNED PATH '$.attempt')) AS a
        STRAIGHT_JOIN invite_outbox AS o FORCE INDEX (PRIMARY) ON o.id = UNHEX(a.letter)
        WHERE o.lease_owner = UNHEX(a.owner) AND o.attempt = a.attempt FOR UPDATE";

    // Assignments take effect from left to right: the state, which the others ask for, comes last.

    RECORD_TOGETHER = "INSERT INTO invite_letters (id, invitation, state, attempts, error, fault, provider_id)
        SELECT i.delivery_id, i.id, a.state, a.attempts, a.error, a.fault, a.provider_id
        FROM JSON_TABLE(:settlements, '$[*]' COLUMNS (letter CHAR(32) PATH '$.letter', kind VARCHAR(64) PATH '$.kind',
             state VARCHAR(20) PATH '$.state', attempts INT UNSIGNED PATH '$.attempts', error VARCHAR(200) PATH '$.error',
             fault VARCHAR(20) PATH '$.fault', provider_id VARCHAR(128) PATH '$.provider_id',
             over_states VARCHAR(200) PATH '$.over')) AS a
        STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (invite_invitations_delivery) ON i.delivery_id = UNHEX(a.letter)
        WHERE CAST(i.kind AS BINARY) = CAST(a.kind AS BINARY)
          AND (FIND_IN_SET('queued', a.over_states)
               OR EXISTS (SELECT 1 FROM invite_letters AS k WHERE k.id = UNHEX(a.letter)))
        ON DUPLICATE KEY UPDATE
            attempts = IF(FIND_IN_SET(invite_letters.state, a.over_states), a.attempts, invite_letters.attempts),
            error = IF(FIND_IN_SET(invite_letters.state, a.over_states), a.error, invite_letters.error),
            fault = IF(FIND_IN_SET(invite_letters.state, a.over_states), a.fault, invite_letters.fault),
            provider_id = IF(FIND_IN_SET(invite_letters.state, a.over_states),
                             COALESCE(a.provider_id, invite_letters.provider_id), invite_letters.provider_id),
            state = IF(FIND_IN_SET(invite_letters.state, a.over_states), a.state, invite_letters.state)";

    POSTPONE = "UPDATE invite_outbox
        SET not_before = :not_before, ready = FALSE, refusals = :refusals, unknowns = :unknowns, last_error = :error,
            lease_owner = NULL, lease_until = NULL
        WHERE id = :letter AND lease_owner = :owner AND attempt = :attempt";

    /// Invitations whose reminders are to be looked at and that no other worker has locked. `:kinds` is a JSON array.
    DUE_REMINDERS = concat!(
        "SELECT ",
        columns_locked!(),
        " FROM invite_invitations AS i WHERE i.remind_at <= :now AND JSON_CONTAINS(:kinds, JSON_QUOTE(i.kind))
          ORDER BY i.remind_at, i.id LIMIT :limit FOR UPDATE SKIP LOCKED"
    );

    REMINDED = "UPDATE invite_invitations SET remind_at = :remind_at, reminded = :reminded WHERE id = :id";

    /// Open invitations that are due. `:kinds` is a JSON array.
    DUE_INVITATIONS = "SELECT id FROM invite_invitations
        WHERE status IN ('pending', 'delivery_failed') AND expires_at <= :now AND JSON_CONTAINS(:kinds, JSON_QUOTE(kind))
        LIMIT :limit FOR UPDATE SKIP LOCKED";

    EXPIRE_EVENTS = concat!(
        "INSERT INTO invite_events (invitation, revision, action, actor, at)
         SELECT i.id, i.revision + 1, 'expired', 'system', :now FROM invite_invitations AS i",
        locked!()
    );

    /// A notice to the inviter for each locked row of the kinds in the JSON array `:notify`. One that is queued already
    /// stays.
    EXPIRE_NOTICES = concat!(
        "INSERT INTO invite_outbox
         (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
         SELECT i.id, i.kind, i.id, i.generation, 'expired', 1, i.scope,
                CAST(LOWER(SUBSTRING_INDEX(i.inviter_address, '@', -1)) AS BINARY), :now, TRUE
           FROM invite_invitations AS i",
        locked!(),
        " WHERE i.inviter_address IS NOT NULL AND JSON_CONTAINS(:notify, JSON_QUOTE(i.kind))
          ON DUPLICATE KEY UPDATE generation = invite_outbox.generation"
    );

    EXPIRE = concat!(
        "UPDATE invite_invitations AS i",
        locked!(),
        " SET i.status = 'expired', i.ended_at = :now, i.ended_by = 'system', i.open_key = NULL,
          i.remind_at = NULL, i.revision = i.revision + 1"
    );

    /// What the ledger says of the steps that the database has.
    LEDGER = "SELECT version, checksum, compatible_since FROM invite_migrations ORDER BY version";

    RECORD_MIGRATION = "INSERT INTO invite_migrations (version, checksum, compatible_since)
        VALUES (:version, :checksum, :compatible_since)";

    /// Held until it is released, so that processes that start together migrate one by one. The lock is the
    /// whole server's, hence the name of the database in it.
    LOCK_MIGRATIONS = "SELECT GET_LOCK(LEFT(CONCAT('invite_migrations/', DATABASE()), 64), 60)";
}
