//! Creating many, and saying beforehand what would become of each.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use chrono::{DateTime, Utc};

use super::{MOST, Many, Verdict, too_many};
use crate::{
    actor::Actor,
    authority::Action,
    error::{Error, Field, Problem, StoreError},
    id::InvitationId,
    invitation::{Idempotency, Invitation, NewInvitation, OpenKey, Record},
    kind::Kind,
    service::inserting::TRIES,
    state::EventKind,
    store::{Dispatch, Insertion, InvitationStore, Key, NewEvent, NewLetter, Purpose, Read, each},
};

/// A row that is still to be stored.
struct Draft {
    index: usize,
    record: Record,
    open_key: Option<OpenKey>,
    letter: NewLetter,
}

/// What is in the way of a row.
enum InTheWay {
    /// An open invitation that has not expired.
    Open(InvitationId),
    /// One whose time is over, and which the worker has not ended yet.
    Due(InvitationId),
    /// One that was created with the same key.
    Known(InvitationId, Idempotency),
}

impl<S: InvitationStore, K: Kind> Many<'_, '_, S, K> {
    /// Invites many, at most 1,000, and queues their letters in the same transaction. The answers are in the order of the
    /// rows.
    ///
    /// A longer list goes in several calls, each with its own transaction. Give every row a
    /// [key](NewInvitation::key): then a list that was interrupted can be begun again from the start, and nobody is invited
    /// or mailed twice.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// use invite_core::Verdict;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let me = Actor::new(1);
    /// let list = ["ada@example.com", "grace@example.com", "no address", "ada@example.com"];
    /// let rows = list.iter().enumerate().map(|(line, email)| {
    ///     NewInvitation::new(*email, Membership { role: "member".into() })
    ///         .import("staff.csv")
    ///         .key(format!("staff.csv:{line}"))
    /// });
    /// let mut tx = memory.begin().await;
    /// let verdicts = members.scope("org:7").many().create(&mut tx, &me, rows.collect()).await?;
    /// tx.commit();
    /// let words: Vec<_> = verdicts.iter().map(Verdict::as_str).collect();
    /// assert_eq!(words, ["created", "created", "refused", "repeats"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of the call as a whole: [`Error::Invalid`] (`rows`) for more than 1,000, and for the scope or the actor;
    /// [`Error::NotInTransaction`]; [`Error::Authority`]; [`Error::Store`]; [`Error::Random`]. What is wrong with a row is
    /// its [verdict](Verdict::Refused).
    pub async fn create(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        new: Vec<NewInvitation<K>>,
    ) -> Result<Vec<Verdict<Invitation<K>>>, Error> {
        let now = self.scoped.invitations.now();
        self.scoped.begin_write(conn, actor).await?;
        let (mut verdicts, mut drafts) = self.draft(conn, actor, &new, now).await?;
        let event = NewEvent { kind: EventKind::Created, actor, reason: None, at: now };
        let mut read = Read::Plain;
        for _ in 0..TRIES {
            let mut due = BTreeSet::new();
            for (draft, in_the_way) in self.in_the_way(conn, std::mem::take(&mut drafts), now, read).await? {
                match in_the_way {
                    None => drafts.push(draft),
                    Some(InTheWay::Due(id)) => {
                        due.insert(id);
                        drafts.push(draft);
                    }
                    Some(other) => verdicts[draft.index] = Some(other.verdict(&draft.record)),
                }
            }
            self.expire(conn, due, now).await?;
            let insertions: Vec<_> = (drafts.iter())
                .map(|draft| Insertion {
                    record: &draft.record,
                    open_key: draft.open_key.as_ref(),
                    event: &event,
                    dispatch: Dispatch::Letter(&draft.letter),
                })
                .collect();
            let stored = match insertions.is_empty() {
                true => Vec::new(),
                false => each(self.scoped.invitations.store.insert(conn, &insertions).await?, insertions.len())?,
            };
            for (draft, stored) in std::mem::take(&mut drafts).into_iter().zip(stored) {
                match stored {
                    true => verdicts[draft.index] = Some(Verdict::Created(Invitation::new(draft.record))),
                    false => drafts.push(draft),
                }
            }
            if drafts.is_empty() {
                return verdicts.into_iter().map(|verdict| verdict.ok_or_else(unanswered)).collect();
            }
            // Somebody else stored one for the same address, or with the same key, after the look.
            read = Read::Latest;
        }
        Err(StoreError::changed_meanwhile().into())
    }

    /// What [`create`](Self::create) would answer now, without storing or mailing anything. The
    /// [`Authority`](crate::Authority) is asked as for the creation.
    ///
    /// # Errors
    /// As [`create`](Self::create), but for [`Error::NotInTransaction`].
    pub async fn plan(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        new: &[NewInvitation<K>],
    ) -> Result<Vec<Verdict>, Error> {
        let now = self.scoped.invitations.now();
        self.scoped.check(actor)?;
        let (mut verdicts, drafts) = self.draft(conn, actor, new, now).await?;
        for (draft, in_the_way) in self.in_the_way(conn, drafts, now, Read::Plain).await? {
            verdicts[draft.index] = Some(match in_the_way {
                None | Some(InTheWay::Due(_)) => Verdict::Created(()),
                Some(other) => other.verdict(&draft.record),
            });
        }
        verdicts.into_iter().map(|verdict| verdict.ok_or_else(unanswered)).collect()
    }

    /// Everything that can be said without looking at other invitations, in the order of the rows, and the rows of which
    /// nothing can be said yet.
    async fn draft<T>(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        new: &[NewInvitation<K>],
        now: DateTime<Utc>,
    ) -> Result<(Vec<Option<Verdict<T>>>, Vec<Draft>), Error> {
        if new.len() > MOST {
            return Err(too_many(Field::Rows));
        }
        let invitations = self.scoped.invitations;
        let mut verdicts: Vec<Option<Verdict<T>>> = new.iter().map(|_| None).collect();
        let mut drafts = Vec::with_capacity(new.len());
        for (index, new) in new.iter().enumerate() {
            let letter = invitations.letter(Purpose::Invitation, now)?;
            match self.scoped.draft(actor, new, now, Dispatch::Letter(&letter)) {
                Ok(record) => {
                    let open_key = self.scoped.open_key(&record);
                    drafts.push(Draft { index, record, open_key, letter });
                }
                Err(error @ (Error::Store(_) | Error::Random(_))) => return Err(error),
                Err(error) => verdicts[index] = Some(Verdict::Refused(error)),
            }
        }
        let actions: Vec<_> = drafts.iter().map(|draft| Action::Create(&new[draft.index])).collect();
        let mut answers = self.scoped.ask_all(conn, actor, &actions).await?.into_iter();
        let mut addresses = HashMap::new();
        let mut keys = HashMap::new();
        drafts.retain(|draft| {
            let verdict = match answers.next() {
                Some(Err(error)) => Some(Verdict::Refused(error)),
                Some(Ok(())) | None => repeats(draft, &mut addresses, &mut keys),
            };
            let goes_on = verdict.is_none();
            verdicts[draft.index] = verdict;
            goes_on
        });
        Ok((verdicts, drafts))
    }

    async fn in_the_way(
        &self,
        conn: &mut S::Conn,
        drafts: Vec<Draft>,
        now: DateTime<Utc>,
        read: Read,
    ) -> Result<Vec<(Draft, Option<InTheWay>)>, Error> {
        // In this order: of what is stored between the two looks, the second one sees whether it has the row's own key.
        let keys = drafts.iter().filter_map(|draft| draft.open_key.as_ref()).map(Key::Open);
        let open = self.find_all(conn, keys.collect(), read).await?;
        let keys = drafts.iter().filter_map(|draft| draft.record.idempotency.as_ref()).map(Key::Idempotency);
        let known = self.find_all(conn, keys.collect(), read).await?;
        let (mut known, mut open) = (known.into_iter(), open.into_iter());
        let judged = |draft: Draft| {
            let known = draft.record.idempotency.and_then(|_| known.next().flatten());
            let open = draft.open_key.and_then(|_| open.next().flatten());
            let in_the_way = match (known, open) {
                (Some(known), _) => known.idempotency.map(|key| InTheWay::Known(known.id, key)),
                (None, Some(open)) if open.expires_at > now => Some(InTheWay::Open(open.id)),
                (None, Some(open)) => Some(InTheWay::Due(open.id)),
                (None, None) => None,
            };
            (draft, in_the_way)
        };
        Ok(drafts.into_iter().map(judged).collect())
    }

    async fn find_all(&self, conn: &mut S::Conn, keys: Vec<Key<'_>>, read: Read) -> Result<Vec<Option<Record>>, Error> {
        let found = self.scoped.invitations.find_all(conn, &keys, read).await?;
        Ok(found.into_iter().map(|found| found.map(|found| found.record)).collect())
    }

    /// Ends those whose time is over. One that is not open any more is left as it is.
    async fn expire(&self, conn: &mut S::Conn, due: BTreeSet<InvitationId>, now: DateTime<Utc>) -> Result<(), Error> {
        if due.is_empty() {
            return Ok(());
        }
        let invitations = self.scoped.invitations;
        let notices = due.iter().map(|_| invitations.notice(EventKind::Expired, now)).collect::<Result<Vec<_>, _>>()?;
        let transitions: Vec<_> = (due.into_iter().zip(&notices))
            .map(|(id, notice)| invitations.expiration(id, notice.as_ref(), now))
            .collect();
        invitations.store.apply(conn, &transitions).await?;
        Ok(())
    }
}

impl InTheWay {
    fn verdict<T>(&self, record: &Record) -> Verdict<T> {
        match self {
            Self::Open(id) | Self::Due(id) => Verdict::AlreadyPending(*id),
            Self::Known(id, key) if record.idempotency.is_some_and(|asked| asked.asks_the_same(key)) => {
                Verdict::Existing(*id)
            }
            Self::Known(id, _) => Verdict::Refused(Error::KeyReused(*id)),
        }
    }
}

/// Whether a row before this one has its address or its key. The same key for something else is a mistake that would
/// otherwise lose somebody.
fn repeats<T>(
    draft: &Draft,
    addresses: &mut HashMap<OpenKey, usize>,
    keys: &mut HashMap<[u8; 32], (usize, Idempotency)>,
) -> Option<Verdict<T>> {
    if let Some(key) = draft.record.idempotency {
        match keys.entry(*key.key()) {
            Entry::Occupied(first) if first.get().1.asks_the_same(&key) => {
                return Some(Verdict::Repeats(first.get().0));
            }
            Entry::Occupied(_) => return Some(Verdict::Refused(Error::invalid(Field::Key, Problem::Repeated))),
            Entry::Vacant(place) => {
                place.insert((draft.index, key));
            }
        }
    }
    match addresses.entry(draft.open_key?) {
        Entry::Occupied(first) => Some(Verdict::Repeats(*first.get())),
        Entry::Vacant(place) => {
            place.insert(draft.index);
            None
        }
    }
}

fn unanswered() -> Error {
    StoreError::corrupt("the number of answers").into()
}
