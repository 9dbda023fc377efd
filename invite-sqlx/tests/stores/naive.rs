//! The race harness has teeth: a store that looks and then writes fails it.

use async_trait::async_trait;
use futures_util::future::join_all;
use invite_core::{
    Accepted, Claimant, Error, Event, InvitationId, Invitations, Policy, Record, Scope, Status, Unchecked,
    store::{
        AddressedQuery, Found, Guard, Insertion, InvitationStore, Key, ListQuery, Read, RecipientGuard, StoreError,
        Target, TimeGuard, Transition,
    },
    testing,
};
use tokio::sync::Barrier;

use crate::support::*;

/// How many look before the first of them writes; fewer than there are connections.
const LOOKS: usize = 8;

/// Decides in Rust, on what it read before.
struct Naive<S>(S, Barrier);

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
        self.1.wait().await;
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

/// One whole unit of work, done again in a new transaction while the library asks for it: the loop of the
/// documentation.
async fn unit<B: Backend, T>(
    world: &World<B>,
    level: &'static str,
    work: impl AsyncFn(&mut B::Tx) -> Result<T, Error>,
) -> Result<T, Error> {
    loop {
        let mut tx = world.backend.begin_at(level).await?;
        let answer = match work(&mut tx).await {
            Ok(answer) => B::try_commit(tx).await.map(|()| answer).map_err(Error::from),
            Err(error) => {
                B::abandon(tx).await;
                Err(error)
            }
        };
        match answer {
            Err(error) if error.is_retryable() => {}
            ended => return ended,
        }
    }
}

/// How many acceptances of one invitation are let through.
async fn winners<B: Backend>(level: &'static str) -> usize {
    let world = World::<B>::new(Policy::default()).await;
    let store = Naive(B::Store::default(), Barrier::new(LOOKS));
    let naive = Invitations::<_, Membership>::new(store, Policy::default(), Unchecked).clock(world.clock.clone());
    let id = world.invite("ada@example.com").await.id;
    let token = in_a_transaction!(world, tx => testing::deliver(&world.members, &mut tx, id).await.unwrap());
    let answers = join_all((0..LOOKS).map(async |n| {
        let ada = Claimant::new(n).verified("ada@example.com");
        unit(&world, level, async |tx| naive.accept(tx, &token, ada.clone()).await).await
    }));
    answers.await.iter().filter(|answer| matches!(answer, Ok(Accepted::Now(_)))).count()
}

#[tokio::test]
async fn looking_first_lets_several_win_on_postgres_at_read_committed() {
    assert_eq!(winners::<OnPostgres>(OnPostgres::LEVELS[0]).await, LOOKS);
}

#[tokio::test]
async fn looking_first_lets_several_win_on_mysql_at_its_default_level() {
    assert_eq!(winners::<OnMySql>(OnMySql::LEVELS[1]).await, LOOKS);
}
