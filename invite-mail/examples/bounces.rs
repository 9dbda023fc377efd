//! Reads a folder of returned mails, `.eml`, `.txt` and mbox files, and says how much of it is understood:
//!
//! ```text
//! cargo run -p invite-mail --example bounces --release -- FOLDER [--verbose]
//! ```
//!
//! To see whether the right delivery is found in mails about letters of others, one id of ours takes the place of the
//! Message-ID that stands in a mail's body, before the mail is read.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use invite_core::store::DeliveryId;
use invite_mail::{ReportReader, StatusReport};

const OURS: &str = "<0192f0c1-7d3e-7a4b-8c2d-1e2f3a4b5c6d@example.com>";

#[derive(Default)]
struct Tally {
    mails: u32,
    read: u32,
    with_id: u32,
    attributed: u32,
    wrongly: u32,
    not_passed_on: u32,
    actions: BTreeMap<String, u32>,
    took: Duration,
}

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or_else(|| io::Error::other("which folder?"))?;
    let verbose = arguments.next().is_some();
    let reader = ReportReader::new();
    let (mut standard, mut others) = (Tally::default(), Tally::default());
    for path in files(Path::new(&folder))? {
        let bytes = fs::read(&path)?;
        for (number, mail) in mails(&bytes).into_iter().enumerate() {
            let is_standard = ["message/delivery-status", "message/feedback-report"].iter().any(|part| {
                let field = format!("content-type: {part}");
                find(mail, &field).is_some()
            });
            let (mail, with_id) = with_our_id(mail);
            let begun = Instant::now();
            let report = reader.read(&mail);
            let took = begun.elapsed();
            let tally = if is_standard { &mut standard } else { &mut others };
            tally.add(report.as_ref(), with_id, took);
            if verbose {
                let found = report.as_ref().map(|report| (report.action(), report.delivery().is_some()));
                let codes = report.as_ref().map(|report| {
                    (
                        report.recipients()[0].code,
                        report.status().map(|code| code.to_string()),
                        report.diagnostic().map(str::to_owned),
                    )
                });
                println!(
                    "{} {number} standard={is_standard} id={with_id} {found:?} {took:?} {codes:?}",
                    path.display()
                );
            }
        }
    }
    standard.print("status and feedback reports");
    others.print("other mails");
    Ok(())
}

impl Tally {
    fn add(&mut self, report: Option<&StatusReport>, with_id: bool, took: Duration) {
        self.mails += 1;
        self.took += took;
        self.with_id += u32::from(with_id);
        let Some(report) = report else { return };
        self.read += 1;
        *self.actions.entry(format!("{:?}", report.action())).or_default() += 1;
        if let Some(delivery) = report.delivery() {
            let right = with_id && DeliveryId::from_message_id(OURS) == Some(delivery);
            *(if right { &mut self.attributed } else { &mut self.wrongly }) += 1;
        }
        // It names no letter, nobody to whom the letter went, or nothing that became of it.
        self.not_passed_on += u32::from(report.delivery_report().is_none());
    }

    fn print(&self, title: &str) {
        let Self { mails, read, with_id, attributed, wrongly, not_passed_on, actions, took } = self;
        let each = took.as_micros() / u128::from((*mails).max(1));
        println!(
            "{title}: {mails}, read {read}, with an id {with_id}, attributed {attributed}, wrongly {wrongly}, {each} us each"
        );
        println!("    {actions:?}, not passed on {not_passed_on}");
    }
}

/// The mail with our id for that of the letter, and whether it held one.
fn with_our_id(mail: &[u8]) -> (Vec<u8>, bool) {
    let body = ["\n\n", "\r\n\r\n", "\r\r"].iter().filter_map(|end| find(mail, end)).min().unwrap_or(0);
    let Some(name) = ["\nmessage-id:", "\rmessage-id:"]
        .iter()
        .filter_map(|name| find(&mail[body..], name))
        .min()
        .map(|at| body + at + 12)
    else {
        return (mail.to_vec(), false);
    };
    let line = mail[name..].iter().take(300);
    let Some(begin) = line.clone().position(|byte| *byte == b'<').map(|at| name + at) else {
        return (mail.to_vec(), false);
    };
    let Some(end) = line.clone().position(|byte| *byte == b'>').map(|at| name + at + 1).filter(|end| *end > begin)
    else {
        return (mail.to_vec(), false);
    };
    let id = mail[begin..end].to_vec();
    let mut replaced = Vec::with_capacity(mail.len() + 100);
    let mut rest = mail;
    while !rest.is_empty() {
        if rest.starts_with(&id) {
            replaced.extend_from_slice(OURS.as_bytes());
            rest = &rest[id.len()..];
        } else {
            replaced.push(rest[0]);
            rest = &rest[1..];
        }
    }
    (replaced, true)
}

/// The mails of an mbox file, or the one of another.
fn mails(bytes: &[u8]) -> Vec<&[u8]> {
    let mut begins: Vec<usize> =
        bytes.windows(7).enumerate().filter(|(_, window)| *window == b"\n\nFrom ").map(|(at, _)| at + 2).collect();
    if !bytes.starts_with(b"From ") {
        begins.clear();
    }
    begins.insert(0, 0);
    begins.push(bytes.len());
    begins.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).filter(|mail| mail.len() > 1).collect()
}

fn find(text: &[u8], wanted: &str) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.starts_with("mbox") || [".eml", ".txt", ".mbox"].iter().any(|end| name.ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
