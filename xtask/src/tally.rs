//! Counts, while they pass by, the results in the output of `cargo test`, measures how long each part takes, and keeps
//! what is to be repeated.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a line begins that a test program wants to be read at the end.
const REMARK: &str = "suite: ";

/// A part that ran no test is not worth a line below this.
const BRIEF: Duration = Duration::from_secs(1);

/// What ran, part by part, and what the test programs had to say.
#[derive(Debug)]
pub(crate) struct Tally {
    began: Instant,
    parts: Vec<Part>,
    remarks: Vec<String>,
}

/// A test program, or what happens before the first one.
#[derive(Debug)]
struct Part {
    name: String,
    /// When it began, counted from the beginning of the whole.
    from: Duration,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), parts: Vec::new(), remarks: Vec::new() }
    }

    /// What happens from now on belongs to this part.
    pub(crate) fn begin(&mut self, name: &str) {
        self.begin_at(name.to_owned(), self.began.elapsed());
    }

    /// Runs `cargo test`, shows its output, and returns whether it succeeded. `on` is put before the names of the test
    /// programs.
    pub(crate) fn run(&mut self, mut command: Command, on: &str) -> io::Result<bool> {
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

        for line in BufReader::new(reader).split(b'\n') {
            let line = line?;
            if line == END {
                break;
            }
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            self.read(&line, on, self.began.elapsed());
        }
        let status = waiting.join().expect("waiting does not panic")?;
        Ok(status.success())
    }

    fn read(&mut self, line: &str, on: &str, at: Duration) {
        if let Some(program) = program(line) {
            self.begin_at(format!("{on}{program}"), at);
        } else if let (Some(counts), Some(last)) = (Counts::parse(line), self.parts.last_mut()) {
            last.counts += counts;
        } else if line.starts_with(REMARK) {
            self.remarks.push(line.to_owned());
        }
    }

    fn begin_at(&mut self, name: String, from: Duration) {
        self.parts.push(Part { name, from, counts: Counts::default() });
    }

    /// The table, if all has ended now.
    fn table(&self, end: Duration) -> String {
        let (mut table, mut all) = (String::new(), Counts::default());
        let ends = self.parts.iter().skip(1).map(|part| part.from).chain([end]);
        for (part, end) in self.parts.iter().zip(ends) {
            let took = end - part.from;
            if part.counts != Counts::default() || took >= BRIEF {
                table += &format!("{:>7.1} s {}  {}\n", took.as_secs_f32(), part.counts, part.name);
            }
            all += part.counts;
        }
        for remark in &self.remarks {
            table += remark;
            table.push('\n');
        }
        table + &format!("{:>7.1} s {all}  in all", end.as_secs_f32())
    }

    /// How long it has been since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
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
        f.write_str(&self.table(self.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table after these lines of `cargo test`, one a second.
    fn table_of(lines: &[&str]) -> String {
        let mut tally = Tally::new();
        tally.begin_at("build".to_owned(), Duration::ZERO);
        let mut now = Duration::ZERO;
        for line in lines {
            now += Duration::from_secs(1);
            tally.read(line, "", now);
        }
        tally.table(now)
    }

    #[test]
    fn results_and_times_are_added_up_by_test_program() {
        let table = table_of(&[
            "   Compiling invite-core v0.1.0",
            "     Running unittests src/lib.rs (target/debug/deps/invite_core-0a1b)",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "     Running tests/walk.rs (target/debug/deps/walk-0a1b)",
            "test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in 9.00s",
            "   Doc-tests invite_core",
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: ok. 6 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ]);
        let lines = [
            "    2.0 s     0 passed   0 failed   0 ignored  build",
            "    2.0 s     3 passed   0 failed   0 ignored  invite_core (src/lib.rs)",
            "    2.0 s     1 passed   2 failed   4 ignored  walk (tests/walk.rs)",
            "    2.0 s    11 passed   0 failed   0 ignored  invite_core (documentation)",
            "    8.0 s    15 passed   2 failed   4 ignored  in all",
        ];
        assert_eq!(table, lines.join("\n"));
    }

    #[test]
    fn a_program_without_tests_has_no_line() {
        let mut tally = Tally::new();
        tally.read("     Running unittests src/main.rs (target/debug/deps/empty-0a1b)", "", Duration::ZERO);
        tally.read("     Running tests/http.rs (target/debug/deps/http-0a1b)", "postgres: ", Duration::ZERO);
        tally.read("test result: ok. 1 passed; 0 failed; 0 ignored;", "postgres: ", Duration::ZERO);
        let table = tally.table(Duration::ZERO);
        assert_eq!(
            table.lines().next(),
            Some("    0.0 s     1 passed   0 failed   0 ignored  postgres: http (tests/http.rs)")
        );
        assert_eq!(table.lines().count(), 2);
    }

    #[test]
    fn what_a_program_says_of_itself_is_repeated_before_the_sum() {
        let table = table_of(&[
            "     Running tests/suite.rs (target/debug/deps/suite-0a1b)",
            "suite: PostgreSQL, 150 cases, 24 of 24 mutants killed",
            "of which suite: is no part",
            "test result: ok. 150 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "suite: SQLite, 150 cases, 24 of 24 mutants killed",
        ]);
        let lines: Vec<&str> = table.lines().skip(1).collect();
        let expected = [
            "    4.0 s   150 passed   0 failed   0 ignored  suite (tests/suite.rs)",
            "suite: PostgreSQL, 150 cases, 24 of 24 mutants killed",
            "suite: SQLite, 150 cases, 24 of 24 mutants killed",
            "    5.0 s   150 passed   0 failed   0 ignored  in all",
        ];
        assert_eq!(lines, expected);
    }
}
