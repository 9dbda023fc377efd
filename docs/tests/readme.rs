//! The README's table of states says what the code does.

use invite_core::{EventKind, Status};

const README: &str = include_str!("../../README.md");

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// The table whose header names a status: header and rows, without the line between them.
fn table() -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    let mut lines = README.lines().skip_while(|line| !(line.starts_with('|') && cells(line).contains(&"pending")));
    let header = cells(lines.next().expect("there is a table of states"));
    let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect();
    (header, rows)
}

#[test]
fn the_table_has_every_state_and_every_event_kind_in_order() {
    let (header, rows) = table();
    let states: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(header[2..], states);
    let kinds: Vec<_> = EventKind::ALL.iter().map(|kind| format!("`{kind}`")).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), kinds);
}

#[test]
fn every_cell_is_what_the_code_decides() {
    let (_, rows) = table();
    for (kind, row) in EventKind::ALL.into_iter().zip(rows) {
        assert_eq!(row.len(), 2 + Status::ALL.len(), "{kind}");
        for (status, cell) in Status::ALL.into_iter().zip(&row[2..]) {
            assert_eq!(*cell, kind.applied_to(status).map_or("–", |to| to.as_str()), "{kind} from {status}");
        }
    }
}
