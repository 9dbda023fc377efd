//! Whose the servers are: PostgreSQL refuses to be root's, so where root starts them they are nobody's.

use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::process::output;

/// The user, and the group of that name or of `nogroup`, on every Linux.
const NOBODY: u32 = 65534;

pub(crate) fn is_root() -> bool {
    output(&["id", "-u"]).is_some_and(|id| id.trim() == "0")
}

/// Makes a folder the servers' own.
pub(crate) fn give(folder: &Path) -> io::Result<()> {
    if is_root() {
        chown(folder, Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}

/// Has a command run as the servers' user.
pub(crate) fn switch(command: &mut Command) {
    if is_root() {
        // With another user's id, the standard library gives up root's further groups as well.
        command.uid(NOBODY).gid(NOBODY);
    }
}
