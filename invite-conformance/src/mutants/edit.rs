//! Most ways to be wrong: altering what is asked of a sound store, or what it answers.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Event, InvitationId, Listed, Record, Scope,
    store::{
        AddressedQuery, Counts, DeliveryUpdate, Dispatch, Found, Insertion, Key, LeaseRequest, Leased, ListQuery,
        NewEvent, NewLetter, OfAddress, OpenKey, Read, ReminderDecision, ReminderReport, ReminderScan, Settlement,
        StatsRequest, StoreError, Sweep, Transition, Waiting,
    },
};

use super::spoil::{Below, Spoil};
use crate::erased::Conn;

/// Alterations; each begins as none.
pub(super) struct Edit {
    /// Of a row about to be inserted.
    pub(super) row: fn(&mut Record),
    /// Of the key it is inserted under.
    pub(super) open_key: for<'a> fn(Option<&'a OpenKey>) -> Option<&'a OpenKey>,
    /// Of the event of an insertion or transition.
    pub(super) event: fn(&mut NewEvent<'_>),
    /// Of what goes out with one.
    pub(super) dispatch: for<'a> fn(Dispatch<'a>) -> Dispatch<'a>,
    /// Of a letter about to be queued.
    pub(super) letter: fn(&mut NewLetter),
    /// Of a transition, its guard and its change; one that comes with a settlement too.
    pub(super) transition: fn(&mut Transition<'_>),
    /// Of what a transition answers.
    pub(super) changed: fn(&mut Found),
    /// Of what a transition or a look-up answers.
    pub(super) found: fn(&mut Found),
    /// Of a query for a list.
    pub(super) query: fn(&mut ListQuery<'_>),
    /// Of the rows listed.
    pub(super) page: fn(&ListQuery<'_>, &mut Vec<Record>),
    /// Of the rows of a table.
    pub(super) rows: fn(&ListQuery<'_>, &mut Vec<Listed>),
    /// Of a request for counts.
    pub(super) request: fn(&mut StatsRequest<'_>),
    /// Of what was counted.
    pub(super) counts: fn(&StatsRequest<'_>, &mut Counts),
    /// Of a query for a person's invitations.
    pub(super) person: fn(&mut AddressedQuery<'_>),
    /// Of what it answers.
    pub(super) waiting: fn(&mut Vec<Waiting>),
    /// Of a request for all that is to one address.
    pub(super) of_address: fn(&mut OfAddress<'_>),
    /// Of what it answers.
    pub(super) ever: fn(&mut Vec<Record>),
    /// Of the events read.
    pub(super) history: fn(&mut Vec<Event>),
    /// Of a request to lease letters.
    pub(super) lease: fn(&mut LeaseRequest<'_>),
    /// Of what it leased.
    pub(super) leased: fn(&LeaseRequest<'_>, &mut Leased),
    /// Of a settlement.
    pub(super) settlement: fn(&mut Settlement<'_>),
    /// Of its answer.
    pub(super) settled: fn(bool) -> bool,
    /// Of the instant and the limit of a sweep.
    pub(super) sweep: fn(&mut DateTime<Utc>, &mut u32),
    /// Of its answer.
    pub(super) swept: fn(u64) -> u64,
    /// Of what is written of a letter, with a settlement too.
    pub(super) summary: fn(&mut DeliveryUpdate<'_>),
    /// Of whether it was, by a report.
    pub(super) recorded: fn(bool) -> bool,
    /// Of a look for reminders.
    pub(super) remind: fn(&mut ReminderScan<'_>),
    /// Of what becomes of a row looked at.
    pub(super) decision: fn(&Record, &mut ReminderDecision),
    /// Of an error.
    pub(super) error: fn(StoreError) -> StoreError,
}

impl Edit {
    pub(super) const NONE: Self = Self {
        row: |_| {},
        open_key: |key| key,
        event: |_| {},
        dispatch: |dispatch| dispatch,
        letter: |_| {},
        transition: |_| {},
        changed: |_| {},
        found: |_| {},
        query: |_| {},
        page: |_, _| {},
        rows: |_, _| {},
        request: |_| {},
        counts: |_, _| {},
        person: |_| {},
        waiting: |_| {},
        of_address: |_| {},
        ever: |_| {},
        history: |_| {},
        lease: |_| {},
        leased: |_, _| {},
        settlement: |_| {},
        settled: |settled| settled,
        sweep: |_, _| {},
        swept: |swept| swept,
        summary: |_| {},
        recorded: |recorded| recorded,
        remind: |_| {},
        decision: |_, _| {},
        error: |error| error,
    };

    fn dispatch<'a>(&self, asked: Dispatch<'a>, letter: &'a mut Option<NewLetter>) -> Dispatch<'a> {
        match (self.dispatch)(asked) {
            Dispatch::Letter(queued) => {
                let letter = letter.insert(queued.clone());
                (self.letter)(letter);
                Dispatch::Letter(letter)
            }
            other @ (Dispatch::None | Dispatch::Token(..)) => other,
        }
    }
}

/// A copy to be altered.
pub(super) fn again<'a>(asked: &Transition<'a>) -> Transition<'a> {
    let Transition { guard, change, event, dispatch } = asked;
    Transition { guard: guard.clone(), change: change.clone(), event: event.clone(), dispatch: *dispatch }
}

#[async_trait]
impl Spoil for Edit {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let (mut record, mut event, mut letter) = (new.record.clone(), new.event.clone(), None);
        (self.row)(&mut record);
        (self.event)(&mut event);
        let dispatch = self.dispatch(new.dispatch, &mut letter);
        let open_key = (self.open_key)(new.open_key);
        below.db.insert_one(conn, &Insertion { record: &record, open_key, event: &event, dispatch }).await
    }

    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let (mut asked, mut letter) = (again(asked), None);
        (self.transition)(&mut asked);
        (self.event)(&mut asked.event);
        asked.dispatch = self.dispatch(asked.dispatch, &mut letter);
        let mut found = below.db.apply_one(conn, &asked).await?;
        found.iter_mut().for_each(self.changed);
        found.iter_mut().for_each(self.found);
        Ok(found)
    }

    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        let mut found = below.db.find_one(conn, key, read).await?;
        found.iter_mut().for_each(self.found);
        Ok(found)
    }

    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let mut edited = *query;
        (self.query)(&mut edited);
        let mut records = below.db.list(conn, &edited).await?;
        (self.page)(query, &mut records);
        Ok(records)
    }

    async fn list_rows(
        &self,
        below: &Below,
        conn: &mut Conn,
        query: &ListQuery<'_>,
    ) -> Result<Vec<Listed>, StoreError> {
        let mut edited = *query;
        (self.query)(&mut edited);
        let mut rows = below.db.list_rows(conn, &edited).await?;
        (self.rows)(query, &mut rows);
        Ok(rows)
    }

    async fn stats(&self, below: &Below, conn: &mut Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        let mut edited = *request;
        (self.request)(&mut edited);
        let mut counts = below.db.stats(conn, &edited).await?;
        (self.counts)(request, &mut counts);
        Ok(counts)
    }

    async fn addressed_to(
        &self,
        below: &Below,
        conn: &mut Conn,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Waiting>, StoreError> {
        let mut query = AddressedQuery { ..*query };
        (self.person)(&mut query);
        let mut waiting = below.db.addressed_to(conn, &query).await?;
        (self.waiting)(&mut waiting);
        Ok(waiting)
    }

    async fn of_address(
        &self,
        below: &Below,
        conn: &mut Conn,
        query: &OfAddress<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let mut query = *query;
        (self.of_address)(&mut query);
        let mut records = below.db.of_address(conn, &query).await?;
        (self.ever)(&mut records);
        Ok(records)
    }

    async fn history(
        &self,
        below: &Below,
        conn: &mut Conn,
        (kind, scope, id): (&str, &Scope, InvitationId),
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = below.db.history(conn, kind, scope, id).await?;
        (self.history)(&mut events);
        Ok(events)
    }

    async fn lease(&self, below: &Below, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let mut edited = LeaseRequest { ..*request };
        (self.lease)(&mut edited);
        let mut leased = below.db.lease(&(), &edited).await?;
        (self.leased)(request, &mut leased);
        Ok(leased)
    }

    async fn settle(&self, below: &Below, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let transition = settlement.transition.map(|asked| {
            let mut asked = again(asked);
            (self.transition)(&mut asked);
            (self.event)(&mut asked.event);
            asked
        });
        let mut settlement = Settlement { transition: transition.as_ref(), ..*settlement };
        (self.summary)(&mut settlement.summary);
        (self.settlement)(&mut settlement);
        Ok((self.settled)(below.db.settle_one(&settlement).await?))
    }

    async fn record_delivery(
        &self,
        below: &Below,
        conn: &mut Conn,
        update: &DeliveryUpdate<'_>,
    ) -> Result<bool, StoreError> {
        let mut edited = *update;
        (self.summary)(&mut edited);
        Ok((self.recorded)(below.db.record_one(conn, &edited).await?))
    }

    async fn sweep(&self, below: &Below, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        let mut sweep = *sweep;
        (self.sweep)(&mut sweep.now, &mut sweep.limit);
        Ok((self.swept)(below.db.sweep(&(), &sweep).await?))
    }

    async fn remind(&self, below: &Below, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        let decide = |record: &Record| {
            let mut decision = scan.decide(record)?;
            (self.decision)(record, &mut decision);
            Ok(decision)
        };
        let mut edited = ReminderScan { decide: &decide, ..*scan };
        (self.remind)(&mut edited);
        below.db.remind(&(), &edited).await
    }

    fn error(&self, error: StoreError) -> StoreError {
        (self.error)(error)
    }
}
