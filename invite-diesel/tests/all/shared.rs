//! One SQLite, in one program, under both adapters at once.

use diesel_async::AsyncConnection;
use invite_core::{
    Accepted, Actor, Amendment, Claimant, InvitationQuery, Invitations, Linked, NewInvitation, Outcome, Refusal, Token,
    Worker,
    store::{InvitationStore, Key, Read},
    testing::{self, CapturingMailer},
};
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::support::{sqlite as db, *};

/// One invitation for every way it can go, and every column with something in it somewhere.
async fn write<S: InvitationStore>(members: &Invitations<S, Membership>, conn: &mut S::Conn) -> Vec<Token> {
    let (scoped, admin) = (members.scope("örg:7"), Actor::new("ädmin"));
    let wordy = |email: &str| {
        NewInvitation::new(email, Membership { role: "ädmin \u{1F511}".into() })
            .display(&serde_json::json!({ "organization": "Ünion \"quoted\"", "seats": 3.5, "nothing": null }))
            .message("Grüße,\nMax")
            .locale("de-CH")
    };
    let ada = Claimant::new("adä").verified("Ada@Example.com");
    let mut tokens = Vec::new();

    let open = scoped.create(conn, &admin, wordy("Open@Example.com")).await.unwrap();
    let token = testing::deliver(members, conn, open.id).await.unwrap();
    assert!(members.mark_viewed(conn, &token).await.unwrap());
    tokens.push(token);

    let accepted = scoped.create(conn, &admin, wordy("Ada@Example.com")).await.unwrap();
    let token = testing::deliver(members, conn, accepted.id).await.unwrap();
    assert!(matches!(members.accept(conn, &token, &ada).await.unwrap(), Accepted::Now(_)));
    tokens.push(token);

    let token = scoped.create_with_link(conn, &admin, wordy("rejected@example.com")).await.unwrap().token;
    members.reject(conn, &token, &Actor::Bearer, Some("zu weit")).await.unwrap();
    tokens.push(token);

    let Linked { invitation: cancelled, token, .. } =
        scoped.create_with_link(conn, &admin, wordy("cancelled@example.com")).await.unwrap();
    scoped.cancel(conn, &admin, cancelled.id, Some("Stelle gestrichen")).await.unwrap();
    tokens.push(token);

    let Linked { invitation: amended, token, .. } =
        scoped.create_with_link(conn, &admin, new("amended@example.com")).await.unwrap();
    let amendment = Amendment::new().email("anew@example.com").message("an anderem Ort");
    scoped.amend(conn, &admin, amended.id, &amendment).await.unwrap();
    tokens.push(token);
    tokens
}

/// Whatever one wrote, both read alike.
async fn read_alike(url: &str, pool: &SqlitePool, tokens: &[Token]) {
    let (mut ours, mut theirs) = (db::connect(url).await, pool.acquire().await.unwrap());
    let (by_diesel, by_sqlx) = (invite_diesel::SqliteStore, invite_sqlx::SqliteStore);
    for token in tokens {
        let digest = testing::digest::<Membership>(token);
        let key = Key::Token(&digest);
        let one = by_diesel.find(&mut ours, &[key], Read::Plain).await.unwrap().remove(0).unwrap();
        let other = by_sqlx.find(&mut theirs, &[key], Read::Plain).await.unwrap().remove(0).unwrap();
        assert!(one.record == other.record, "{}", one.record.id);
        let (one, other) = (one.token.unwrap(), other.token.unwrap());
        assert_eq!((one.generation, one.channel), (other.generation, other.channel));
        assert_eq!(one.digest.as_bytes(), other.digest.as_bytes());
    }
    let (scope, admin) = ("örg:7", Actor::new("ädmin"));
    let (our_members, their_members) = (members::<invite_diesel::SqliteStore>(), members::<invite_sqlx::SqliteStore>());
    let our_page = our_members.scope(scope).list(&mut ours, &admin, &InvitationQuery::new()).await.unwrap();
    let their_page = their_members.scope(scope).list(&mut theirs, &admin, &InvitationQuery::new()).await.unwrap();
    let ids = |items: &[invite_core::Invitation<Membership>]| items.iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(ids(&our_page.items), ids(&their_page.items));
    assert_eq!(our_page.items.len(), tokens.len());
    for id in ids(&our_page.items) {
        let one = our_members.scope(scope).history(&mut ours, &admin, id).await.unwrap();
        assert_eq!(one, their_members.scope(scope).history(&mut theirs, &admin, id).await.unwrap());
        assert!(!one.is_empty());
    }
}

/// Each column's storage classes, over all rows.
async fn classes(pool: &SqlitePool) -> Vec<(String, String)> {
    let columns = "SELECT m.name AS tab, p.name AS col FROM sqlite_master AS m, pragma_table_info(m.name) AS p \
                   WHERE m.name IN ('invite_invitations', 'invite_tokens', 'invite_outbox', 'invite_events') ORDER BY 1, 2";
    let mut classes = Vec::new();
    for row in sqlx::query(columns).fetch_all(pool).await.unwrap() {
        let (table, column): (String, String) = (row.get("tab"), row.get("col"));
        let sql = format!(
            "SELECT group_concat(class) FROM (SELECT DISTINCT typeof(\"{column}\") AS class FROM {table} ORDER BY 1)"
        );
        let class = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap();
        classes.push((format!("{table}.{column}"), class));
    }
    classes
}

async fn other_pool(url: &str) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(url).create_if_missing(true);
    SqlitePoolOptions::new().max_connections(2).connect_with(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_adapter_writes_the_other_reads_to_the_letter() {
    let mut written = Vec::new();

    let url = db::fresh().await;
    let pool = other_pool(&url).await;
    invite_sqlx::sqlite::migrate(&pool).await.unwrap(); // nothing left to do
    let by_diesel = members::<invite_diesel::SqliteStore>();
    let mut conn = db::connect(&url).await;
    let work = conn.transaction(async |conn| Ok::<_, Failure>(write(&by_diesel, conn).await));
    let tokens = work.await.unwrap();
    read_alike(&url, &pool, &tokens).await;
    written.push(classes(&pool).await);

    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("test.db").to_str().unwrap().to_owned();
    let pool = other_pool(&url).await;
    invite_sqlx::sqlite::migrate(&pool).await.unwrap();
    invite_diesel::sqlite::migrate(&mut db::connect(&url).await).await.unwrap(); // nothing left to do
    let by_sqlx = members::<invite_sqlx::SqliteStore>();
    let mut tx = pool.begin().await.unwrap();
    let tokens = write(&by_sqlx, &mut tx).await;
    tx.commit().await.unwrap();
    read_alike(&url, &pool, &tokens).await;
    written.push(classes(&pool).await);

    assert_eq!(written[0], written[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_of_one_adapter_mails_what_the_other_queued() {
    let url = db::fresh().await;
    let pool = other_pool(&url).await;
    let (by_diesel, by_sqlx) = (members::<invite_diesel::SqliteStore>(), members::<invite_sqlx::SqliteStore>());
    let mut tx = pool.begin().await.unwrap();
    let refused = by_sqlx.scope(7).create(&mut tx, &Actor::new(1), new("ada@example.com")).await.unwrap().id;
    tx.commit().await.unwrap();
    let mailer = CapturingMailer::default();
    mailer.answer(Outcome::Refused {
        refusal: Refusal::Permanent,
        code: Some(550),
        enhanced: None,
        text: "no such mailbox".into(),
    });
    let worker = Worker::new(invite_diesel::SqliteStore, db::pool(&url, 1), mailer.clone()).serve(&by_diesel);
    worker.tick().await.unwrap();
    let mut conn = pool.acquire().await.unwrap();
    let refused = by_sqlx.scope(7).get(&mut conn, &Actor::new(1), refused).await.unwrap();
    assert_eq!(refused.status.as_str(), "delivery_failed");
}
