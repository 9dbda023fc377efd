//! SQLite: a file, one writer at a time.

use std::error::Error;

use async_trait::async_trait;
use shared::{Member, MemberOf, Organization, Role, User};
use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::{LOCK_TIMEOUT, NewUser, Tables, role};
use crate::accounts::Account;

pub(super) async fn connect(options: SqliteConnectOptions) -> Result<SqlitePool, Box<dyn Error>> {
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(LOCK_TIMEOUT)
        .foreign_keys(true);
    let pool = SqlitePool::connect_with(options).await?;
    sqlx::raw_sql(include_str!("../../../schema/sqlite.sql")).execute(&pool).await?;
    invite_sqlx::sqlite::migrate(&pool).await?;
    Ok(pool)
}

#[async_trait]
impl Tables for SqliteConnection {
    async fn insert_user(&mut self, new: &NewUser<'_>) -> sqlx::Result<Option<User>> {
        let sql = "INSERT INTO users (email, email_canonical, full_name, password_hash) VALUES (?, ?, ?, ?)
                   ON CONFLICT (email_canonical) DO NOTHING
                   RETURNING id, email, email_verified, full_name";
        let row = sqlx::query_as(sql).bind(new.email).bind(new.email_canonical);
        row.bind(new.full_name).bind(new.password_hash).fetch_optional(self).await
    }

    async fn find_user(&mut self, id: i64) -> sqlx::Result<Option<User>> {
        let sql = "SELECT id, email, email_verified, full_name FROM users WHERE id = ?";
        sqlx::query_as(sql).bind(id).fetch_optional(self).await
    }

    async fn find_account(&mut self, email: &str) -> sqlx::Result<Option<Account>> {
        let sql = "SELECT id, email, email_verified, full_name, password_hash FROM users WHERE email_canonical = ?";
        sqlx::query_as(sql).bind(email).fetch_optional(self).await
    }

    async fn mark_verified(&mut self, user: i64) -> sqlx::Result<()> {
        sqlx::query("UPDATE users SET email_verified = TRUE WHERE id = ?").bind(user).execute(self).await?;
        Ok(())
    }

    async fn insert_organization(&mut self, name: &str) -> sqlx::Result<Organization> {
        let sql = "INSERT INTO organizations (name) VALUES (?) RETURNING id, name";
        sqlx::query_as(sql).bind(name).fetch_one(self).await
    }

    async fn find_organization(&mut self, org: i64) -> sqlx::Result<Option<Organization>> {
        sqlx::query_as("SELECT id, name FROM organizations WHERE id = ?").bind(org).fetch_optional(self).await
    }

    async fn insert_member(&mut self, org: i64, user: i64, role: Role, invitation: Option<&str>) -> sqlx::Result<bool> {
        let sql = "INSERT INTO memberships (organization_id, user_id, role, invitation_id) VALUES (?, ?, ?, ?)
                   ON CONFLICT (organization_id, user_id) DO NOTHING";
        let insertion = sqlx::query(sql).bind(org).bind(user).bind(role.word()).bind(invitation);
        Ok(insertion.execute(self).await?.rows_affected() == 1)
    }

    async fn role_of(&mut self, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
        let sql = "SELECT role FROM memberships WHERE organization_id = ? AND user_id = ?";
        let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(self).await?;
        word.map(role).transpose()
    }

    // A transaction that began IMMEDIATE holds the whole database.
    async fn hold_role_of(&mut self, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
        self.role_of(org, user).await
    }

    async fn has_member(&mut self, org: i64, email: &str) -> sqlx::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
                                  WHERE m.organization_id = ? AND u.email_canonical = ?)";
        sqlx::query_scalar(sql).bind(org).bind(email).fetch_one(self).await
    }

    async fn memberships_of(&mut self, user: i64) -> sqlx::Result<Vec<MemberOf>> {
        let sql = "SELECT o.id, o.name, m.role, m.invitation_id
                   FROM memberships m JOIN organizations o ON o.id = m.organization_id
                   WHERE m.user_id = ? ORDER BY o.name, o.id";
        sqlx::query_as(sql).bind(user).fetch_all(self).await
    }

    async fn members_of(&mut self, org: i64) -> sqlx::Result<Vec<Member>> {
        let sql = "SELECT u.id, u.email, u.full_name, m.role, m.invitation_id
                   FROM memberships m JOIN users u ON u.id = m.user_id
                   WHERE m.organization_id = ? ORDER BY u.full_name, u.id";
        sqlx::query_as(sql).bind(org).fetch_all(self).await
    }

    async fn charge(&mut self, user: i64, minute: i64, most: u32) -> sqlx::Result<bool> {
        let sql = "INSERT INTO quotas (user_id, minute, used) VALUES (?1, ?2, 1)
                   ON CONFLICT (user_id) DO UPDATE
                   SET used = CASE WHEN minute = ?2 THEN used + 1 ELSE 1 END, minute = ?2
                   WHERE minute <> ?2 OR used < ?3";
        let charged = sqlx::query(sql).bind(user).bind(minute).bind(most).execute(self).await?;
        Ok(charged.rows_affected() == 1)
    }
}
