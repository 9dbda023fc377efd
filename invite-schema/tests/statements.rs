//! The files in `statements/` show what is sent to each database.

#![cfg(all(feature = "mysql", feature = "postgres", feature = "sqlite"))]

use std::{env, fmt::Write, fs, path::PathBuf};

use invite_schema::{Name, Sql, mysql, postgres, sqlite};

/// Set this variable to write the files anew after a change of the templates.
const REWRITE: &str = "INVITE_WRITE_STATEMENTS";

#[test]
fn the_files_show_every_statement_as_it_is_sent() {
    for (database, all) in [("mysql", mysql::sql::ALL), ("postgres", postgres::sql::ALL), ("sqlite", sqlite::sql::ALL)] {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("statements/{database}.sql"));
        let rendered = rendered(all);
        if env::var_os(REWRITE).is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &rendered).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default().replace('\r', "");
        assert!(written == rendered, "{} is not current: run this test with {REWRITE}=1", file.display());
    }
}

#[test]
fn every_name_is_a_place_of_some_statement() {
    let all = [mysql::sql::ALL, postgres::sql::ALL, sqlite::sql::ALL].concat();
    let unused: Vec<_> = Name::ALL.iter().filter(|name| !all.iter().any(|sql| sql.places().contains(name))).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

fn rendered(all: &[Sql]) -> String {
    let mut text = String::from(
        "-- Every statement as it is sent, with the values that its places take. Written by `tests/statements.rs`.\n",
    );
    for sql in all {
        let places: Vec<_> = sql.places().iter().enumerate().map(|(n, name)| format!("{} {}", n + 1, name.as_str())).collect();
        write!(text, "\n-- {}", sql.name()).unwrap();
        if !places.is_empty() {
            write!(text, ": {}", places.join(", ")).unwrap();
        }
        for line in unindented(sql.text()) {
            write!(text, "\n{line}").unwrap();
        }
        text.push_str(";\n");
    }
    text
}

/// The lines without the indentation that the templates have in their source.
fn unindented(text: &str) -> Vec<String> {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().trim_end().to_owned();
    let rest: Vec<_> = lines.map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let indent = rest.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or_default();
    [first].into_iter().chain(rest.into_iter().map(|line| format!("    {}", &line[indent..]))).collect()
}
