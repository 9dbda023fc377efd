//! What the load was about to do and was answered, in a file that outlives it.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use invite_core::InvitationId;
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Entry {
    /// An operation is about to be tried.
    Began { operation: String, deed: Deed },
    /// It was answered, after its commit if there was one.
    Ended { operation: String, answer: Answer },
    /// A mail server has the letter, or has refused it; the mailer has not answered yet.
    Mailed(Mail),
    /// All that was mailed in this round of a worker is recorded.
    Settled { round: Round },
    /// The lease of a letter was gone when its fate was to be recorded.
    Lost,
    /// What should not happen, not even while a database is away.
    Trouble { what: String },
}

/// What an operation does; its name is who does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Deed {
    Create { email: String },
    CreateWithLink { email: String },
    Accept { token: String, email: String },
    Reject { token: String },
    Cancel { id: InvitationId },
    Resend { id: InvitationId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// Committed; the token is a new link's.
    Done { id: InvitationId, token: Option<String> },
    /// Nothing was written, and nothing committed.
    Refused { why: String },
    /// The commit was not answered.
    Unknown,
}

/// A letter that left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Mail {
    pub(super) invitation: InvitationId,
    pub(super) delivery: String,
    pub(super) generation: u32,
    pub(super) email: String,
    pub(super) token: String,
    pub(super) taken: bool,
    pub(super) round: Round,
}

/// A worker, and how many rounds it had done before.
pub(super) type Round = (u32, u64);

pub(super) struct Journal {
    file: Mutex<File>,
    life: u32,
    operations: AtomicU64,
}

impl Journal {
    /// Goes on after the last whole line: a kill may have torn the last one.
    pub(super) fn open(path: &Path, life: u32) -> Self {
        let file = File::options().create(true).append(true).open(path).expect("the journal opens");
        let written = fs::read(path).expect("the journal is read");
        let whole = written.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        file.set_len(whole.try_into().expect("a length")).expect("the journal is mended");
        Self { file: Mutex::new(file), life, operations: AtomicU64::new(0) }
    }

    /// Names a new operation.
    pub(super) fn begin(&self, deed: &Deed) -> String {
        let operation = format!("{}.{}", self.life, self.operations.fetch_add(1, Ordering::Relaxed));
        self.write(&Entry::Began { operation: operation.clone(), deed: deed.clone() });
        operation
    }

    pub(super) fn write(&self, entry: &Entry) {
        let mut line = serde_json::to_vec(entry).expect("an entry is JSON");
        line.push(b'\n');
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line).expect("the journal takes a line");
    }

    /// Makes it all outlive the machine too.
    pub(super) fn sync(&self) {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).try_clone();
        file.and_then(|file| file.sync_data()).expect("the journal syncs");
    }
}

/// All whole lines.
pub(super) fn read(path: &Path) -> Vec<Entry> {
    let written = fs::read_to_string(path).expect("the journal is read");
    let whole = written.rfind('\n').map_or("", |end| &written[..end]);
    whole.lines().map(|line| serde_json::from_str(line).expect("the journal reads")).collect()
}

/// What should not have happened, not even while a database is away.
pub(super) fn trouble(path: &Path) -> Vec<String> {
    let trouble = |entry| if let Entry::Trouble { what } = entry { Some(what) } else { None };
    read(path).into_iter().filter_map(trouble).collect()
}
