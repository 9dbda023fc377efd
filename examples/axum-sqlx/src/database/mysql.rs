//! MariaDB and MySQL, at REPEATABLE READ, their default.

use std::error::Error;

use async_trait::async_trait;
use shared::{Member, MemberOf, Organization, Role, User};
use sqlx::{
    MySqlConnection, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlQueryResult},
};

use super::{LOCK_TIMEOUT, NewUser, PATIENCE, Tables, role};
use crate::accounts::Account;

pub(super) async fn connect(options: MySqlConnectOptions) -> Result<MySqlPool, Box<dyn Error>> {
    super::reach::<MySqlConnection>(&options).await?;
    let pool = MySqlPoolOptions::new()
        .acquire_timeout(PATIENCE)
        .after_connect(|conn, _| {
            Box::pin(async move {
                let sql = "SET SESSION innodb_lock_wait_timeout = ?";
                sqlx::query(sql).bind(LOCK_TIMEOUT.as_secs()).execute(conn).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    // This server lets only one process at a time make a table.
    sqlx::raw_sql(include_str!("../../../schema/mysql.sql")).execute(&pool).await?;
    invite_sqlx::mysql::migrate(&pool).await?;
    Ok(pool)
}

#[async_trait]
impl Tables for MySqlConnection {
    // `INSERT IGNORE` would hide other mistakes too, and MySQL lacks `RETURNING`.
    async fn insert_user(&mut self, new: &NewUser<'_>) -> sqlx::Result<Option<User>> {
        let sql = "INSERT INTO users (email, email_canonical, full_name, password_hash) VALUES (?, ?, ?, ?)";
        let row = sqlx::query(sql).bind(new.email).bind(new.email_canonical);
        if !inserted(row.bind(new.full_name).bind(new.password_hash).execute(&mut *self).await)? {
            return Ok(None);
        }
        let sql = "SELECT id, email, email_verified, full_name FROM users WHERE id = LAST_INSERT_ID()";
        sqlx::query_as(sql).fetch_optional(self).await
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
        sqlx::query("INSERT INTO organizations (name) VALUES (?)").bind(name).execute(&mut *self).await?;
        sqlx::query_as("SELECT id, name FROM organizations WHERE id = LAST_INSERT_ID()").fetch_one(self).await
    }

    async fn find_organization(&mut self, org: i64) -> sqlx::Result<Option<Organization>> {
        sqlx::query_as("SELECT id, name FROM organizations WHERE id = ?").bind(org).fetch_optional(self).await
    }

    async fn insert_member(&mut self, org: i64, user: i64, role: Role, invitation: Option<&str>) -> sqlx::Result<bool> {
        let sql = "INSERT INTO memberships (organization_id, user_id, role, invitation_id) VALUES (?, ?, ?, ?)";
        let insertion = sqlx::query(sql).bind(org).bind(user).bind(role.word()).bind(invitation);
        inserted(insertion.execute(self).await)
    }

    async fn role_of(&mut self, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
        let sql = "SELECT role FROM memberships WHERE organization_id = ? AND user_id = ?";
        let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(self).await?;
        word.map(role).transpose()
    }

    // A plain read shows the transaction's snapshot. MariaDB has no `FOR SHARE`; this one both know.
    async fn hold_role_of(&mut self, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
        let sql = "SELECT role FROM memberships WHERE organization_id = ? AND user_id = ? LOCK IN SHARE MODE";
        let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(self).await?;
        word.map(role).transpose()
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

    // Two statements: `ON DUPLICATE KEY UPDATE` takes no condition.
    async fn charge(&mut self, user: i64, minute: i64, most: u32) -> sqlx::Result<bool> {
        let sql = "INSERT INTO quotas (user_id, minute, used) VALUES (?, ?, 0)
                   ON DUPLICATE KEY UPDATE user_id = user_id";
        sqlx::query(sql).bind(user).bind(minute).execute(&mut *self).await?;
        // Assigned from left to right, so `used` still sees the old minute.
        let sql = "UPDATE quotas SET used = CASE WHEN minute = ? THEN used + 1 ELSE 1 END, minute = ?
                   WHERE user_id = ? AND (minute <> ? OR used < ?)";
        let charge = sqlx::query(sql).bind(minute).bind(minute).bind(user).bind(minute).bind(most);
        Ok(charge.execute(self).await?.rows_affected() == 1)
    }
}

/// `false` when a unique key was taken, which costs this server's transactions nothing.
fn inserted(result: sqlx::Result<MySqlQueryResult>) -> sqlx::Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(other) => Err(other),
    }
}
