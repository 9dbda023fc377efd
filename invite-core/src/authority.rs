//! The host's rule who may do what on the inviting side.

use std::{borrow::Cow, pin::Pin, time::Duration};

use crate::{
    actor::{Actor, Scope},
    email_address::EmailAddress,
    error::{Error, StoreError},
    id::InvitationId,
    invitation::{Amendment, Invitation, NewInvitation},
    kind::Kind,
};

/// What somebody on the inviting side wants to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Action<'a, K> {
    /// See invitations: `get`, `list`, `history`.
    Read,
    /// Invite.
    Create(&'a NewInvitation<K>),
    /// Have it mailed again.
    Resend(InvitationId),
    /// Change it.
    Amend(InvitationId, &'a Amendment<K>),
    /// Take it back.
    Cancel(InvitationId),
    /// Get a link to hand over.
    NewLink(InvitationId),
    /// Invite the person of an ended invitation to the same once more.
    Renew(&'a Invitation<K>),
}

/// Decides, for the inviting side, who may do what.
///
/// Asked before anything is written, on the host's own connection and inside its transaction, so
/// that it may read roles, memberships and counters there. On SQLite the write lock is already
/// taken when it is asked. There is no default that allows; [`Unchecked`] must be written out.
///
/// Whether somebody is already a member only the host knows: refuse here with a word of your own.
///
/// ```
/// use invite_core::{Action, Actor, Authority, Denial, Kind, Scope};
///
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Membership;
/// # impl Kind for Membership { const NAME: &'static str = "member"; }
/// struct OwnersOnly;
///
/// impl<C: Send> Authority<C, Membership> for OwnersOnly {
///     async fn authorize(
///         &self,
///         _conn: &mut C,
///         actor: &Actor,
///         scope: &Scope,
///         _action: &Action<'_, Membership>,
///     ) -> Result<(), Denial> {
///         // A real one asks the database.
///         match (actor.id(), scope.as_str()) {
///             (Some("1"), "org:7") => Ok(()),
///             _ => Err(Denial::refused("owners_only")),
///         }
///     }
/// }
/// ```
pub trait Authority<C: Send, K: Kind>: Send + Sync + 'static {
    /// Allows, or says why not.
    ///
    /// # Errors
    /// [`Denial::Refused`] and [`Denial::Limited`] reach the caller as
    /// [`Error::NotPermitted`](crate::Error::NotPermitted) and
    /// [`Error::LimitReached`](crate::Error::LimitReached); [`Denial::Failed`] as
    /// [`Error::Authority`](crate::Error::Authority).
    fn authorize(
        &self,
        conn: &mut C,
        actor: &Actor,
        scope: &Scope,
        action: &Action<'_, K>,
    ) -> impl Future<Output = Result<(), Denial>> + Send;

    /// Says of each of many actions whether this actor may do it in this scope, in order. By default it asks
    /// [`authorize`](Self::authorize) for one after the other, and stops where that [failed](Denial::Failed).
    ///
    /// Write it where one read answers for all: whether somebody is an admin does not change from row to row.
    fn authorize_many(
        &self,
        conn: &mut C,
        actor: &Actor,
        scope: &Scope,
        actions: &[Action<'_, K>],
    ) -> impl Future<Output = Vec<Result<(), Denial>>> + Send {
        async move {
            let mut answers = Vec::with_capacity(actions.len());
            for action in actions {
                let answer = self.authorize(conn, actor, scope, action).await;
                let failed = matches!(answer, Err(Denial::Failed(_)));
                answers.push(answer);
                if failed {
                    break;
                }
            }
            answers
        }
    }

    /// Allows that invitations of this scope are [deleted](crate::Scoped::delete) with all that is known of them, or says
    /// why not. One answer stands for all of the ids.
    ///
    /// It is no [`Action`], because nothing is left of what was done: whoever has not written this method has not thought
    /// of it, and permits it to nobody. By default it refuses, with the word `may_not_delete`.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    fn authorize_delete(
        &self,
        _conn: &mut C,
        _actor: &Actor,
        _scope: &Scope,
        _ids: &[InvitationId],
    ) -> impl Future<Output = Result<(), Denial>> + Send {
        std::future::ready(Err(Denial::refused("may_not_delete")))
    }

    /// Allows the calls of [`Invitations::support`](crate::Invitations::support), which reach the invitations of every
    /// scope, or says why not. The action is [`Action::Read`], [`Action::Resend`] or [`Action::Cancel`].
    ///
    /// They are for those who operate the service, and a rule that was written for one scope says nothing of them: whoever
    /// has not written this method permits them to nobody. By default it refuses, with the word `may_not_support`.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    fn authorize_support(
        &self,
        _conn: &mut C,
        _actor: &Actor,
        _action: &Action<'_, K>,
    ) -> impl Future<Output = Result<(), Denial>> + Send {
        std::future::ready(Err(Denial::refused("may_not_support")))
    }

    /// Allows that everything known of this address is [exported](crate::Support::export), or says why not. By default it
    /// refuses, with the word `may_not_export`.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    fn authorize_export(
        &self,
        _conn: &mut C,
        _actor: &Actor,
        _address: &EmailAddress,
    ) -> impl Future<Output = Result<(), Denial>> + Send {
        std::future::ready(Err(Denial::refused("may_not_export")))
    }

    /// Allows that this address is [erased](crate::Support::erase), or says why not. By default it refuses, with the word
    /// `may_not_erase`.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    fn authorize_erase(
        &self,
        _conn: &mut C,
        _actor: &Actor,
        _address: &EmailAddress,
    ) -> impl Future<Output = Result<(), Denial>> + Send {
        std::future::ready(Err(Denial::refused("may_not_erase")))
    }

    /// Whether it uses the connection when it is asked. If not, SQLite can skip taking the write lock first.
    fn uses_connection(&self) -> bool {
        true
    }
}

type Asked<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An [`Authority`] whose type is forgotten, so that [`Invitations`](crate::Invitations) need not name it.
pub(crate) trait AnyAuthority<C, K>: Send + Sync {
    fn authorize<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        scope: &'a Scope,
        action: &'a Action<'_, K>,
    ) -> Asked<'a, Result<(), Denial>>;

    fn authorize_many<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        scope: &'a Scope,
        actions: &'a [Action<'_, K>],
    ) -> Asked<'a, Vec<Result<(), Denial>>>;

    fn authorize_delete<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        scope: &'a Scope,
        ids: &'a [InvitationId],
    ) -> Asked<'a, Result<(), Denial>>;

    fn authorize_support<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        action: &'a Action<'_, K>,
    ) -> Asked<'a, Result<(), Denial>>;

    fn authorize_export<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        address: &'a EmailAddress,
    ) -> Asked<'a, Result<(), Denial>>;

    fn authorize_erase<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        address: &'a EmailAddress,
    ) -> Asked<'a, Result<(), Denial>>;

    fn uses_connection(&self) -> bool;
}

impl<C: Send, K: Kind, A: Authority<C, K>> AnyAuthority<C, K> for A {
    fn authorize<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        scope: &'a Scope,
        action: &'a Action<'_, K>,
    ) -> Asked<'a, Result<(), Denial>> {
        Box::pin(Authority::authorize(self, conn, actor, scope, action))
    }

    fn authorize_many<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        scope: &'a Scope,
        actions: &'a [Action<'_, K>],
    ) -> Asked<'a, Vec<Result<(), Denial>>> {
        Box::pin(Authority::authorize_many(self, conn, actor, scope, actions))
    }

    fn authorize_delete<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        scope: &'a Scope,
        ids: &'a [InvitationId],
    ) -> Asked<'a, Result<(), Denial>> {
        Box::pin(Authority::authorize_delete(self, conn, actor, scope, ids))
    }

    fn authorize_support<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        action: &'a Action<'_, K>,
    ) -> Asked<'a, Result<(), Denial>> {
        Box::pin(Authority::authorize_support(self, conn, actor, action))
    }

    fn authorize_export<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        address: &'a EmailAddress,
    ) -> Asked<'a, Result<(), Denial>> {
        Box::pin(Authority::authorize_export(self, conn, actor, address))
    }

    fn authorize_erase<'a>(
        &'a self,
        conn: &'a mut C,
        actor: &'a Actor,
        address: &'a EmailAddress,
    ) -> Asked<'a, Result<(), Denial>> {
        Box::pin(Authority::authorize_erase(self, conn, actor, address))
    }

    fn uses_connection(&self) -> bool {
        Authority::uses_connection(self)
    }
}

/// Why an [`Authority`] does not allow an action.
///
/// `?` works on a [`StoreError`] and on an [`Error`]. It does not compile on a driver's error, because nothing would
/// then tell a deadlock, which is worth another try, from a mistake in the SQL. Each adapter has a `store_error` that
/// does, as in `query.await.map_err(store_error)?`.
///
/// ```compile_fail,E0277
/// use invite_core::Denial;
///
/// fn role(read: Result<String, std::io::Error>) -> Result<String, Denial> {
///     Ok(read?) // the error of a driver
/// }
/// ```
///
/// ```
/// use invite_core::{Denial, store::StoreError};
///
/// fn role(read: Result<String, std::io::Error>) -> Result<String, Denial> {
///     Ok(read.map_err(StoreError::failed)?)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Denial {
    /// No, in the host's own word.
    Refused(Cow<'static, str>),
    /// Not so soon or not so many.
    Limited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// It could not be found out. Say [`StoreError::retryable`] where the whole transaction, done
    /// again, may find out.
    Failed(StoreError),
}

impl Denial {
    /// No; `why` is the host's word and reaches its handler unchanged.
    pub fn refused(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(why.into())
    }
}

impl From<StoreError> for Denial {
    /// An error of the host's own reads, by `?`, after the adapter's `store_error` has said whether to retry it.
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<Error> for Denial {
    /// An error of the library's, by `?`. What is retryable stays so.
    fn from(error: Error) -> Self {
        if let Error::Store(inner) | Error::Authority(inner) = error {
            return Self::Failed(inner);
        }
        Self::Failed(StoreError::failed(error))
    }
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Refused(why) => Self::NotPermitted(why),
            Denial::Limited { retry_after } => Self::LimitReached { retry_after },
            Denial::Failed(source) => Self::Authority(source),
        }
    }
}

/// Allows everything: for hosts that have checked before they call.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct Unchecked;

impl<C: Send, K: Kind> Authority<C, K> for Unchecked {
    async fn authorize(&self, _: &mut C, _: &Actor, _: &Scope, _: &Action<'_, K>) -> Result<(), Denial> {
        Ok(())
    }

    async fn authorize_delete(&self, _: &mut C, _: &Actor, _: &Scope, _: &[InvitationId]) -> Result<(), Denial> {
        Ok(())
    }

    async fn authorize_support(&self, _: &mut C, _: &Actor, _: &Action<'_, K>) -> Result<(), Denial> {
        Ok(())
    }

    async fn authorize_export(&self, _: &mut C, _: &Actor, _: &EmailAddress) -> Result<(), Denial> {
        Ok(())
    }

    async fn authorize_erase(&self, _: &mut C, _: &Actor, _: &EmailAddress) -> Result<(), Denial> {
        Ok(())
    }

    fn uses_connection(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worth_another_try_stays_so() {
        let passing = || StoreError::retryable("a deadlock");
        let retryable = |denial| matches!(denial, Denial::Failed(error) if error.is_retryable());
        assert!(retryable(passing().into()));
        assert!(retryable(Error::Store(passing()).into()) && retryable(Error::Authority(passing()).into()));
        assert!(!retryable(Error::NotFound.into()));
        assert!(!retryable(StoreError::failed("x").into()));
    }
}
