//! What the suite has to know of each database, whichever driver is used.

use invite_conformance::Damage;
use invite_core::InvitationId;

/// What differs between the databases.
#[derive(Debug)]
#[non_exhaustive]
pub struct Facts {
    /// The variable with the URL of the server; a database without a server is a file.
    pub server: Option<&'static str>,
    /// How a transaction begins at each level, in one round trip.
    pub levels: &'static [&'static str],
    /// Empties every table.
    pub empty: &'static [&'static str],
    /// Moves the time zone far from UTC.
    pub time_zone: Option<&'static str>,
    /// An id as a literal.
    pub id: fn(InvitationId) -> String,
    /// Every row of every table, as the bytes of one column. Of a file, its path.
    pub dump: &'static [&'static str],
    /// Waits inside a transaction until no other one is open. A server ends those of killed clients, and those that it
    /// finds when it starts, while it serves others: until then, a worker passes over the letters that they hold.
    pub quiet: &'static [&'static str],
}

impl Facts {
    /// The statement that spoils a row.
    pub(crate) fn damage(&self, what: Damage, id: InvitationId) -> Option<String> {
        let id = (self.id)(id);
        let spoiled = match what {
            Damage::DeliveryState => {
                return Some(format!(
                    "INSERT INTO invite_letters (id, invitation, state, attempts) \
                     SELECT delivery_id, id, 'lost', 1 FROM invite_invitations WHERE id = {id}"
                ));
            }
            Damage::Inviter => "inviter = 'nobody'",
            Damage::Recipient => "recipient_given = 'x'",
            _ => return None,
        };
        Some(format!("UPDATE invite_invitations SET {spoiled} WHERE id = {id}"))
    }
}

/// PostgreSQL.
pub static POSTGRES: Facts = Facts {
    server: Some("INVITE_TEST_POSTGRES_URL"),
    levels: &[
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "BEGIN ISOLATION LEVEL REPEATABLE READ",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
    ],
    empty: &["TRUNCATE invite_invitations, invite_tokens, invite_outbox, invite_letters, invite_events"],
    time_zone: Some("SET LOCAL TIME ZONE 'Asia/Kathmandu'"),
    id: |id| format!("'{}'", id.as_uuid()),
    dump: &[
        "SELECT convert_to(invite_invitations::text, 'UTF8') AS bytes FROM invite_invitations",
        "SELECT convert_to(invite_tokens::text, 'UTF8') AS bytes FROM invite_tokens",
        "SELECT convert_to(invite_outbox::text, 'UTF8') AS bytes FROM invite_outbox",
        "SELECT convert_to(invite_letters::text, 'UTF8') AS bytes FROM invite_letters",
        "SELECT convert_to(invite_events::text, 'UTF8') AS bytes FROM invite_events",
    ],
    quiet: &["LOCK TABLE invite_invitations, invite_outbox IN ACCESS EXCLUSIVE MODE"],
};

/// MySQL or MariaDB.
pub static MYSQL: Facts = Facts {
    server: Some("INVITE_TEST_MYSQL_URL"),
    levels: &[
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; BEGIN",
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN",
    ],
    empty: &DELETE,
    time_zone: Some("SET time_zone = '+05:45'"),
    id: hex,
    dump: &[
        "SELECT CONCAT_WS(' ', id, kind, scope, recipient_given, recipient, inviter, payload, display, message, \
            locale, ended_by, ended_reason, open_key) AS bytes FROM invite_invitations",
        "SELECT CONCAT_WS(' ', digest, invitation, channel) AS bytes FROM invite_tokens",
        "SELECT CONCAT_WS(' ', id, kind, invitation, purpose, lease_owner, last_error) AS bytes FROM invite_outbox",
        "SELECT CONCAT_WS(' ', id, invitation, state, error) AS bytes FROM invite_letters",
        "SELECT CONCAT_WS(' ', invitation, action, actor, reason) AS bytes FROM invite_events",
    ],
    // All rows, with locks: transactions that the server finds when it starts hold those, and no table's.
    quiet: &["SELECT id FROM invite_invitations FOR UPDATE", "SELECT id FROM invite_outbox FOR UPDATE"],
};

/// SQLite.
pub static SQLITE: Facts = Facts {
    server: None,
    levels: &["BEGIN", "BEGIN IMMEDIATE"],
    empty: &DELETE,
    time_zone: None,
    id: hex,
    dump: &["SELECT CAST(file AS BLOB) AS bytes FROM pragma_database_list WHERE name = 'main'"],
    // Nothing of a killed process holds a file.
    quiet: &[],
};

const DELETE: [&str; 5] = [
    "DELETE FROM invite_invitations",
    "DELETE FROM invite_tokens",
    "DELETE FROM invite_outbox",
    "DELETE FROM invite_letters",
    "DELETE FROM invite_events",
];

fn hex(id: InvitationId) -> String {
    format!("x'{}'", id.as_uuid().simple())
}
