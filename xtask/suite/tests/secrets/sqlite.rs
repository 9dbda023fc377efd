//! In SQLite's files.

use invite_conformance::Harness;
use invite_suite::{drivers::sqlx::Sqlite, kill::Reachable, on::On};

use crate::{
    files::{assert_found, search},
    life::{SCOPE, live},
    search::Sought,
};

#[test]
fn a_secret_is_in_the_letter_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let harness = On::<Sqlite>::default();
    harness.block_on(async {
        let url = harness.create(&folder.path().display().to_string(), "database").await.expect("a database");
        let pool = harness.open(&url, 4).await.expect("connections");
        let life = live(&harness, &pool).await;
        life.mailed_and_said_nothing();
        // Still open: the last to leave would remove the write-ahead log.
        assert_eq!(search(folder.path(), &life.secrets()), []);
        let kept = search(folder.path(), &Sought::default().bytes("the scope", SCOPE.as_bytes()));
        assert_found(&kept, "the scope", "database-wal");
        drop(pool);
    });
}
