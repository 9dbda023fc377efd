//! The statements of SQLite.

#[macro_use]
mod parts;
#[macro_use]
mod lists;

use crate::template::{Style, statements};

/// Creates the library's own ledger. A shared one would collide with the host's.
pub(crate) const CREATE_LEDGER: &str = "CREATE TABLE IF NOT EXISTS invite_migrations (
        version INTEGER NOT NULL PRIMARY KEY,
        checksum TEXT NOT NULL,
        compatible_since INTEGER NOT NULL
    ) STRICT";

statements! {
    Style::NumberedQuestion;

    /// Takes the write lock, changes nothing.
    LOCK = "UPDATE invite_invitations SET revision = revision WHERE 0";

    INSERT = "INSERT INTO invite_invitations
        (id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, generation,
         min_generation, revision, open_key, created_at, expires_at, inviter_address, delivery_id, remind_at,
         label, facet, import, idempotency_key, request_digest, renews)
        VALUES (:id, :kind, :scope, :recipient_given, :recipient, :inviter, :payload, :display, :message, :locale, :status, :generation, :min_generation, :revision, :open_key, :created_at, :expires_at, :inviter_address, :delivery, :remind_at, :label, :facet, :import, :idempotency_key, :request_digest, :renews)
        ON CONFLICT DO NOTHING";

    INSERT_EVENT = "INSERT INTO invite_events (invitation, revision, action, actor, reason, at) VALUES (:id, :revision, :event, :actor, :reason, :at)";

    INSERT_TOKEN = "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) VALUES (:token, :id, :generation, :channel, :at)";

    INSERT_LETTER = "INSERT INTO invite_outbox
        (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
        VALUES (:letter, :kind, :id, :generation, :purpose, :priority, :scope, :domain, :not_before, :ready)";

    END_BY_TOKEN = concat!(
        end!("COALESCE((SELECT channel = 'mail' FROM invite_tokens WHERE digest = :digest), 0)"),
        by_token!("")
    );

    END_BY_ID = concat!(end!("0"), by_id!());

    RENEW = concat!(
        "UPDATE invite_invitations AS i SET
             status = 'pending', generation = generation + 1, revision = revision + 1, resent_at = :resent_at, viewed_at = NULL,
             expires_at = max(expires_at, COALESCE(:new_expires_at, expires_at)),
             min_generation = CASE WHEN :retire THEN generation + 1 ELSE min_generation END,
             grace_until = CASE WHEN :retire THEN :grace_until ELSE grace_until END,
             delivery_id = :new_delivery, remind_at = :remind_at, reminded = NULL",
        by_id!()
    );

    /// A new address brings its open key, retires every link and awaits a resend.
    AMEND = concat!(
        "UPDATE invite_invitations AS i SET
             recipient_given = COALESCE(:recipient_given, recipient_given), recipient = COALESCE(:recipient, recipient),
             open_key = CASE WHEN :recipient IS NULL THEN open_key ELSE :open_key END,
             generation = generation + (:recipient IS NOT NULL),
             min_generation = CASE WHEN :recipient IS NULL THEN min_generation ELSE generation + 1 END,
             grace_until = CASE WHEN :recipient IS NULL THEN grace_until END,
             viewed_at = CASE WHEN :recipient IS NULL THEN viewed_at END,
             delivery_id = CASE WHEN :recipient IS NULL THEN delivery_id END,
             remind_at = CASE WHEN :recipient IS NULL THEN COALESCE(:remind_at, remind_at) END,
             reminded = CASE WHEN :recipient IS NULL THEN reminded END,
             payload = COALESCE(:payload, payload),
             label = CASE WHEN :payload IS NULL THEN label ELSE :label END,
             facet = CASE WHEN :payload IS NULL THEN facet ELSE :facet END, display = COALESCE(:display, display), message = CASE WHEN :sets_message THEN :message ELSE message END, expires_at = COALESCE(:new_expires_at, expires_at),
             revision = revision + 1",
        " WHERE i.id = :id AND (:scope IS NULL OR i.scope = :scope)
            AND NOT EXISTS (SELECT 1 FROM invite_invitations AS o WHERE o.open_key = :open_key AND o.id <> :id)",
        guard!("0"),
        " RETURNING ",
        columns_returned!(),
        ", NULL, NULL, NULL"
    );

    LINK = concat!("UPDATE invite_invitations AS i SET revision = revision + 1", by_id!());

    VIEW = concat!("UPDATE invite_invitations AS i SET viewed_at = :viewed_at", by_token!(" AND i.viewed_at IS NULL"));

    FAIL_DELIVERY = concat!(
        "UPDATE invite_invitations AS i SET status = 'delivery_failed', remind_at = NULL, revision = revision + 1",
        by_key!("i.delivery_id = :delivery")
    );

    /// The first that is heard of a letter adds its row. Until then it is queued. `:over` is a JSON array of states.
    RECORD_DELIVERY = "INSERT INTO invite_letters (id, invitation, state, attempts, error, fault, provider_id)
        SELECT i.delivery_id, i.id, :delivery_state, COALESCE(:attempts, 0), :error, :fault, :provider_id
          FROM invite_invitations AS i
         WHERE i.delivery_id = :delivery AND +i.kind = :kind
           AND ('queued' IN (SELECT value FROM json_each(:over))
                OR EXISTS (SELECT 1 FROM invite_letters AS k WHERE k.id = :delivery))
        ON CONFLICT (id) DO UPDATE
        SET state = excluded.state, attempts = COALESCE(:attempts, attempts), error = excluded.error,
            fault = excluded.fault, provider_id = COALESCE(excluded.provider_id, provider_id)
        WHERE state IN (SELECT value FROM json_each(:over))";

    FIND_BY_TOKEN = concat!(
        "SELECT ",
        columns!(),
        ", t.digest, t.generation, t.channel FROM invite_tokens AS t
         JOIN invite_invitations AS i ON i.id = t.invitation",
        letter!(),
        " WHERE t.digest = :digest"
    );

    FIND_BY_ID = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.id = +:id AND +i.kind = :kind AND (:scope IS NULL OR i.scope = :scope)"
    );

    FIND_OPEN = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.open_key = +:open_key"
    );

    FIND_BY_KEY = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.idempotency_key = +:idempotency_key"
    );

    FIND_BY_DELIVERY = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.delivery_id = :delivery AND +i.kind = :kind"
    );

    /// A provider may give a name to more than one letter: then the last.
    FIND_BY_PROVIDER_ID = concat!(
        "SELECT ",
        columns!(),
        ", NULL, NULL, NULL FROM invite_invitations AS i",
        letter!(),
        " WHERE i.delivery_id = (SELECT k.id FROM invite_letters AS k WHERE k.provider_id = :provider_id
                                 ORDER BY k.id DESC LIMIT 1)
            AND +i.kind = :kind"
    );

    LIST_NEWEST_FIRST = list!(columns!(), of_scope_from!(newest), "i.created_at DESC, i.id DESC");

    LIST_OLDEST_FIRST = list!(columns!(), of_scope_from!(oldest), "i.created_at, i.id");

    LIST_EXPIRES_FIRST = list_sorted!(columns!(), concat!(of_scope!(), " AND (i.expires_at, i.id) > (+:after_at, +:after_id)"),
        "i.expires_at, i.id"
    );

    LIST_BY_ADDRESS = list_sorted!(columns!(), concat!(of_scope!(), " AND (i.recipient, i.id) > (+:after_address, +:after_id)"),
        "i.recipient, i.id"
    );

    IMPORT_NEWEST_FIRST = list_sorted!(columns!(), concat!(of_import!(), " AND (+i.created_at, i.id) < (+:after_at, +:after_id)"),
        "+i.created_at DESC, i.id DESC"
    );

    IMPORT_OLDEST_FIRST = list_sorted!(columns!(), concat!(of_import!(), " AND (+i.created_at, i.id) > (+:after_at, +:after_id)"),
        "+i.created_at, i.id"
    );

    IMPORT_EXPIRES_FIRST = list_sorted!(columns!(), concat!(of_import!(), " AND (i.expires_at, i.id) > (+:after_at, +:after_id)"),
        "i.expires_at, i.id"
    );

    IMPORT_BY_ADDRESS = list_sorted!(columns!(), concat!(of_import!(), " AND (i.recipient, i.id) > (+:after_address, +:after_id)"),
        "i.recipient, i.id"
    );

    EVERYWHERE_NEWEST_FIRST = list!(columns!(), of_all_scopes!(), "i.id DESC");

    EVERYWHERE_OLDEST_FIRST = list!(columns!(), of_all_scopes!(), "i.id");

    // The same pages, and of each row only what a list shows.

    ROWS_LIST_NEWEST_FIRST = list!(shown!(), of_scope_from!(newest), "i.created_at DESC, i.id DESC");

    ROWS_LIST_OLDEST_FIRST = list!(shown!(), of_scope_from!(oldest), "i.created_at, i.id");

    ROWS_LIST_EXPIRES_FIRST = list_sorted!(shown!(), concat!(of_scope!(), " AND (i.expires_at, i.id) > (+:after_at, +:after_id)"),
        "i.expires_at, i.id"
    );

    ROWS_LIST_BY_ADDRESS = list_sorted!(shown!(), concat!(of_scope!(), " AND (i.recipient, i.id) > (+:after_address, +:after_id)"),
        "i.recipient, i.id"
    );

    ROWS_IMPORT_NEWEST_FIRST = list_sorted!(shown!(), concat!(of_import!(), " AND (+i.created_at, i.id) < (+:after_at, +:after_id)"),
        "+i.created_at DESC, i.id DESC"
    );

    ROWS_IMPORT_OLDEST_FIRST = list_sorted!(shown!(), concat!(of_import!(), " AND (+i.created_at, i.id) > (+:after_at, +:after_id)"),
        "+i.created_at, i.id"
    );

    ROWS_IMPORT_EXPIRES_FIRST = list_sorted!(shown!(), concat!(of_import!(), " AND (i.expires_at, i.id) > (+:after_at, +:after_id)"),
        "i.expires_at, i.id"
    );

    ROWS_IMPORT_BY_ADDRESS = list_sorted!(shown!(), concat!(of_import!(), " AND (i.recipient, i.id) > (+:after_address, +:after_id)"),
        "i.recipient, i.id"
    );

    ROWS_EVERYWHERE_NEWEST_FIRST = list!(shown!(), of_all_scopes!(), "i.id DESC");

    ROWS_EVERYWHERE_OLDEST_FIRST = list!(shown!(), of_all_scopes!(), "i.id");

    STATS = stats!(of_scope!());

    STATS_OF_IMPORT = stats!(of_import!());

    // An inviter's invitations are counted as they stood at `:as_of`, so that none changes its place from page to page.
    ADDRESSED_TO = concat!(
        "SELECT ",
        columns!(),
        ", i.late FROM (
             SELECT a.*, ROW_NUMBER() OVER (PARTITION BY a.inviter ORDER BY a.created_at DESC, a.id DESC) > :few AS late
               FROM invite_invitations AS a INDEXED BY invite_invitations_recipient
              WHERE a.recipient IN (+:address_1, +:address_2, +:address_3, +:address_4, +:address_5, +:address_6, +:address_7, +:address_8) AND +a.kind = :kind AND +a.created_at <= :as_of AND +a.expires_at > :as_of
                AND (a.ended_at IS NULL OR a.ended_at > :as_of)) AS i",
        letter!(),
        " WHERE i.status IN ('pending', 'delivery_failed') AND i.expires_at > :now
            AND (i.late > :late OR (i.late = :late AND (i.created_at, i.id) < (:after_at, :after_id)))
          ORDER BY i.late, i.created_at DESC, i.id DESC LIMIT +:limit"
    );

    ERASE = "UPDATE invite_invitations
            SET recipient_given = :recipient_given, recipient = :recipient, inviter_address = NULL, payload = :payload,
                display = :display, message = NULL, label = NULL, ended_reason = NULL, delivery_id = NULL
          WHERE id = +:id AND +kind = :kind AND +recipient = :address AND ended_at IS NOT NULL";

    ERASE_LETTERS = "UPDATE invite_letters SET error = NULL, provider_id = NULL WHERE invitation = +:id";

    ERASE_EVENTS = "UPDATE invite_events SET reason = NULL WHERE invitation = +:id AND reason IS NOT NULL";

    /// No index leads to the addresses of inviters: it reads the table.
    FORGET_INVITER = "UPDATE invite_invitations SET inviter_address = NULL
        WHERE inviter_address IN (:address_1, :address_2) AND +kind = :kind";

    OF_ADDRESS = concat!(
        "SELECT ",
        columns!(),
        " FROM (SELECT i.* FROM invite_invitations AS i INDEXED BY invite_invitations_recipient
              WHERE i.recipient = +:recipient AND +i.kind = :kind AND (:scope IS NULL OR i.scope = :scope)
                AND (+i.created_at, i.id) < (:after_at, :after_id)
              ORDER BY i.created_at DESC, i.id DESC LIMIT +:limit) AS i",
        letter!(),
        " ORDER BY i.created_at DESC, i.id DESC"
    );

    // A condition on kind and scope beside the one on the id would have SQLite, once it has analysed the
    // tables, walk a whole scope in the index of the lists, where it finds all three.
    HISTORY = "SELECT e.revision, e.action, e.actor, e.reason, e.at FROM invite_events AS e
        WHERE e.invitation = +:id
          AND (SELECT i.kind = :kind AND i.scope = :scope FROM invite_invitations AS i WHERE i.id = :id) ORDER BY e.id";

    /// Asked outside a transaction, so that an idle worker takes no write lock.
    ANY_LETTERS = "SELECT 1 WHERE EXISTS (SELECT 1 FROM invite_outbox AS o
             WHERE o.ready AND o.not_before <= :now AND (o.lease_until IS NULL OR o.lease_until <= :now)
               AND o.kind IN (SELECT value FROM json_each(:kinds))
               AND o.domain NOT IN (SELECT value FROM json_each(:full)))
        OR EXISTS (SELECT 1 FROM invite_outbox AS o WHERE NOT o.ready AND o.not_before <= :now)";

    /// The first page of each priority, behind `:after` and then up to it.
    WALK = concat!(
        "SELECT * FROM (",
        walk!("o.priority = 0 AND o.scope > +:after"),
        ") UNION ALL SELECT * FROM (",
        walk!("o.priority = 0 AND o.scope <= +:after"),
        ") UNION ALL SELECT * FROM (",
        walk!("o.priority = 1 AND o.scope > +:after"),
        ") UNION ALL SELECT * FROM (",
        walk!("o.priority = 1 AND o.scope <= +:after"),
        ")"
    );

    WALK_ON = walk!("o.priority = +:priority AND o.scope > +:after");

    WALK_ON_UNTIL = walk!("o.priority = +:priority AND o.scope > +:after AND o.scope <= +:until");

    /// Letters whose time has come.
    RIPEN = "UPDATE invite_outbox SET ready = 1 WHERE id IN
        (SELECT id FROM invite_outbox WHERE NOT ready AND not_before <= :now ORDER BY not_before LIMIT 1000)";

    /// A letter, unless somebody has leased it meanwhile, with its invitation.
    TAKE = concat!(
        "SELECT ",
        columns!(),
        ", o.id, o.generation, o.purpose, o.attempt, o.refusals, o.unknowns
           FROM invite_outbox AS o LEFT JOIN invite_invitations AS i ON i.id = o.invitation",
        letter!(),
        " WHERE o.id = +:letter AND o.not_before <= :now AND (o.lease_until IS NULL OR o.lease_until <= :now)"
    );

    LEASE = "UPDATE invite_outbox SET attempt = attempt + 1, lease_owner = :owner, lease_until = :lease_until WHERE id = :letter";

    DISCARD = "DELETE FROM invite_outbox WHERE id = :letter";

    NOW = "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000";

    REMOVE = "DELETE FROM invite_outbox WHERE id = :letter AND lease_owner = :owner AND attempt = :attempt";

    POSTPONE = "UPDATE invite_outbox
        SET not_before = :not_before, ready = 0, refusals = :refusals, unknowns = :unknowns, last_error = :error,
            lease_owner = NULL, lease_until = NULL
        WHERE id = :letter AND lease_owner = :owner AND attempt = :attempt";

    ANY_REMINDERS = concat!("SELECT 1", due_reminders!(""), " LIMIT 1");

    DUE_REMINDERS = concat!("SELECT ", columns!(), due_reminders!(letter!()), " ORDER BY i.remind_at, i.id LIMIT +:limit");

    REMINDED = "UPDATE invite_invitations SET remind_at = :remind_at, reminded = :reminded WHERE id = :id";

    ANY_DUE = concat!(
        "SELECT 1 WHERE EXISTS (SELECT 1",
        due_invitations!(),
        ") OR EXISTS (SELECT 1 FROM invite_outbox WHERE NOT ready AND not_before <= :now)"
    );

    EXPIRE_EVENTS = concat!(
        "INSERT INTO invite_events (invitation, revision, action, actor, at)
         SELECT id, revision + 1, 'expired', 'system', :now",
        due_invitations!(),
        " ORDER BY expires_at, id LIMIT +:limit"
    );

    /// A notice to the inviter for each expired invitation of the kinds in the JSON array `:notify`. One that is queued
    /// already stays.
    EXPIRE_NOTICES = concat!(
        "INSERT INTO invite_outbox
         (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
         SELECT id, kind, id, generation, 'expired', 1, scope,
                lower(substr(inviter_address, instr(inviter_address, '@') + 1)), :now, 1
           FROM (SELECT id, kind, scope, generation, inviter_address",
        due_invitations!(),
        " ORDER BY expires_at, id LIMIT +:limit)
         WHERE inviter_address IS NOT NULL AND kind IN (SELECT value FROM json_each(:notify))
         ON CONFLICT (id) DO NOTHING"
    );

    EXPIRE = concat!(
        "UPDATE invite_invitations SET status = 'expired', ended_at = :now, ended_by = 'system', open_key = NULL,
             remind_at = NULL, revision = revision + 1 WHERE id IN (SELECT id",
        due_invitations!(),
        " ORDER BY expires_at, id LIMIT +:limit)"
    );

    FORGET_ENDED = "DELETE FROM invite_invitations
        WHERE id = +:id AND +kind = :kind AND +scope = :scope
          AND (status NOT IN ('pending', 'delivery_failed') OR expires_at <= :now)";

    ANY_OLD = "SELECT 1 FROM invite_invitations WHERE kind = +:kind AND ended_at <= +:until LIMIT 1";

    OLD = "SELECT id FROM invite_invitations WHERE kind = +:kind AND ended_at <= +:until ORDER BY ended_at, id LIMIT +:limit";

    FORGET_OLD = "DELETE FROM invite_invitations WHERE id = +:id";

    FORGET_QUEUED = "DELETE FROM invite_outbox WHERE invitation = +:id";

    FORGET_TOKENS = "DELETE FROM invite_tokens WHERE invitation = +:id";

    FORGET_LETTERS = "DELETE FROM invite_letters WHERE invitation = +:id";

    FORGET_EVENTS = "DELETE FROM invite_events WHERE invitation = +:id";

    /// What the ledger says of the steps that the database has.
    LEDGER = "SELECT version, checksum, compatible_since FROM invite_migrations ORDER BY version";

    RECORD_MIGRATION = "INSERT INTO invite_migrations (version, checksum, compatible_since)
        VALUES (:version, :checksum, :compatible_since)";
}
