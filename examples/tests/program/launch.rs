use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use super::PATIENCE;

/// Starts a program and reads its output up to the line that says it is ready.
pub(crate) fn launch<T: Send + 'static>(
    command: &mut Command,
    ready: fn(&str) -> Option<T>,
) -> Result<(Child, T), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{name}: {error}"))?;
    // Reading blocks, so another thread does it, and this one can lose patience. It goes on, or the
    // program would one day block on a full pipe.
    let stdout = child.stdout.take().unwrap();
    let (found, answer) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(answer) = ready(&line) {
                let _ = found.send(answer);
            }
        }
    });
    match answer.recv_timeout(PATIENCE) {
        Ok(answer) => Ok((child, answer)),
        Err(_) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(format!("{name} did not start"))
        }
    }
}
