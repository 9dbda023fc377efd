//! That each `table!` says what the migrated database has.

use diesel::{QueryableByName, debug_query, query_builder::AsQuery};
use diesel_async::RunQueryDsl;
use invite_diesel::schema;

use crate::support;

/// A column: its name, and its type as `table!` writes it.
type Column = (String, String);

#[derive(QueryableByName)]
struct Described {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    declared: String,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    nullable: i64,
}

/// What only the library reads, and would make the table wider than diesel's own feature for 32 columns.
const LEFT_OUT: [&str; 2] = ["idempotency_key", "request_digest"];

/// The columns of a `table!`.
fn of_table<T: AsQuery>(_: T, select: &str) -> Vec<Column> {
    let names = select.split(" FROM ").next().unwrap().split(", ");
    let names = names.map(|name| name.rsplit('.').next().unwrap().trim_matches(['"', '`']).to_owned());
    names.zip(types(std::any::type_name::<T::SqlType>())).collect()
}

/// The types of a tuple, without their paths.
fn types(tuple: &str) -> Vec<String> {
    let tuple = tuple.trim_start_matches('(').trim_end_matches([')', ',']);
    let without_path = |name: &str| name.rsplit("::").next().unwrap().to_owned();
    let column = |column: &str| column.split('<').map(without_path).collect::<Vec<_>>().join("<");
    tuple.split(", ").map(column).collect()
}

/// The columns of a table of the database, by the type that a declaration is read as.
fn of_database(columns: Vec<Described>, read_as: fn(&Described) -> &'static str) -> Vec<Column> {
    let column = |column: Described| {
        let read_as = read_as(&column);
        (column.name, if column.nullable == 1 { format!("Nullable<{read_as}>") } else { read_as.to_owned() })
    };
    columns.into_iter().map(column).collect()
}

macro_rules! every_column_is_there {
    ($conn:expr, $database:ty, $schema:path, $describe:literal, $read_as:expr) => {{
        use $schema as tables;

        every_column_is_there!(@ $conn, $database, $describe, $read_as,
            invite_invitations invite_tokens invite_outbox invite_events invite_migrations);
    }};
    (@ $conn:expr, $database:ty, $describe:literal, $read_as:expr, $($table:ident)*) => {$({
        let table = tables::$table::table;
        let select = debug_query::<$database, _>(&table.as_query()).to_string();
        let select = select.strip_prefix("SELECT ").unwrap().to_owned();
        let describe = $describe.replace("{}", stringify!($table));
        let mut described: Vec<Described> = diesel::sql_query(describe).load(&mut $conn).await.unwrap();
        described.retain(|column| !LEFT_OUT.contains(&column.name.as_str()));
        assert!(!described.is_empty());
        assert_eq!(of_table(table, &select), of_database(described, $read_as), stringify!($table));
    })*};
}

#[tokio::test]
async fn sqlite_has_every_column_that_its_schema_names() {
    let mut conn = support::sqlite::connect(&support::sqlite::fresh().await).await;
    every_column_is_there!(
        conn,
        diesel::sqlite::Sqlite,
        schema::sqlite,
        "SELECT name, type AS declared, \"notnull\" = 0 AS nullable FROM pragma_table_info('{}')",
        |column| match (column.name.as_str(), column.declared.as_str()) {
            ("address_proved" | "ready", "INTEGER") => "Bool",
            (_, "INTEGER") => "BigInt",
            (_, "TEXT") => "Text",
            (_, "BLOB") => "Binary",
            (_, other) => panic!("{other}"),
        }
    );
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgresql_has_every_column_that_its_schema_names() {
    let mut conn = support::postgres::connect(&support::postgres::fresh().await).await;
    every_column_is_there!(
        conn,
        diesel::pg::Pg,
        schema::postgres,
        "SELECT column_name::text AS name, udt_name::text AS declared, \
                CASE is_nullable WHEN 'YES' THEN 1::bigint ELSE 0 END AS nullable \
         FROM information_schema.columns WHERE table_name = '{}' ORDER BY ordinal_position",
        |column| match column.declared.as_str() {
            "uuid" => "Uuid",
            "text" => "Text",
            "jsonb" => "Jsonb",
            "timestamptz" => "Timestamptz",
            "bool" => "Bool",
            "int4" => "Integer",
            "int8" => "BigInt",
            "bytea" => "Binary",
            other => panic!("{other}"),
        }
    );
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn mysql_has_every_column_that_its_schema_names() {
    let mut conn = support::mysql::connect(&support::mysql::fresh().await).await;
    every_column_is_there!(
        conn,
        diesel::mysql::Mysql,
        schema::mysql,
        "SELECT column_name AS name, CONCAT(data_type, IF(column_type LIKE '%unsigned', ' unsigned', '')) AS declared, \
                is_nullable = 'YES' AS nullable \
         FROM information_schema.columns WHERE table_name = '{}' AND table_schema = DATABASE() ORDER BY ordinal_position",
        |column| match column.declared.as_str() {
            "binary" | "varbinary" => "Binary",
            "char" | "varchar" | "text" | "longtext" => "Text",
            "datetime" => "Datetime",
            "tinyint" => "Bool",
            "int" => "Integer",
            "int unsigned" => "Unsigned<Integer>",
            "bigint unsigned" => "Unsigned<BigInt>",
            other => panic!("{other}"),
        }
    );
}
