//! The race harness has teeth: a store that looks and then writes fails it.

use async_trait::async_trait;
use invite_core::{
    Accepted, Claimant, Event, InvitationId, Invitations, Policy, Record, Scope, Status, Unchecked,
    store::{
        AddressedQuery, Found, Guard, Insertion, InvitationStore, Key, ListQuery, Read, RecipientGuard, StoreError,
        Target, TimeGuard, Transition,
    },
};

use crate::{
    races::{at_once, invited, unit},
    support::*,
};

/// Decides in Rust, on what it read before.
#[derive(Default)]
struct Naive<S>(S);

#[async_trait]
impl<S: InvitationStore> InvitationStore for Naive<S> {
    type Conn = S::Conn;

    fn in_transaction(&self, conn: &mut S::Conn) -> bool {
        self.0.in_transaction(conn)
    }

    async fn lock_for_write(&self, conn: &mut S::Conn) -> Result<(), StoreError> {
        self.0.lock_for_write(conn).await
    }

    async fn insert(&self, conn: &mut S::Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        self.0.insert(conn, new).await
    }

    async fn transition(&self, conn: &mut S::Conn, asked: &Transition<'_>) -> Result<Option<Found>, StoreError> {
        let key = match asked.guard.target {
            Target::Token(digest) => Key::Token(digest),
            Target::Id(id, scope) => Key::Id { kind: asked.guard.kind, scope, id },
        };
        let Some(found) = self.0.find(conn, &key, Read::Plain).await? else { return Ok(None) };
        if !asked.guard.holds(&found.record, found.token.as_ref()) {
            return Ok(None);
        }
        let guard = Guard {
            statuses: [Status::Pending, Status::Accepted],
            time: TimeGuard::Any,
            recipient: RecipientGuard::Anyone,
            ..asked.guard.clone()
        };
        let Transition { change, event, dispatch, .. } = asked;
        let write = Transition { guard, change: change.clone(), event: event.clone(), dispatch: *dispatch };
        self.0.transition(conn, &write).await
    }

    async fn find(&self, conn: &mut S::Conn, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError> {
        self.0.find(conn, key, read).await
    }

    async fn list(&self, conn: &mut S::Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        self.0.list(conn, query).await
    }

    async fn addressed_to(&self, conn: &mut S::Conn, query: &AddressedQuery<'_>) -> Result<Vec<Record>, StoreError> {
        self.0.addressed_to(conn, query).await
    }

    async fn history(
        &self,
        conn: &mut S::Conn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        self.0.history(conn, kind, scope, id).await
    }
}

/// The most acceptances of one invitation that were let through.
async fn most_winners<B: Backend>(level: &'static str) -> usize {
    let world = World::<B>::new(Policy::default()).await;
    let naive = Invitations::<_, Membership>::new(Naive::<B::Store>::default(), Policy::default(), Unchecked)
        .clock(world.clock.clone());
    let mut most = 0;
    for round in 0..10 {
        let email = format!("p{round}@example.com");
        let (_, token) = invited(&world, &email).await;
        let answers = at_once(async |n| {
            unit(&world, level, async |tx| naive.accept(tx, &token, Claimant::new(n).verified(&email)).await).await
        });
        let answers = answers.await;
        most = most.max(answers.iter().filter(|answer| matches!(answer, Ok(Accepted::Now(_)))).count());
    }
    most
}

#[tokio::test]
async fn looking_first_lets_several_win_on_postgres_at_read_committed() {
    assert!(most_winners::<OnPostgres>(OnPostgres::LEVELS[0]).await > 1);
}

#[tokio::test]
async fn looking_first_lets_several_win_on_mysql_at_its_default_level() {
    assert!(most_winners::<OnMySql>(OnMySql::LEVELS[1]).await > 1);
}
