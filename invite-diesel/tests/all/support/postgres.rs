//! PostgreSQL, in a database of its own on the server of the test command. Nobody drops it: the
//! server is thrown away.

pub(crate) use diesel_async::AsyncPgConnection as Conn;
use diesel_async::{
    AsyncConnection, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, deadpool::Pool},
};
pub(crate) use invite_diesel::PgStore as Store;
use invite_diesel::postgres;

/// A fresh database.
pub(crate) async fn fresh() -> String {
    let (server, name) = (super::server("INVITE_TEST_POSTGRES_URL"), super::unique_name());
    connect(&server).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let url = super::beside(&server, &name);
    let mut conn = connect(&url).await;
    postgres::migrate(&mut conn).await.unwrap();
    conn.batch_execute(super::MEMBERSHIPS).await.unwrap();
    url
}

pub(crate) async fn connect(url: &str) -> Conn {
    Conn::establish(url).await.unwrap()
}

pub(crate) fn manager(url: &str) -> AsyncDieselConnectionManager<Conn> {
    AsyncDieselConnectionManager::new(url)
}

pub(crate) fn pool(url: &str, size: usize) -> Pool<Conn> {
    Pool::builder(manager(url)).max_size(size).build().unwrap()
}
