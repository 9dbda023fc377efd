//! The library inside the example's transactions, and these inside each other.

use std::path::Path;

use invite_core::{Accepted, Actor, Claimant, Invitations, Linked, NewInvitation, Policy, Token, Unchecked};
use shared::{DatabaseUrl, Membership, Problem, Role, User};

use crate::{
    database::{
        Conn, NewUser, Pool, Store, connect, insert_member, insert_organization, insert_user, role_of, transaction,
    },
    error::ApiError,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_savepoint_undoes_is_undone_alone() {
    let office = Office::open().await;
    let mut conn = office.pool.get().await.unwrap();
    let (org, ada) = (office.org, office.ada.id);
    let outer = transaction(&mut conn, async |conn| {
        let undone = transaction(conn, async |conn| {
            office.accept(conn).await?;
            insert_member(conn, org, ada, Role::Member, None).await?;
            Err::<(), _>(Problem::already_member().into())
        });
        assert_eq!(undone.await.unwrap_err().code, "already_member");
        assert_eq!(role_of(conn, org, ada).await?, None);
        insert_member(conn, org, ada, Role::Viewer, None).await?;
        transaction(conn, async |conn| office.accept(conn).await).await
    });
    assert!(matches!(outer.await.unwrap(), Accepted::Now(_)), "the first one was undone");
    assert_eq!(role_of(&mut office.pool.get().await.unwrap(), org, ada).await.unwrap(), Some(Role::Viewer));
    assert_eq!(office.events().await, ["created", "accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_undone_with_the_acceptance() {
    let office = Office::open().await;
    let mut conn = office.pool.get().await.unwrap();
    let full = transaction(&mut conn, async |conn| {
        office.accept(conn).await?;
        insert_member(conn, office.org, office.ada.id, Role::Member, None).await?;
        Err::<(), _>(Problem::already_member().into())
    });
    assert_eq!(full.await.unwrap_err().code, "already_member");
    assert_eq!(role_of(&mut conn, office.org, office.ada.id).await.unwrap(), None);
    assert_eq!(office.events().await, ["created"]);
    transaction(&mut conn, async |conn| office.accept(conn).await).await.unwrap();
    assert_eq!(office.events().await, ["created", "accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_half_way_holds_no_lock() {
    let office = Office::open().await;
    let mut conn = office.pool.get().await.unwrap();
    let (reached, there) = tokio::sync::oneshot::channel();
    let half_way = transaction(&mut conn, async |conn| {
        office.accept(conn).await?;
        insert_member(conn, office.org, office.ada.id, Role::Member, None).await?;
        reached.send(()).unwrap();
        std::future::pending::<Result<(), ApiError>>().await
    });
    tokio::select! {
        _ = half_way => unreachable!("it never ends"),
        () = async { there.await.unwrap() } => {}
    }
    drop(conn);

    let mut conn = office.pool.get().await.unwrap();
    assert_eq!(role_of(&mut conn, office.org, office.ada.id).await.unwrap(), None);
    let accepted = transaction(&mut conn, async |conn| office.accept(conn).await).await.unwrap();
    assert!(matches!(accepted, Accepted::Now(_)));
    assert_eq!(office.events().await, ["created", "accepted"]);
}

/// An organization that has invited somebody.
struct Office {
    pool: Pool,
    members: Invitations<Store, Membership>,
    org: i64,
    ada: User,
    invitation: invite_core::InvitationId,
    token: Token,
    _dir: tempfile::TempDir,
}

impl Office {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pool = connect(fresh(dir.path()).await).await.unwrap();
        let members = Invitations::new(Store, Policy::default(), Unchecked);
        let mut conn = pool.get().await.unwrap();
        let email = "ada@example.com";
        let new = NewUser { email, email_canonical: email, full_name: "Ada", password_hash: "" };
        let created = transaction(&mut conn, async |conn| {
            let org = insert_organization(conn, "Engines").await?.id;
            let ada = insert_user(conn, new).await?.ok_or_else(Problem::not_found)?;
            let new = NewInvitation::new(email, Membership { role: Role::Member, name: None });
            Ok((org, ada, members.scope(org).create_with_link(conn, &Actor::System, new).await?))
        });
        let (org, ada, Linked { invitation, token, .. }) = created.await.unwrap();
        drop(conn);
        Self { pool, members, org, ada, invitation: invitation.id, token, _dir: dir }
    }

    async fn accept(&self, conn: &mut Conn) -> Result<Accepted<Membership>, ApiError> {
        let claimant = Claimant::new(self.ada.id).verified(&self.ada.email);
        Ok(self.members.accept(conn, &self.token, &claimant).await?)
    }

    async fn events(&self) -> Vec<&'static str> {
        let mut conn = self.pool.get().await.unwrap();
        let events = self.members.scope(self.org).history(&mut conn, &Actor::System, self.invitation).await.unwrap();
        events.iter().map(|event| event.kind.as_str()).collect()
    }
}

/// The URL of a file, which the example makes.
#[cfg(feature = "sqlite")]
async fn fresh(dir: &Path) -> DatabaseUrl {
    DatabaseUrl::new(format!("sqlite://{}", dir.join("test.sqlite").display()))
}

#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
const SERVER: &str = "INVITE_TEST_POSTGRES_URL";
#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
const SERVER: &str = "INVITE_TEST_MYSQL_URL";

/// The URL of a fresh database on the server that the test command has started, or was told of.
#[cfg(not(feature = "sqlite"))]
async fn fresh(_: &Path) -> DatabaseUrl {
    use std::{
        env, process,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use diesel_async::{AsyncConnection, SimpleAsyncConnection};

    static NAMES: AtomicUsize = AtomicUsize::new(0);

    let mut url: url::Url = env::var(SERVER).expect("`cargo xtask databases` sets it").parse().unwrap();
    let name = format!("actix_diesel_{}_{}", process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
    let mut server = Conn::establish(url.as_str()).await.unwrap();
    server.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    url.set_path(&name);
    DatabaseUrl::new(url.into())
}
