//! A list of people as somebody pastes it: addresses, or CSV with a header line.

use std::collections::HashMap;

use crate::{Problem, Role, bulk::Row};

/// The most people of one list.
const MOST: usize = 5_000;

/// Of an address, as much as goes into a key, which has a limit.
const KEY_CHARS: usize = 130;

/// One person of the list.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub number: usize,
    pub email: String,
    pub name: Option<String>,
    /// As it was written; empty where the list does not say.
    pub role: String,
    /// The line above with the same address.
    pub repeats: Option<usize>,
}

/// Reads the list. With a header line that names a column `email`, it is CSV (commas, semicolons or tabs), with the columns
/// `name` and `role` if there are such, in any order. Without, it is addresses, with anything between.
///
/// # Errors
/// Nobody is in it, or too many are.
pub fn read(text: &str) -> Result<Vec<Line>, Problem> {
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or_default();
    let separator = [';', '\t'].into_iter().find(|separator| header.contains(*separator)).unwrap_or(',');
    let names: Vec<_> = cells(header, separator).into_iter().map(|(_, cells)| cells).next().unwrap_or_default();
    let column = |name: &str| names.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
    let mut lines = match column("email") {
        Some(email) => table(text, separator, (email, column("name"), column("role"))),
        None => addresses(text),
    };
    if lines.is_empty() {
        return Err(Problem::invalid("list", "list is empty"));
    }
    if lines.len() > MOST {
        return Err(Problem::invalid("list", format!("list has {} people, and {MOST} are the most", lines.len())));
    }
    let mut first = HashMap::new();
    for line in &mut lines {
        let above = *first.entry(line.email.to_lowercase()).or_insert(line.number);
        line.repeats = Some(above).filter(|above| *above != line.number);
    }
    Ok(lines)
}

impl Line {
    /// As a row to invite. The key stays the same if the list is sent again, also with more lines, so nobody is invited
    /// twice by it.
    ///
    /// # Errors
    /// The role is none.
    pub fn row(&self, role: Role, message: &str, import: &str) -> Result<Row, Problem> {
        let word = self.role.to_lowercase();
        let given = || Role::try_from(word.clone()).map_err(|_| Problem::invalid("role", "There is no such role."));
        let email: String = self.email.to_lowercase().chars().take(KEY_CHARS).collect();
        Ok(Row {
            email: self.email.clone(),
            role: if word.is_empty() { role } else { given()? },
            name: self.name.clone(),
            message: Some(message.into()),
            expires_in_hours: None,
            locale: None,
            key: Some(format!("{import}:{email}")),
        })
    }
}

fn table(text: &str, separator: char, (email, name, role): (usize, Option<usize>, Option<usize>)) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, cells) in cells(text, separator).into_iter().skip(1) {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", |cell| cell.trim());
        let name = Some(cell(name)).filter(|name| !name.is_empty()).map(Into::into);
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            let (email, role) = (cell(Some(email)).into(), cell(role).into());
            lines.push(Line { number, email, name, role, repeats: None });
        }
    }
    lines
}

/// Of `Ada <ada@example.com>, grace@example.com` both, and the name.
fn addresses(text: &str) -> Vec<Line> {
    let parts = text.split([',', ';', '\n', '\r']).map(str::trim).filter(|part| !part.is_empty());
    let mut lines = Vec::new();
    for part in parts {
        let named = part.split_once('<').map(|(name, rest)| (name.trim(), rest.trim_end_matches('>').trim()));
        let (name, several) = named.unwrap_or(("", part));
        for email in several.split_whitespace() {
            let name = Some(name.trim_matches('"').to_owned()).filter(|name| !name.is_empty());
            lines.push(Line { number: lines.len() + 1, email: email.into(), name, role: String::new(), repeats: None });
        }
    }
    lines
}

/// The records of a CSV file (RFC 4180), each with the line it begins in.
fn cells(text: &str, separator: char) -> Vec<(usize, Vec<String>)> {
    let (mut records, mut record, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut began, mut quoted) = (1, 1, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
            _ if letter == separator && !quoted => record.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut cell));
                records.push((began, std::mem::take(&mut record)));
                line += 1;
                began = line;
            }
            _ => {
                line += usize::from(letter == '\n');
                cell.push(letter);
            }
        }
    }
    record.push(cell);
    records.push((began, record));
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(usize, String, String, String)> {
        let line = |line: Line| (line.number, line.email, line.name.unwrap_or_default(), line.role);
        read(text).unwrap().into_iter().map(line).collect()
    }

    fn line(number: usize, email: &str, name: &str, role: &str) -> (usize, String, String, String) {
        (number, email.into(), name.into(), role.into())
    }

    #[test]
    fn addresses_may_have_anything_between() {
        let list = said("a@x.org, b@x.org;c@x.org\r\n\n d@x.org e@x.org\n\"Ada B\" <f@x.org>\nnobody");
        let emails: Vec<_> = list.iter().map(|line| line.1.as_str()).collect();
        assert_eq!(emails, ["a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org", "f@x.org", "nobody"]);
        assert_eq!(list[5], line(6, "f@x.org", "Ada B", ""));
    }

    #[test]
    fn a_header_makes_it_a_table() {
        let list = said("\u{feff}Role;E;Email;Name\r\nadmin;;a@x.org;\"Ada; \"\"B\"\"\nC\"\r\n;;;\n;1;b@x.org\n");
        assert_eq!(list, [line(2, "a@x.org", "Ada; \"B\"\nC", "admin"), line(5, "b@x.org", "", "")]);
    }

    #[test]
    fn the_same_address_again_is_told() {
        let lines = read("email\na@x.org\nA@X.org\nb@x.org").unwrap();
        let repeats: Vec<_> = lines.iter().map(|line| line.repeats).collect();
        assert_eq!(repeats, [None, Some(2), None]);
    }

    #[test]
    fn nobody_and_too_many_are_refused() {
        assert_eq!(read(" \n,").unwrap_err().field.as_deref(), Some("list"));
        assert_eq!(read("email,name\n").unwrap_err().field.as_deref(), Some("list"));
        assert!(read(&"a@x.org ".repeat(MOST)).is_ok() && read(&"a@x.org ".repeat(MOST + 1)).is_err());
    }
}
