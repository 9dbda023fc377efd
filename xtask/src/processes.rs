//! Ends a process together with its children, as a power cut would.

use std::fs;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(1);

/// Sends a signal, as `kill` calls it. The shell's own `kill`: the program is not on every machine.
pub(crate) fn signal(name: &str, processes: &[u32]) {
    let _ = Command::new("sh")
        .args(["-c", "kill -s \"$0\" \"$@\"", name])
        .args(processes.iter().map(u32::to_string))
        .status();
}

/// Ends a process and its children by SIGKILL, and returns when all of them are gone.
///
/// PostgreSQL's children leave its process group, and outlive it for a while: until the last of them is gone, no other
/// server may have their folder.
pub(crate) fn kill_at_once(process: &mut Child) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let parent = process.id();
    // A process that stands still has no more children than those we see.
    signal("STOP", &[parent]);
    wait(deadline, || Process::read(parent).is_none_or(|process| process.state == 'T' || process.is_gone()))?;
    let children: Vec<Process> = all()?.into_iter().filter(|process| process.parent == parent).collect();
    let family: Vec<u32> = children.iter().map(|child| child.id).chain([parent]).collect();
    signal("KILL", &family);
    process.wait().map_err(|error| format!("process {parent}: {error}"))?;
    wait(deadline, || {
        children.iter().all(|child| {
            // Who has the number now may be another.
            Process::read(child.id).is_none_or(|now| now.started != child.started || now.is_gone())
        })
    })
}

fn wait(deadline: Instant, done: impl Fn() -> bool) -> Result<(), String> {
    while !done() {
        if Instant::now() > deadline {
            return Err("a process was told to end, and did not".to_owned());
        }
        thread::sleep(POLL);
    }
    Ok(())
}

fn all() -> Result<Vec<Process>, String> {
    let entries = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(numbers.filter_map(Process::read).collect())
}

/// What Linux says of a process.
struct Process {
    id: u32,
    parent: u32,
    state: char,
    /// With the number it is unique.
    started: u64,
}

impl Process {
    fn read(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        Self::parse(id, &stat)
    }

    fn parse(id: u32, stat: &str) -> Option<Self> {
        // The name before the last parenthesis may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self {
            id,
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    /// Dead, even if nobody has asked for its status yet.
    fn is_gone(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use super::*;

    #[test]
    fn a_process_is_read_whatever_it_is_called() {
        let stat = "7 (a (b) c) S 3 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 10";
        let process = Process::parse(7, stat).unwrap();
        assert_eq!((process.state, process.parent, process.started), ('S', 3, 4242));
    }

    #[test]
    fn a_child_ends_with_its_parent_even_from_a_group_of_its_own() {
        let mut parent =
            Command::new("sh").args(["-c", "setsid sleep 600 & echo $!; wait"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let child: u32 = line.trim().parse().unwrap();
        kill_at_once(&mut parent).unwrap();
        assert!(Process::read(child).is_none_or(|process| process.is_gone()));
    }
}
