//! Which databases a run of the tests is about.

use crate::engine::{ENGINES, Engine};

/// The word that stands in the path of a database's tests, and what the database is called.
const DATABASES: [(&str, &str); 3] = [("sqlite", "SQLite"), ("postgres", "PostgreSQL"), ("mysql", "MySQL/MariaDB")];

/// Some of the databases, or all of them. The store in memory is always among them: it needs nothing.
#[derive(Debug, PartialEq)]
pub(crate) struct Selection {
    left_out: Vec<(&'static str, &'static str)>,
}

impl Selection {
    pub(crate) const ALL: Self = Self { left_out: Vec::new() };

    /// What `--only` names, separated by commas.
    pub(crate) fn only(names: &str) -> Result<Self, String> {
        let names: Vec<&str> = names.split(',').map(str::trim).collect();
        if let Some(unknown) = names.iter().find(|name| DATABASES.iter().all(|(word, _)| word != *name)) {
            return Err(format!(
                "--only takes `sqlite`, `postgres` and `mysql`, separated by commas, and not `{unknown}`"
            ));
        }
        Ok(Self { left_out: DATABASES.into_iter().filter(|(word, _)| !names.contains(word)).collect() })
    }

    /// The servers that the tests need.
    pub(crate) fn engines(&self) -> Vec<&'static Engine> {
        ENGINES.into_iter().filter(|engine| self.left_out.iter().all(|(word, _)| *word != engine.word)).collect()
    }

    /// The words of the databases with a server.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &'static str> {
        self.engines().into_iter().map(|engine| engine.word)
    }

    /// The arguments for `cargo test`: the caller's, and with them what keeps tests from running: those of the other
    /// databases, and those with one of these words in their names.
    pub(crate) fn arguments<'a>(&self, extra: &[&'a str], skipped: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = extra.to_vec();
        let skipped: Vec<&str> = self.left_out.iter().map(|(word, _)| *word).chain(skipped.iter().copied()).collect();
        if !skipped.is_empty() && !extra.contains(&"--") {
            arguments.push("--");
        }
        arguments.extend(skipped.into_iter().flat_map(|word| ["--skip", word]));
        arguments
    }

    /// What to say of it after the results, if there is anything to say.
    pub(crate) fn remark(&self) -> Option<String> {
        let names: Vec<&str> = self.left_out.iter().map(|(_, name)| *name).collect();
        (!names.is_empty()).then(|| format!("left out by --only: {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(selection: &Selection) -> Vec<&'static str> {
        selection.engines().iter().map(|engine| engine.variable).collect()
    }

    #[test]
    fn only_the_servers_that_are_named_are_needed() {
        assert_eq!(variables(&Selection::ALL), ["INVITE_TEST_POSTGRES_URL", "INVITE_TEST_MYSQL_URL"]);
        assert_eq!(variables(&Selection::only("sqlite, mysql").unwrap()), ["INVITE_TEST_MYSQL_URL"]);
        assert!(variables(&Selection::only("sqlite").unwrap()).is_empty());
    }

    #[test]
    fn the_tests_of_the_others_are_skipped_whatever_else_cargo_is_told() {
        let selection = Selection::only("postgres").unwrap();
        let skips = ["--skip", "sqlite", "--skip", "mysql"];
        let added = |extra: &[&'static str], between: &[&'static str]| [extra, between, skips.as_slice()].concat();
        for extra in [&["--test", "stores"][..], &[], &["races"]] {
            assert_eq!(selection.arguments(extra, &[]), added(extra, &["--"]));
        }
        let own = ["--test", "stores", "--", "--test-threads=1", "--skip", "naive"];
        assert_eq!(selection.arguments(&own, &[]), added(&own, &[]));
        assert_eq!(Selection::ALL.arguments(&["races"], &[]), ["races"]);
        assert_eq!(Selection::ALL.arguments(&[], &["slow"]), ["--", "--skip", "slow"]);
    }

    #[test]
    fn what_was_left_out_is_said() {
        let remark = Selection::only("sqlite,mysql").unwrap().remark();
        assert_eq!(remark.as_deref(), Some("left out by --only: PostgreSQL"));
        assert_eq!(Selection::ALL.remark(), None);
        assert_eq!(Selection::only("mysql,sqlite,postgres"), Ok(Selection::ALL));
    }

    #[test]
    fn an_unknown_name_is_one_sentence() {
        let why = "--only takes `sqlite`, `postgres` and `mysql`, separated by commas, and not `oracle`";
        assert_eq!(Selection::only("mysql,oracle"), Err(why.to_owned()));
        assert!(Selection::only("").is_err());
    }
}
