//! The constants that hosts copy from are the files in `migrations/`.

#![cfg(all(feature = "mysql", feature = "postgres", feature = "sqlite"))]

use std::fs;

use invite_schema::{Migration, mysql, postgres, sqlite};

#[test]
fn every_file_is_a_step_and_every_step_a_file() {
    for (database, migrations) in [
        ("mysql", mysql::migrate::MIGRATIONS),
        ("postgres", postgres::migrate::MIGRATIONS),
        ("sqlite", sqlite::migrate::MIGRATIONS),
    ] {
        let folder = format!("{}/migrations/{database}", env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let files = files
            .iter()
            .map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(file).unwrap()));
        let steps = migrations.iter().map(|Migration { name, sql, .. }| ((*name).to_owned(), (*sql).to_owned()));
        assert!(files.eq(steps), "{database}");
        let versions = migrations.iter().map(|migration| migration.version);
        assert!(versions.eq((1..).take(migrations.len())), "{database}: numbered from 1 without a gap");
    }
}

#[test]
fn every_statement_of_mysql_can_be_repeated() {
    for migration in mysql::migrate::MIGRATIONS {
        let sql: String = migration.sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        for statement in sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            assert!(statement.starts_with("CREATE TABLE IF NOT EXISTS "), "{}: {statement}", migration.name);
        }
    }
}
