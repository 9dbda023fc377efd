//! The check believes the journal of a life in which nothing was killed, and no journal that lies.

use std::{
    collections::HashSet,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::Duration,
};

use invite_core::{InvitationId, SystemRandom, TokenFormat, testing::draw_token};
use rand::{SeedableRng, rngs::StdRng};

use super::check;
use crate::{
    drivers::sqlx::Sqlite,
    kill::{
        journal::{self, Answer, Deed, Entry},
        life::Life,
        process::runtime,
        reachable::Reachable,
        world,
    },
    on::On,
};

/// Enough for each kind of answer.
const SERVED: usize = 80;

/// Leads a life, has its journal changed, and returns what the check says of that.
fn found_out(lie: impl FnOnce(&mut Vec<Entry>)) -> String {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let harness = Arc::new(On::<Sqlite>::default());
    let url = runtime.block_on(harness.create(folder.path().to_str().unwrap(), "life.db")).unwrap();
    let life = Life { harness: Arc::clone(&harness), url, number: 0, journal: folder.path().join("journal") };
    runtime.block_on(async {
        let running = life.begin(StdRng::seed_from_u64(7)).await;
        while running.served() < SERVED {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        running.end().await;
        life.inherit().await;
    });

    let mut entries = journal::read(&life.journal);
    let before = entries.len();
    lie(&mut entries);
    let pool = runtime.block_on(harness.open(&life.url, 1)).unwrap();
    let members = world::members(&*harness, world::clock_after(0));
    let checked = panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(check(&*harness, &pool, &members, &world::scope(0), entries, before))
    }));
    let panicked = checked.expect_err("the lie was believed");
    panicked.downcast_ref::<String>().expect("a message with an id").clone()
}

#[test]
fn on_sqlite_an_operation_that_was_answered_and_is_gone_is_found() {
    let said = found_out(|entries| {
        let id = entries.iter().find_map(done).unwrap();
        let operation = "0.lost".to_owned();
        entries.push(Entry::Began { operation: operation.clone(), deed: Deed::Cancel { id } });
        entries.push(Entry::Ended { operation, answer: Answer::Done { id, token: None } });
    });
    assert!(said.contains("was answered as done, and is gone"), "{said}");
}

#[test]
fn on_sqlite_an_operation_that_was_refused_and_happened_is_found() {
    let said = found_out(|entries| {
        let ended = entries.iter_mut().find(|entry| done(entry).is_some()).unwrap();
        if let Entry::Ended { answer, .. } = ended {
            *answer = Answer::Refused { why: "a lie".into() };
        }
    });
    assert!(said.contains("was refused (a lie), and happened"), "{said}");
}

#[test]
fn on_sqlite_a_letter_that_never_left_is_found() {
    let said = found_out(|entries| {
        let mut ending = HashSet::new();
        let mut ended = HashSet::new();
        for entry in entries.iter() {
            if let Entry::Began { operation, deed: Deed::Accept { .. } | Deed::Reject { .. } | Deed::Cancel { .. } } =
                entry
            {
                ending.insert(operation.clone());
            }
            if let Entry::Ended { operation, answer: Answer::Done { id, .. } } = entry
                && ending.contains(operation)
            {
                ended.insert(*id);
            }
        }
        entries
            .retain(|entry| !matches!(entry, Entry::Mailed(mail) if mail.taken && !ended.contains(&mail.invitation)));
    });
    assert!(said.contains("its letter is lost"), "{said}");
}

#[test]
fn on_sqlite_a_mailed_link_that_nobody_knows_is_found() {
    let said = found_out(|entries| {
        let mail = entries.iter_mut().find_map(|entry| if let Entry::Mailed(mail) = entry { Some(mail) } else { None });
        let unknown = draw_token(&SystemRandom, TokenFormat::Prefixed).unwrap();
        mail.unwrap().token = unknown.expose_secret().to_owned();
    });
    assert!(said.contains("answers: invitation not found"), "{said}");
}

#[test]
fn on_sqlite_a_letter_that_two_workers_had_is_found() {
    let said = found_out(|entries| {
        let (number, mail) = first_mail(entries);
        entries.insert(number + 1, mail);
    });
    assert!(said.contains("two workers had one letter"), "{said}");
}

#[test]
fn on_sqlite_a_letter_that_left_again_though_it_was_recorded_is_found() {
    let said = found_out(|entries| {
        let (_, mail) = first_mail(entries);
        entries.push(mail);
    });
    assert!(said.contains("recorded as sent left again"), "{said}");
}

fn done(entry: &Entry) -> Option<InvitationId> {
    match entry {
        Entry::Ended { answer: Answer::Done { id, .. }, .. } => Some(*id),
        Entry::Began { .. }
        | Entry::Ended { .. }
        | Entry::Mailed(_)
        | Entry::Settled { .. }
        | Entry::Lost
        | Entry::Trouble { .. } => None,
    }
}

fn first_mail(entries: &[Entry]) -> (usize, Entry) {
    let mail = |(number, entry): (usize, &Entry)| matches!(entry, Entry::Mailed(_)).then(|| (number, entry.clone()));
    entries.iter().enumerate().find_map(mail).expect("something was mailed")
}
