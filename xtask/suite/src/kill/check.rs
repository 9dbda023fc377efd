//! What must hold after a kill, once another worker has done what was left.

mod events;
#[cfg(test)]
mod lies;
mod mail;

use std::collections::{BTreeMap, HashMap, HashSet};

use invite_core::{Actor, Error, Event, InvitationId, InvitationQuery, NewInvitation, Record, Sort, Status, Token};

use super::{
    figures::Figures,
    journal::{Answer, Deed, Entry, Mail, Round},
    reachable::Reachable,
    world::{Members, Membership},
};

/// The journal of a life, put in order.
#[derive(Default)]
struct Told {
    deeds: BTreeMap<String, (Deed, Option<Answer>)>,
    mails: Vec<Mail>,
    /// How many of the mails were sent before the kill.
    before: usize,
    settled: HashSet<Round>,
}

/// What the database says of a life.
#[derive(Default)]
struct Seen {
    records: HashMap<InvitationId, Record>,
    histories: HashMap<InvitationId, Vec<Event>>,
}

impl Told {
    /// The first so many entries were written before the kill.
    fn new(entries: Vec<Entry>, before: usize) -> Self {
        let mut told = Self::default();
        for (number, entry) in entries.into_iter().enumerate() {
            match entry {
                Entry::Began { operation, deed } => drop(told.deeds.insert(operation, (deed, None))),
                Entry::Ended { operation, answer } => {
                    told.deeds.get_mut(&operation).expect("what ended has begun").1 = Some(answer);
                }
                Entry::Mailed(mail) => {
                    told.mails.push(mail);
                    told.before += usize::from(number < before);
                }
                Entry::Settled { round } => drop(told.settled.insert(round)),
                Entry::Lost | Entry::Trouble { .. } => {}
            }
        }
        told
    }
}

/// Where each invitation of a life stood, and at which revision.
pub(super) type Standing = BTreeMap<InvitationId, (Status, u32)>;

/// What the database says today of where they stand.
pub(super) async fn standing<H: Reachable>(harness: &H, pool: &H::Pool, members: &Members<H>, scope: &str) -> Standing {
    let seen = read(harness, pool, members, scope).await;
    seen.records.into_values().map(|record| (record.id, (record.status, record.revision))).collect()
}

/// Holds what the database says against the journal, whose first so many entries are older than the kill.
pub(super) async fn check<H: Reachable>(
    harness: &H,
    pool: &H::Pool,
    members: &Members<H>,
    scope: &str,
    entries: Vec<Entry>,
    before: usize,
) -> Figures {
    let told = Told::new(entries, before);
    let seen = read(harness, pool, members, scope).await;
    let happened = events::agree(&told, &seen);
    let mailed = mail::nothing_is_lost(&told, &seen);
    links_are_known(harness, pool, members, &told, &seen).await;
    addresses_are_free_or_taken(harness, pool, members, scope, &seen).await;
    let open = |answer: &Option<Answer>| matches!(answer, None | Some(Answer::Unknown));
    Figures {
        kills: 1,
        done: told.deeds.values().filter(|(_, answer)| matches!(answer, Some(Answer::Done { .. }))).count(),
        open: told.deeds.values().filter(|(_, answer)| open(answer)).count(),
        happened,
        ..mailed
    }
}

async fn read<H: Reachable>(harness: &H, pool: &H::Pool, members: &Members<H>, scope: &str) -> Seen {
    let mut seen = Seen::default();
    let (scoped, reader) = (members.scope(scope), Actor::System);
    let mut conn = harness.connect(pool).await.expect("a connection");
    let mut query = InvitationQuery::new().sort(Sort::OldestFirst).limit(200);
    loop {
        let page = scoped.list(&mut conn, &reader, &query).await.expect("a page");
        for invitation in page.items {
            let history = scoped.history(&mut conn, &reader, invitation.id).await.expect("a history");
            seen.histories.insert(invitation.id, history);
            seen.records.insert(invitation.id, invitation.into_record());
        }
        match page.next {
            Some(next) => query = query.after(next),
            None => return seen,
        }
    }
}

/// Every link that ever left the house is known, and says what its invitation says.
async fn links_are_known<H: Reachable>(harness: &H, pool: &H::Pool, members: &Members<H>, told: &Told, seen: &Seen) {
    let mailed = told.mails.iter().map(|mail| (mail.invitation, mail.generation, mail.token.as_str(), true));
    let copied = told.deeds.values().filter_map(|(_, answer)| match answer {
        Some(Answer::Done { id, token: Some(token) }) => Some((*id, 1, token.as_str(), false)),
        Some(Answer::Done { token: None, .. } | Answer::Refused { .. } | Answer::Unknown) | None => None,
    });
    let mut conn = harness.connect(pool).await.expect("a connection");
    for (id, generation, token, by_mail) in mailed.chain(copied) {
        let record = seen.records.get(&id).unwrap_or_else(|| panic!("a link leads to {id}, which is gone"));
        let token: Token = token.parse().expect("a token");
        let said = match members.preview(&mut conn, &token).await {
            Ok(preview) => {
                let shown = preview.proved_recipient().map(invite_core::EmailAddress::as_given);
                assert_eq!(shown, by_mail.then_some(record.recipient.as_given()), "{id}: whose link it is");
                "open"
            }
            Err(Error::Superseded) => "superseded",
            Err(Error::AlreadyAccepted) => "accepted",
            Err(Error::Rejected) => "rejected",
            Err(Error::Cancelled) => "cancelled",
            Err(error) => panic!("a link of {id}, generation {generation}, by mail: {by_mail}, answers: {error}"),
        };
        let expected = match record.status.is_open() {
            true if generation == record.generation => "open",
            true => "superseded",
            false => record.status.as_str(),
        };
        assert_eq!(said, expected, "{id}: a link of generation {generation}");
    }
}

/// An address can be invited again exactly when its earlier invitation has ended.
async fn addresses_are_free_or_taken<H: Reachable>(
    harness: &H,
    pool: &H::Pool,
    members: &Members<H>,
    scope: &str,
    seen: &Seen,
) {
    let mut open: BTreeMap<&str, Option<InvitationId>> = BTreeMap::new();
    for record in seen.records.values() {
        let held = open.entry(record.recipient.as_given()).or_default();
        if record.status.is_open() {
            assert_eq!(*held, None, "{} is open beside another invitation of the same address", record.id);
            *held = Some(record.id);
        }
    }
    for (email, held) in open {
        let mut tx = harness.begin(pool, harness.levels()[0]).await.expect("a transaction");
        let new = NewInvitation::new(email, Membership);
        let answer = members.scope(scope).create(&mut tx, &Actor::System, new).await;
        harness.rollback(tx).await.expect("a rollback");
        match (answer, held) {
            (Ok(_), None) => {}
            (Err(Error::AlreadyPending(id)), Some(held)) => assert_eq!(id, held, "what is in the way"),
            (answer, held) => panic!("invited again: {:?}, while {held:?} is open", answer.map(|_| "done")),
        }
    }
}
