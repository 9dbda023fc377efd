//! One schema for both adapters.

use std::fs;

use invite_diesel::Migration;

/// Nothing in the folder is forgotten, and nothing is different from it.
fn are_the_files_of(folder: &str, migrations: &[Migration]) {
    let folder = format!("{}/../invite-sqlx/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let files: Vec<_> = files
        .into_iter()
        .map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&file).unwrap()))
        .collect();
    let migrations: Vec<_> =
        migrations.iter().map(|migration| (migration.name.to_owned(), migration.sql.to_owned())).collect();
    assert_eq!(migrations, files);
}

#[test]
fn the_migrations_are_those_of_the_other_adapter() {
    are_the_files_of("sqlite", invite_diesel::sqlite::MIGRATIONS);
    #[cfg(feature = "mysql")]
    are_the_files_of("mysql", invite_diesel::mysql::MIGRATIONS);
    #[cfg(feature = "postgres")]
    are_the_files_of("postgres", invite_diesel::postgres::MIGRATIONS);

    let ours =
        invite_diesel::sqlite::MIGRATIONS.iter().map(|migration| (migration.version, migration.name, migration.sql));
    let theirs =
        invite_sqlx::sqlite::MIGRATIONS.iter().map(|migration| (migration.version, migration.name, migration.sql));
    assert!(ours.eq(theirs));
}
