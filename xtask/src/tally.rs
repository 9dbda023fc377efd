//! Counts, while they pass by, the results in the output of `cargo test`, and keeps what is to be repeated.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

/// How a line begins that a test program wants to be read at the end.
const REMARK: &str = "suite: ";

/// The results of one `cargo test`, by test program, and what the programs had to say.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    programs: Vec<(String, Counts)>,
    remarks: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

/// Runs `cargo test`, shows its output, and returns whether it succeeded and what it counted.
pub(crate) fn run(mut command: Command) -> io::Result<(bool, Tally)> {
    const END: &[u8] = b"cargo test has ended";

    // One pipe for both streams: cargo names a test program on stderr, the program counts its tests on stdout.
    let (reader, mut writer) = io::pipe()?;
    let mut child = command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer.try_clone()?).spawn()?;
    // A server that a test failed to stop keeps the pipe open, so its end is marked by a line.
    let waiting = thread::spawn(move || -> io::Result<ExitStatus> {
        let status = child.wait();
        writer.write_all(&[b"\n", END, b"\n"].concat())?;
        status
    });

    let mut tally = Tally::default();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line?;
        if line == END {
            break;
        }
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.read(&line);
    }
    let status = waiting.join().expect("waiting does not panic")?;
    Ok((status.success(), tally))
}

impl Tally {
    fn read(&mut self, line: &str) {
        if let Some(program) = program(line) {
            self.programs.push((program, Counts::default()));
        } else if let (Some(counts), Some((_, last))) = (Counts::parse(line), self.programs.last_mut()) {
            *last += counts;
        } else if line.starts_with(REMARK) {
            self.remarks.push(line.to_owned());
        }
    }
}

/// The name of the test program that cargo starts next, when that is what the line says.
fn program(line: &str) -> Option<String> {
    if let Some(library) = line.strip_prefix("   Doc-tests ") {
        return Some(format!("{library} (documentation)"));
    }
    let (source, path) = line.strip_prefix("     Running ")?.strip_suffix(')')?.rsplit_once(" (")?;
    let (_, file) = path.rsplit_once(['/', '\\'])?;
    let (name, _hash) = file.rsplit_once('-')?;
    Some(format!("{name} ({})", source.strip_prefix("unittests ").unwrap_or(source)))
}

impl Counts {
    fn parse(line: &str) -> Option<Self> {
        let (_verdict, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut parsed = Self::default();
        for part in counts.split("; ") {
            match part.split_once(' ') {
                Some((number, "passed")) => parsed.passed = number.parse().ok()?,
                Some((number, "failed")) => parsed.failed = number.parse().ok()?,
                Some((number, "ignored")) => parsed.ignored = number.parse().ok()?,
                _ => {}
            }
        }
        Some(parsed)
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5} passed {:>3} failed {:>3} ignored", self.passed, self.failed, self.ignored)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = Counts::default();
        for (program, counts) in self.programs.iter().filter(|(_, counts)| *counts != Counts::default()) {
            writeln!(f, "{counts}  {program}")?;
            all += *counts;
        }
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        write!(f, "{all}  in all")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up_by_test_program() {
        let mut tally = Tally::default();
        for line in [
            "   Compiling invite-core v0.1.0",
            "     Running unittests src/lib.rs (target/debug/deps/invite_core-0a1b)",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "     Running unittests src/main.rs (target/debug/deps/empty-0a1b)",
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "     Running tests/walk.rs (target/debug/deps/walk-0a1b)",
            "test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in 9.00s",
            "   Doc-tests invite_core",
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: ok. 6 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ] {
            tally.read(line);
        }
        assert_eq!(
            tally.to_string(),
            "    3 passed   0 failed   0 ignored  invite_core (src/lib.rs)\n    \
             1 passed   2 failed   4 ignored  walk (tests/walk.rs)\n   \
             11 passed   0 failed   0 ignored  invite_core (documentation)\n   \
             15 passed   2 failed   4 ignored  in all"
        );
    }

    #[test]
    fn what_a_program_says_of_itself_is_repeated_before_the_sum() {
        let mut tally = Tally::default();
        for line in [
            "     Running tests/suite.rs (target/debug/deps/suite-0a1b)",
            "suite: PostgreSQL, 150 cases, 24 of 24 mutants killed",
            "of which suite: is no part",
            "test result: ok. 150 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "suite: SQLite, 150 cases, 24 of 24 mutants killed",
        ] {
            tally.read(line);
        }
        assert_eq!(
            tally.to_string(),
            "  150 passed   0 failed   0 ignored  suite (tests/suite.rs)\n\
             suite: PostgreSQL, 150 cases, 24 of 24 mutants killed\n\
             suite: SQLite, 150 cases, 24 of 24 mutants killed\n  \
             150 passed   0 failed   0 ignored  in all"
        );
    }
}
