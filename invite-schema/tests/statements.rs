//! The files in `statements/` show what is sent to each database.

#![cfg(all(feature = "mysql", feature = "postgres", feature = "sqlite"))]

use std::{env, fmt::Write, fs, path::PathBuf};

use invite_schema::{Name, Sql, mysql, postgres, sqlite};

/// Set this variable to write the files anew after a change of the templates.
const REWRITE: &str = "INVITE_WRITE_STATEMENTS";

#[test]
fn the_files_show_every_statement_as_it_is_sent() {
    for (database, all) in [("mysql", mysql::sql::ALL), ("postgres", postgres::sql::ALL), ("sqlite", sqlite::sql::ALL)]
    {
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
        "-- Every statement as it is sent but for its white space, below the names of the values that its places take.\n\
         -- Written by `tests/statements.rs`.\n",
    );
    for sql in all {
        let places = sql.places().iter().enumerate().map(|(n, name)| format!("{} {}", n + 1, name.as_str()));
        let places = places.collect::<Vec<_>>().join(", ");
        write!(text, "\n-- {}\n", sql.name()).unwrap();
        for line in wrapped(&places, WIDTH) {
            writeln!(text, "--   {line}").unwrap();
        }
        for line in broken(sql.text()) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text.push_str(";\n");
    }
    text
}

/// No line is longer, where it can be broken behind a comma.
const WIDTH: usize = 110;

/// The words that begin a line of their own.
const CLAUSES: [&str; 9] = [
    " FROM ",
    " WHERE ",
    " RETURNING ",
    " SELECT ",
    " SET ",
    " ORDER BY ",
    " VALUES ",
    " INSERT INTO ",
    " ON CONFLICT ",
];

/// The lines of a statement: each clause on its own, those in parentheses further in.
fn broken(text: &str) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut lines, mut line, mut depth, mut from) = (Vec::new(), String::new(), 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b' ' if begins_line(&text[at..], depth == from) && !line.trim().is_empty() => {
                lines.extend(indented(&line, from));
                line.clear();
                from = depth;
            }
            _ => {}
        }
        line.push(char::from(byte));
    }
    lines.extend(indented(&line, from));
    lines
}

fn begins_line(text: &str, is_outermost: bool) -> bool {
    CLAUSES.iter().any(|clause| text.starts_with(clause)) || is_outermost && text.starts_with(" AND ")
}

fn indented(line: &str, depth: usize) -> Vec<String> {
    let indent = "    ".repeat(depth);
    wrapped(line.trim(), WIDTH.saturating_sub(indent.len())).into_iter().map(|line| format!("{indent}{line}")).collect()
}

/// Breaks a line behind commas.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for piece in line.split_inclusive(", ") {
        let last = lines.last_mut().unwrap();
        if !last.is_empty() && last.len() + piece.trim_end().len() > width {
            lines.push(format!("    {piece}"));
        } else {
            last.push_str(piece);
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}
