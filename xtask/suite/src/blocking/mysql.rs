//! MySQL or MariaDB, by libmysqlclient.

use diesel::{
    MysqlConnection, QueryResult, QueryableByName, RunQueryDsl,
    connection::{AnsiTransactionManager, SimpleConnection},
    sql_types::Binary,
};
use invite_conformance::Damage;
use invite_core::{InvitationId, store::StoreError};
use invite_diesel::blocking::mysql::{self, MySqlStore, store_error};

use super::{AsItComes, Connections, Database, lend, new_database, pool};
use crate::sqlx_mysql::{DUMP, LEVELS};

/// MySQL or MariaDB on the server of the test command.
#[derive(Debug, Default)]
pub struct MySql;

#[derive(QueryableByName)]
struct Dumped {
    #[diesel(sql_type = Binary)]
    row_text: Vec<u8>,
}

impl Database for MySql {
    type Conn = MysqlConnection;
    type Store = MySqlStore;

    const LEVELS: &'static [&'static str] = LEVELS;
    const EMPTY: &'static [&'static str] = &crate::EMPTY;

    fn create(&self) -> Result<Connections<Self>, StoreError> {
        let url = new_database::<MysqlConnection>(&crate::server("INVITE_TEST_MYSQL_URL")?)?;
        let pool = pool(url, crate::connections(), AsItComes)?;
        mysql::migrate(&mut *lend(&pool)?)?;
        Ok(pool)
    }

    fn begin(conn: &mut MysqlConnection, level: &'static str) -> QueryResult<()> {
        AnsiTransactionManager::begin_transaction_sql(conn, level)
    }

    fn move_time_zone(conn: &mut MysqlConnection) -> QueryResult<bool> {
        conn.batch_execute("SET time_zone = '+05:45'")?;
        Ok(true)
    }

    fn damage(conn: &mut MysqlConnection, what: Damage, id: InvitationId) -> QueryResult<bool> {
        let Some(statement) = crate::damage(what) else { return Ok(false) };
        diesel::sql_query(statement).bind::<Binary, _>(id.as_uuid().as_bytes().as_slice()).execute(conn)?;
        Ok(true)
    }

    fn at_rest(conn: &mut MysqlConnection) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        for statement in DUMP {
            let rows: Vec<Dumped> = diesel::sql_query(statement).load(conn).map_err(store_error)?;
            bytes.extend(rows.into_iter().flat_map(|dumped| dumped.row_text));
        }
        Ok(bytes)
    }

    fn store_error(error: diesel::result::Error) -> StoreError {
        store_error(error)
    }
}
