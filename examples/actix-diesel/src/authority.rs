//! Who may do what on the inviting side: the example's rule, asked by the library.

use std::num::NonZeroU32;

use invite_core::{Action, Actor, Authority, Denial, EmailAddress, Scope};
use shared::{Membership, Minute, Refusal, Role};

use crate::database::{self, Conn, store_error};

/// Owners and admins act; nobody grants a higher rank than their own; nobody is invited twice; and
/// nobody asks for more letters and links in a minute than they may.
///
/// It is asked inside the transaction that writes, so what it reads is still true at the commit.
pub(crate) struct OrgRoles {
    pub(crate) invites_per_minute: NonZeroU32,
}

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
            database::role_of(conn, org, user).await
        } else {
            database::hold_role_of(conn, org, user).await
        };
        let role = role.map_err(store_error)?.ok_or(Refusal::Outsider)?;
        if role < Role::Admin {
            return Err(Refusal::NotPermitted.into());
        }
        match action {
            Action::Create(new) => {
                check_rank(role, new.payload())?;
                // The library has checked the address before it asks.
                let recipient: EmailAddress = new.email().parse()?;
                if database::has_member(conn, org, recipient.canonical()).await.map_err(store_error)? {
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
        let minute = Minute::now();
        let most = self.invites_per_minute.get();
        let charged = database::charge(conn, user, minute.number, most).await.map_err(store_error)?;
        if charged { Ok(()) } else { Err(Denial::Limited { retry_after: minute.left }) }
    }
}

fn check_rank(own: Role, granted: &Membership) -> Result<(), Denial> {
    if granted.role > own { Err(Refusal::AboveOwnRank.into()) } else { Ok(()) }
}
