//! That every search has its index.

use sqlx::{AssertSqlSafe, Executor, Row, SqlitePool};

use super::sql::*;

/// Every statement that looks for something, and what it must look by.
const SEARCHES: [(&str, &str); 14] = [
    (END_BY_TOKEN, "SEARCH i USING INDEX sqlite_autoindex_invite_invitations_1 (id=?)"),
    (END_BY_ID, "SEARCH i USING INDEX sqlite_autoindex_invite_invitations_1 (id=?)"),
    (FIND_BY_TOKEN, "SEARCH t USING PRIMARY KEY (digest=?)"),
    (FIND_BY_ID, "SEARCH i USING INDEX sqlite_autoindex_invite_invitations_1 (id=?)"),
    (FIND_OPEN, "SEARCH i USING INDEX sqlite_autoindex_invite_invitations_2 (open_key=?)"),
    (LIST_NEWEST_FIRST, "USING INDEX invite_invitations_list (kind=? AND scope=? AND (created_at,id)<(?,?))"),
    (LIST_OLDEST_FIRST, "USING INDEX invite_invitations_list (kind=? AND scope=? AND (created_at,id)>(?,?))"),
    (LIST_EXPIRES_FIRST, "USING INDEX invite_invitations_list (kind=? AND scope=?)"),
    (LIST_BY_ADDRESS, "USING INDEX invite_invitations_list (kind=? AND scope=?)"),
    (ADDRESSED_TO, "USING INDEX invite_invitations_recipient (recipient=?)"),
    (HISTORY, "USING INDEX invite_events_history (invitation=?)"),
    (DUE_LETTERS, "USING INDEX invite_outbox_due (not_before<?)"),
    (ANY_DUE, "INDEX invite_invitations_due (expires_at<?)"),
    (EXPIRE, "INDEX invite_invitations_due (expires_at<?)"),
];

#[tokio::test]
async fn every_search_has_its_index() {
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    super::migrate(&pool).await.unwrap();
    for (statement, index) in SEARCHES {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let plan = pool.fetch_all(explain).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{statement}\n{plan:#?}");
        let scans = plan.iter().filter(|step| step.starts_with("SCAN") && !step.contains("json_each"));
        assert_eq!(scans.count(), 0, "{statement}\n{plan:#?}");
    }
}
