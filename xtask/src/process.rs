//! Commands: how they are announced, run and reported on.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::locate::locate;

/// What a command prints, if the program exists and succeeds.
pub(crate) fn output(line: &[&str]) -> Option<String> {
    let output = Command::new(locate(line[0]).ok()?).args(&line[1..]).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// The cargo that started this program, at the root of the workspace.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' ')).current_dir(root());
    command
}

/// Runs a command, and fails where it does.
pub(crate) fn finish(mut command: Command) -> Result<(), String> {
    let line = announce(&command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed: {status}")),
        Err(error) => Err(format!("`{line}` did not start: {error}")),
    }
}

/// Prints the command line, and returns it.
pub(crate) fn announce(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    let line = words.join(" ");
    println!("$ {line}");
    line
}

/// Writes a line to stderr. Unlike `eprintln!`, it does not panic if stderr is closed.
pub(crate) fn report(what: &str) {
    let _ = writeln!(io::stderr(), "{what}");
}
