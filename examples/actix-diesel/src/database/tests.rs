//! The library inside the example's transactions, and these inside each other.

use std::{
    env,
    path::Path,
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use invite_core::{Accepted, Actor, Claimant, Invitations, NewInvitation, Policy, Token, Unchecked};
use shared::{Membership, Problem, Role, User};

use super::*;

macro_rules! on_every_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::sqlite_file).await })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::postgres_database).await })+
        }
        mod mysql {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::mysql_database).await })+
        }
    };
}

on_every_database!(
    what_a_savepoint_undoes_is_undone_alone,
    what_is_refused_is_undone_with_the_acceptance,
    what_is_dropped_half_way_holds_no_lock,
);

async fn what_a_savepoint_undoes_is_undone_alone(make: impl AsyncFn(&Path) -> String) {
    let office = Office::open(make).await;
    let mut conn = office.pool.get().await.unwrap();
    let (org, ada) = (office.org, office.ada.id);
    let outer = conn.transaction(async |conn| {
        let undone = conn.transaction(async |conn| {
            office.accept(conn).await?;
            conn.insert_member(org, ada, Role::Member, None).await?;
            Err::<(), _>(Problem::already_member().into())
        });
        assert_eq!(undone.await.unwrap_err().code, "already_member");
        assert_eq!(conn.role_of(org, ada).await?, None);
        conn.insert_member(org, ada, Role::Viewer, None).await?;
        conn.transaction(async |conn| office.accept(conn).await).await
    });
    assert!(matches!(outer.await.unwrap(), Accepted::Now(_)), "the first one was undone");
    assert_eq!(office.pool.get().await.unwrap().role_of(org, ada).await.unwrap(), Some(Role::Viewer));
    assert_eq!(office.events().await, ["created", "accepted"]);
}

async fn what_is_refused_is_undone_with_the_acceptance(make: impl AsyncFn(&Path) -> String) {
    let office = Office::open(make).await;
    let mut conn = office.pool.get().await.unwrap();
    let full = conn.transaction(async |conn| {
        office.accept(conn).await?;
        conn.insert_member(office.org, office.ada.id, Role::Member, None).await?;
        Err::<(), _>(Problem::already_member().into())
    });
    assert_eq!(full.await.unwrap_err().code, "already_member");
    assert_eq!(conn.role_of(office.org, office.ada.id).await.unwrap(), None);
    assert_eq!(office.events().await, ["created"]);
    conn.transaction(async |conn| office.accept(conn).await).await.unwrap();
    assert_eq!(office.events().await, ["created", "accepted"]);
}

async fn what_is_dropped_half_way_holds_no_lock(make: impl AsyncFn(&Path) -> String) {
    let office = Office::open(make).await;
    let mut conn = office.pool.get().await.unwrap();
    let (reached, there) = tokio::sync::oneshot::channel();
    let half_way = conn.transaction(async |conn| {
        office.accept(conn).await?;
        conn.insert_member(office.org, office.ada.id, Role::Member, None).await?;
        reached.send(()).unwrap();
        std::future::pending::<Result<(), ApiError>>().await
    });
    tokio::select! {
        _ = half_way => unreachable!("it never ends"),
        () = async { there.await.unwrap() } => {}
    }
    drop(conn);

    let mut conn = office.pool.get().await.unwrap();
    assert_eq!(conn.role_of(office.org, office.ada.id).await.unwrap(), None);
    let accepted = conn.transaction(async |conn| office.accept(conn).await).await.unwrap();
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
    async fn open(make: impl AsyncFn(&Path) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pool = Pool::connect(&make(dir.path()).await).await.unwrap();
        let members = Invitations::new(Store, Policy::default(), Unchecked);
        let mut conn = pool.get().await.unwrap();
        let email = "ada@example.com";
        let new = NewUser { email, email_canonical: email, full_name: "Ada", password_hash: "" };
        let (org, ada, (invitation, token)) = conn
            .transaction(async |conn| {
                let org = conn.insert_organization("Engines").await?.id;
                let ada = conn.insert_user(&new).await?.ok_or_else(Problem::not_found)?;
                let new = NewInvitation::new(email, Membership { role: Role::Member });
                Ok((org, ada, members.scope(org).create_with_link(conn, &Actor::System, new).await?))
            })
            .await
            .unwrap();
        drop(conn);
        Self { pool, members, org, ada, invitation: invitation.id, token, _dir: dir }
    }

    async fn accept(&self, conn: &mut Conn) -> Result<Accepted<Membership>, ApiError> {
        let claimant = Claimant::new(self.ada.id).verified(&self.ada.email);
        Ok(self.members.accept(conn, &self.token, claimant).await?)
    }

    async fn events(&self) -> Vec<&'static str> {
        let mut conn = self.pool.get().await.unwrap();
        let events = self.members.scope(self.org).history(&mut conn, &Actor::System, self.invitation).await.unwrap();
        events.iter().map(|event| event.verb.as_str()).collect()
    }
}

#[tokio::test]
async fn of_sqlite_only_the_path_of_a_file_is_read() {
    for url in ["sqlite://app.db?mode=rwc", "sqlite:app%20one.db", "sqlite::memory:"] {
        let refused = Pool::connect(url).await.map(drop).unwrap_err().to_string();
        assert!(refused.contains("the path of a file"), "{url}: {refused}");
    }
}

async fn sqlite_file(dir: &Path) -> String {
    format!("sqlite://{}", dir.join("test.sqlite").display())
}

async fn postgres_database(_: &Path) -> String {
    on_server::<AsyncPgConnection>("INVITE_TEST_POSTGRES_URL").await
}

async fn mysql_database(_: &Path) -> String {
    on_server::<AsyncMysqlConnection>("INVITE_TEST_MYSQL_URL").await
}

/// A fresh database on the server that the test command has started, or was told of.
async fn on_server<C: AsyncConnection + SimpleAsyncConnection>(variable: &str) -> String {
    static NAMES: AtomicUsize = AtomicUsize::new(0);

    let mut url: Url = env::var(variable).expect("`cargo xtask databases` sets it").parse().unwrap();
    let name = format!("actix_diesel_{}_{}", process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
    let mut server = C::establish(url.as_str()).await.unwrap();
    server.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    url.set_path(&name);
    url.into()
}
