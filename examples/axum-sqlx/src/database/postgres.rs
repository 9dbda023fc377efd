//! PostgreSQL, at READ COMMITTED, its default.

use std::error::Error;

use async_trait::async_trait;
use shared::{Member, MemberOf, Organization, Role, User};
use sqlx::{
    PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{LOCK_TIMEOUT, NewUser, PATIENCE, Tables, role};
use crate::accounts::Account;

/// Held until the transaction ends: `IF NOT EXISTS` alone is no match for two processes that start
/// together. The number is "example" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(28561332491021413)";

pub(super) async fn connect(options: PgConnectOptions) -> Result<PgPool, Box<dyn Error>> {
    super::reach::<PgConnection>(&options).await?;
    // Otherwise each start would log that the tables exist.
    let options = options.options([("client_min_messages", "warning")]);

    // Without a time limit, because somebody else's migration may take a while.
    let migrating = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let mut tx = migrating.begin().await?;
    sqlx::query(LOCK).execute(&mut *tx).await?;
    sqlx::raw_sql(include_str!("../../../schema/postgres.sql")).execute(&mut *tx).await?;
    tx.commit().await?;
    invite_sqlx::postgres::migrate(&migrating).await?;
    migrating.close().await;

    let options = options.options([("lock_timeout", LOCK_TIMEOUT.as_millis().to_string())]);
    Ok(PgPoolOptions::new().acquire_timeout(PATIENCE).connect_with(options).await?)
}

#[async_trait]
impl Tables for PgConnection {
    // A unique violation would abort the transaction; `DO NOTHING` does not.
    async fn insert_user(&mut self, new: &NewUser<'_>) -> sqlx::Result<Option<User>> {
        let sql = "INSERT INTO users (email, email_canonical, full_name, password_hash) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (email_canonical) DO NOTHING
                   RETURNING id, email, email_verified, full_name";
        let row = sqlx::query_as(sql).bind(new.email).bind(new.email_canonical);
        row.bind(new.full_name).bind(new.password_hash).fetch_optional(self).await
    }

    async fn find_user(&mut self, id: i64) -> sqlx::Result<Option<User>> {
        let sql = "SELECT id, email, email_verified, full_name FROM users WHERE id = $1";
        sqlx::query_as(sql).bind(id).fetch_optional(self).await
    }

    async fn find_account(&mut self, email: &str) -> sqlx::Result<Option<Account>> {
        let sql = "SELECT id, email, email_verified, full_name, password_hash FROM users WHERE email_canonical = $1";
        sqlx::query_as(sql).bind(email).fetch_optional(self).await
    }

    async fn mark_verified(&mut self, user: i64) -> sqlx::Result<()> {
        sqlx::query("UPDATE users SET email_verified = true WHERE id = $1").bind(user).execute(self).await?;
        Ok(())
    }

    async fn insert_organization(&mut self, name: &str) -> sqlx::Result<Organization> {
        let sql = "INSERT INTO organizations (name) VALUES ($1) RETURNING id, name";
        sqlx::query_as(sql).bind(name).fetch_one(self).await
    }

    async fn find_organization(&mut self, org: i64) -> sqlx::Result<Option<Organization>> {
        sqlx::query_as("SELECT id, name FROM organizations WHERE id = $1").bind(org).fetch_optional(self).await
    }

    async fn insert_member(&mut self, org: i64, user: i64, role: Role, invitation: Option<&str>) -> sqlx::Result<bool> {
        let sql = "INSERT INTO memberships (organization_id, user_id, role, invitation_id) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (organization_id, user_id) DO NOTHING";
        let insertion = sqlx::query(sql).bind(org).bind(user).bind(role.word()).bind(invitation);
        Ok(insertion.execute(self).await?.rows_affected() == 1)
    }

    async fn role_of(&mut self, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
        let sql = "SELECT role FROM memberships WHERE organization_id = $1 AND user_id = $2";
        let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(self).await?;
        word.map(role).transpose()
    }

    // Without the lock, somebody could be demoted between this statement and the commit.
    async fn hold_role_of(&mut self, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
        let sql = "SELECT role FROM memberships WHERE organization_id = $1 AND user_id = $2 FOR SHARE";
        let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(self).await?;
        word.map(role).transpose()
    }

    async fn has_member(&mut self, org: i64, email: &str) -> sqlx::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
                                  WHERE m.organization_id = $1 AND u.email_canonical = $2)";
        sqlx::query_scalar(sql).bind(org).bind(email).fetch_one(self).await
    }

    async fn memberships_of(&mut self, user: i64) -> sqlx::Result<Vec<MemberOf>> {
        let sql = "SELECT o.id, o.name, m.role, m.invitation_id
                   FROM memberships m JOIN organizations o ON o.id = m.organization_id
                   WHERE m.user_id = $1 ORDER BY o.name, o.id";
        sqlx::query_as(sql).bind(user).fetch_all(self).await
    }

    async fn members_of(&mut self, org: i64) -> sqlx::Result<Vec<Member>> {
        let sql = "SELECT u.id, u.email, u.full_name, m.role, m.invitation_id
                   FROM memberships m JOIN users u ON u.id = m.user_id
                   WHERE m.organization_id = $1 ORDER BY u.full_name, u.id";
        sqlx::query_as(sql).bind(org).fetch_all(self).await
    }

    async fn charge(&mut self, user: i64, minute: i64, most: u32) -> sqlx::Result<bool> {
        let sql = "INSERT INTO quotas (user_id, minute, used) VALUES ($1, $2, 1)
                   ON CONFLICT (user_id) DO UPDATE
                   SET used = CASE WHEN quotas.minute = $2 THEN quotas.used + 1 ELSE 1 END, minute = $2
                   WHERE quotas.minute <> $2 OR quotas.used < $3";
        // PostgreSQL has no unsigned integers.
        let charged = sqlx::query(sql).bind(user).bind(minute).bind(i64::from(most)).execute(self).await?;
        Ok(charged.rows_affected() == 1)
    }
}
