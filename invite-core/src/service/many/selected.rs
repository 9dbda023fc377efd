//! Resending and cancelling many.

use std::collections::{HashMap, HashSet};

use super::{Done, MOST, Many, Selection, too_many};
use crate::{
    actor::Actor,
    authority::Action,
    error::{Error, Field, Problem},
    id::InvitationId,
    invitation::Record,
    kind::Kind,
    list::{Cursor, InvitationQuery},
    service::{ended_by, refusal},
    state::Status,
    store::{InvitationStore, Key, Purpose, Read, Transition, each},
    text,
};

/// The answers so far, of those that were not done.
type Refused = HashMap<InvitationId, Error>;

impl<S: InvitationStore, K: Kind> Many<'_, '_, S, K> {
    /// Has many mailed again, each as [`Scoped::resend`](crate::Scoped::resend) would.
    ///
    /// # Errors
    /// Of the call as a whole: [`Error::Invalid`] for the selection and for the policy's lifetime;
    /// [`Error::NotInTransaction`]; [`Error::Authority`]; [`Error::Store`]; [`Error::Random`]. Why one was not mailed again
    /// stands beside it.
    pub async fn resend(&self, conn: &mut S::Conn, actor: &Actor, selection: &Selection<'_>) -> Result<Done, Error> {
        let now = self.scoped.invitations.now();
        self.scoped.begin_write(conn, actor).await?;
        let (ids, next) = self.select(conn, actor, selection).await?;
        let (permitted, mut refused) = self.permitted(conn, actor, &ids, Action::Resend).await?;
        let letters = permitted.iter().map(|_| self.scoped.invitations.letter(Purpose::Invitation, now));
        let letters = letters.collect::<Result<Vec<_>, _>>()?;
        let transitions = (permitted.iter().zip(&letters))
            .map(|(id, letter)| self.scoped.renewal(actor, *id, letter, now))
            .collect::<Result<Vec<_>, _>>()?;
        self.apply(conn, &permitted, &transitions, &mut refused, |_| false).await?;
        Ok(answer(ids, refused, next))
    }

    /// Takes many back, each as [`Scoped::cancel`](crate::Scoped::cancel) would.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// use invite_core::Selection;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (first, _) = invited(&memory, &members).await;
    /// # let me = Actor::new(1);
    /// let mut tx = memory.begin().await;
    /// let selection = Selection::Ids(vec![first]);
    /// let done = members.scope("org:7").many().cancel(&mut tx, &me, &selection, Some("the project ended")).await?;
    /// tx.commit();
    /// assert_eq!(done.summary(), (1, 0)); // one done, none left as it was
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`resend`](Self::resend), and [`Error::Invalid`] for the reason.
    pub async fn cancel(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        selection: &Selection<'_>,
        reason: Option<&str>,
    ) -> Result<Done, Error> {
        reason.map_or(Ok(()), |reason| text::line(Field::Reason, reason))?;
        let now = self.scoped.invitations.now();
        self.scoped.begin_write(conn, actor).await?;
        let (ids, next) = self.select(conn, actor, selection).await?;
        let (permitted, mut refused) = self.permitted(conn, actor, &ids, Action::Cancel).await?;
        let transitions: Vec<_> =
            permitted.iter().map(|id| self.scoped.cancellation(actor, *id, reason, now)).collect();
        let by_the_same = |record: &Record| ended_by(record, Status::Cancelled, actor);
        self.apply(conn, &permitted, &transitions, &mut refused, by_the_same).await?;
        Ok(answer(ids, refused, next))
    }

    /// The ids, each once, and where the list goes on.
    pub(in crate::service) async fn select(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        selection: &Selection<'_>,
    ) -> Result<(Vec<InvitationId>, Option<Cursor>), Error> {
        let everything;
        let query = match selection {
            Selection::Ids(ids) if ids.len() > MOST => return Err(too_many(Field::Selection)),
            Selection::Ids(ids) => {
                let mut seen = HashSet::new();
                return Ok((ids.iter().copied().filter(|id| seen.insert(*id)).collect(), None));
            }
            Selection::Matching(query) if !query.has_filter() => {
                return Err(Error::invalid(Field::Selection, Problem::Empty));
            }
            Selection::Matching(query) => *query,
            Selection::Everything(page) => {
                everything = InvitationQuery::page(page.after, page.limit);
                &everything
            }
        };
        let page = self.scoped.list(conn, actor, query).await?;
        Ok((page.items.iter().map(|invitation| invitation.id).collect(), page.next))
    }

    /// Those that the authority permits, and the answers to the others.
    async fn permitted(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        ids: &[InvitationId],
        action: fn(InvitationId) -> Action<'static, K>,
    ) -> Result<(Vec<InvitationId>, Refused), Error> {
        let actions: Vec<_> = ids.iter().map(|id| action(*id)).collect();
        let answers = self.scoped.ask_all(conn, actor, &actions).await?;
        let (mut permitted, mut refused) = (Vec::new(), Refused::new());
        for (id, answer) in ids.iter().zip(answers) {
            match answer {
                Ok(()) => permitted.push(*id),
                Err(error) => drop(refused.insert(*id, error)),
            }
        }
        Ok((permitted, refused))
    }

    /// Makes the changes, and adds why others did not happen. What had happened before in the same way is no refusal.
    async fn apply(
        &self,
        conn: &mut S::Conn,
        ids: &[InvitationId],
        transitions: &[Transition<'_>],
        refused: &mut Refused,
        happened_before: impl Fn(&Record) -> bool,
    ) -> Result<(), Error> {
        if transitions.is_empty() {
            return Ok(());
        }
        let changed = each(self.scoped.invitations.store.apply(conn, transitions).await?, transitions.len())?;
        let left: Vec<_> = (ids.iter().zip(transitions).zip(changed))
            .filter_map(|((id, transition), changed)| changed.is_none().then_some((*id, transition)))
            .collect();
        let scope = Some(&self.scoped.scope);
        let keys: Vec<_> = left.iter().map(|(id, _)| Key::Id { kind: K::NAME, scope, id: *id }).collect();
        let found = self.scoped.invitations.find_all(conn, &keys, Read::Latest).await?;
        for ((id, transition), found) in left.into_iter().zip(found) {
            match found.map(|found| found.record) {
                None => drop(refused.insert(id, Error::NotFound)),
                Some(record) if happened_before(&record) => {}
                Some(record) => {
                    refused.insert(id, refusal(&record, &transition.guard, transition.event.kind));
                }
            }
        }
        Ok(())
    }
}

fn answer(ids: Vec<InvitationId>, mut refused: Refused, next: Option<Cursor>) -> Done {
    Done { items: ids.into_iter().map(|id| (id, refused.remove(&id).map_or(Ok(()), Err))).collect(), next }
}
