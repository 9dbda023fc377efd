//! Who may do what on the inviting side: the example's rule, asked by the library.

use std::{collections::HashSet, num::NonZeroU32};

use invite_core::{Action, Actor, Authority, Denial, EmailAddress, InvitationId, Scope};
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
        let (user, org, role) = self.standing(conn, actor, scope, !matches!(action, Action::Read)).await??;
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
            // What was granted then may be more than this actor may grant, and the person may have come in otherwise.
            Action::Renew(old) => {
                check_rank(role, &old.payload()?)?;
                if database::has_member(conn, org, old.recipient.canonical()).await.map_err(store_error)? {
                    return Err(Refusal::AlreadyMember.into());
                }
                self.charge(conn, user).await
            }
            Action::Read | Action::Cancel(_) => Ok(()),
            _ => Err(Refusal::NotPermitted.into()),
        }
    }

    /// Whoever may take invitations back may delete what has ended. A service that must be able to show who invited
    /// whom permits it to nobody.
    async fn authorize_delete(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        scope: &Scope,
        _: &[InvitationId],
    ) -> Result<(), Denial> {
        self.standing(conn, actor, scope, true).await??;
        Ok(())
    }

    /// Role and members are read once for all rows, and a call costs one of the minute's, however many rows it has.
    async fn authorize_many(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        scope: &Scope,
        actions: &[Action<'_, Membership>],
    ) -> Vec<Result<(), Denial>> {
        let (role, members) = match self.admission(conn, actor, scope).await {
            Ok(Ok(admitted)) => admitted,
            Ok(Err(refusal)) => return actions.iter().map(|_| Err(refusal.into())).collect(),
            Err(Denial::Limited { retry_after }) => {
                return actions.iter().map(|_| Err(Denial::Limited { retry_after })).collect();
            }
            Err(denial) => return vec![Err(denial)],
        };
        let answer = |action: &Action<'_, Membership>| match action {
            Action::Create(new) => {
                check_rank(role, new.payload())?;
                let recipient: EmailAddress = new.email().parse()?;
                if members.contains(recipient.canonical()) { Err(Refusal::AlreadyMember.into()) } else { Ok(()) }
            }
            Action::Resend(_) | Action::Cancel(_) => Ok(()),
            Action::Read | Action::Amend(..) | Action::NewLink(_) | _ => Err(Refusal::NotPermitted.into()),
        };
        actions.iter().map(answer).collect()
    }
}

impl OrgRoles {
    /// The actor, the organization, and the actor's role there, if it is one that may act.
    async fn standing(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        scope: &Scope,
        hold: bool,
    ) -> Result<Result<(i64, i64, Role), Refusal>, Denial> {
        let (Some(Ok(user)), Ok(org)) = (actor.id().map(str::parse), scope.as_str().parse()) else {
            return Ok(Err(Refusal::Outsider));
        };
        let role = match hold {
            false => database::role_of(conn, org, user).await,
            true => database::hold_role_of(conn, org, user).await,
        };
        Ok(match role.map_err(store_error)? {
            None => Err(Refusal::Outsider),
            Some(role) if role < Role::Admin => Err(Refusal::NotPermitted),
            Some(role) => Ok((user, org, role)),
        })
    }

    /// The actor's role, and the addresses of all members.
    async fn admission(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        scope: &Scope,
    ) -> Result<Result<(Role, HashSet<String>), Refusal>, Denial> {
        let (user, org, role) = match self.standing(conn, actor, scope, true).await? {
            Ok(standing) => standing,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let members = database::members_of(conn, org).await.map_err(store_error)?;
        self.charge(conn, user).await?;
        let canonical = |email: &str| email.parse::<EmailAddress>().ok().map(|email| email.canonical().to_owned());
        Ok(Ok((role, members.iter().filter_map(|member| canonical(&member.user.email)).collect())))
    }

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
