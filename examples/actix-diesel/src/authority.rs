//! Who may do what on the inviting side: the example's rule, asked by the library.

use std::{num::NonZeroU32, time::Duration};

use async_trait::async_trait;
use invite_core::{Action, Actor, Authority, Clock, Denial, Recipient, Scope, SystemClock};
use shared::{Membership, Refusal, Role};

use crate::database::Conn;

const MINUTE: i64 = 60;

/// Owners and admins act; nobody grants a higher rank than their own; nobody is invited twice; and
/// nobody asks for more letters and links in a minute than they may.
///
/// It is asked inside the transaction that writes, so what it reads is still true at the commit.
pub(crate) struct OrgRoles {
    pub(crate) invites_per_minute: NonZeroU32,
}

#[async_trait]
impl Authority<Conn, Membership> for OrgRoles {
    async fn authorize(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        scope: &Scope,
        action: &Action<'_, Membership>,
    ) -> Result<(), Denial> {
        let (Some(Ok(user)), Ok(org)) = (actor.id().map(str::parse), scope.as_str().parse()) else {
            return Err(Refusal::Outsider.into());
        };
        let role = if matches!(action, Action::Read) {
            conn.role_of(org, user).await?
        } else {
            conn.hold_role_of(org, user).await?
        };
        let role = role.ok_or(Refusal::Outsider)?;
        if role < Role::Admin {
            return Err(Refusal::NotPermitted.into());
        }
        match action {
            Action::Create(new) => {
                check_rank(role, new.payload())?;
                // The library has checked the address before it asks.
                let recipient: Recipient = new.email().parse()?;
                if conn.has_member(org, recipient.canonical()).await? {
                    return Err(Refusal::AlreadyMember.into());
                }
                self.charge(conn, user).await
            }
            Action::Resend(_) | Action::NewLink(_) => self.charge(conn, user).await,
            Action::Amend(_, amendment) => amendment.new_payload().map_or(Ok(()), |new| check_rank(role, new)),
            Action::Read | Action::Cancel(_) => Ok(()),
            _ => Err(Refusal::NotPermitted.into()),
        }
    }
}

impl OrgRoles {
    /// Takes one of this minute's, if one is left. It is taken for good: cancelling gives nothing
    /// back. Whatever is refused after all is rolled back, and this with it.
    async fn charge(&self, conn: &mut Conn, user: i64) -> Result<(), Denial> {
        let now = SystemClock.now();
        let minute = now.timestamp().div_euclid(MINUTE);
        let most = self.invites_per_minute.get();
        if conn.charge(user, minute, most).await? {
            return Ok(());
        }
        let over = Duration::from_millis(now.timestamp_millis().rem_euclid(MINUTE * 1000).unsigned_abs());
        Err(Denial::Limited { retry_after: Duration::from_secs(MINUTE.unsigned_abs()).saturating_sub(over) })
    }
}

fn check_rank(own: Role, granted: &Membership) -> Result<(), Denial> {
    if granted.role > own { Err(Refusal::AboveOwnRank.into()) } else { Ok(()) }
}
