//! In the files of database servers: tables, logs of what was written, temporary files, and the server's own log.
//!
//! These servers log every statement with all that comes with it, so that what they are told is in a file as it came:
//! in PostgreSQL's tables, long values are compressed.

use std::collections::BTreeSet;

use invite_suite::{
    drivers::sqlx::{MySql, Postgres},
    kill::Reachable,
    on::On,
};
use sqlx::{Connection, Executor, MySqlConnection, PgConnection};
use xtask::{Durability, Engine, Folder, MARIADB, POSTGRES, Server};

use crate::{
    files::{assert_found, plant, search},
    life::{SCOPE, live},
    search::Sought,
};

#[test]
fn a_secret_is_in_no_file_of_postgres() {
    let says_all = async |url: &str| {
        let mut conn = PgConnection::connect(url).await.expect("a connection");
        conn.execute("ALTER DATABASE secrets SET log_statement = 'all'").await.expect("a setting");
    };
    a_secret_is_in_no_file(
        &On::<Postgres>::default(),
        &POSTGRES,
        says_all,
        "PostgreSQL/base/",
        &[
            (SCOPE, "PostgreSQL/base/"),
            (SCOPE, "PostgreSQL/pg_wal/"),
            (SCOPE, "PostgreSQL.log"),
            ("database system is shut down", "PostgreSQL.log"),
        ],
    );
}

#[test]
fn a_secret_is_in_no_file_of_mysql() {
    let says_all = async |url: &str| {
        let mut conn = MySqlConnection::connect(url).await.expect("a connection");
        for setting in ["SET GLOBAL general_log_file = 'statements.log'", "SET GLOBAL general_log = ON"] {
            conn.execute(setting).await.expect("a setting");
        }
    };
    a_secret_is_in_no_file(
        &On::<MySql>::default(),
        &MARIADB,
        says_all,
        "MariaDB/secrets/invite_tokens.ibd",
        &[
            (SCOPE, "MariaDB/secrets/invite_invitations.ibd"),
            (SCOPE, "MariaDB/ib_logfile0"),
            (SCOPE, "MariaDB/statements.log"),
            ("Shutdown complete", "MariaDB.log"),
        ],
    );
}

/// With where digests have to be, and what else has to be in which file.
fn a_secret_is_in_no_file<H: Reachable>(
    harness: &H,
    engine: &'static Engine,
    says_all: impl AsyncFnOnce(&str),
    digests_place: &str,
    places: &[(&str, &str)],
) {
    let folder = Folder::create().expect("a temporary folder");
    let server = Server::start(engine, folder.path(), Durability::Fsync).unwrap_or_else(|why| panic!("{why}"));
    let life = harness.block_on(async {
        let url = harness.create(&server.url(), "secrets").await.expect("a database");
        says_all(&url).await;
        let pool = harness.open(&url, 4).await.expect("connections");
        live(harness, &pool).await
    });
    // Temporary files do not outlive the server.
    assert_eq!(search(folder.path(), &life.secrets()), [], "while it runs");
    drop(server);
    assert_eq!(search(folder.path(), &life.secrets()), [], "after it has stopped");

    // The same search finds what is there, in each kind of file, and whatever stands at the end of any.
    let digests = life.digests();
    let sought = places.iter().fold(Sought::default(), |sought, (what, _)| sought.bytes(what, what.as_bytes()));
    let sought = digests.iter().fold(sought, |sought, (name, digest)| sought.bytes(name, digest));
    let kept = search(folder.path(), &sought);
    for (what, place) in places {
        assert_found(&kept, what, place);
    }
    for (name, _) in &digests {
        assert_found(&kept, name, digests_place);
    }
    let planted = plant(folder.path(), life.known[0].as_bytes());
    let found: BTreeSet<_> = search(folder.path(), &life.secrets()).into_iter().map(|found| found.file).collect();
    assert_eq!(found, planted);
    life.mailed_and_said_nothing();
}
