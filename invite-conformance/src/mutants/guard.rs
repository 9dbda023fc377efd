//! The guard: status, time, kind, scope, cool-down, generation.

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Status,
    store::{Found, FoundToken, Guard, Key, Read, StoreError, Target, TimeGuard, Transition},
};

use super::{
    Mutant, broken,
    edit::{Edit, again},
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "the guard does not look at the status",
    ["guard::a_row_changes_in_the_two_statuses_of_the_guard_only"]: AnyStatus;
    "the guard looks at the first of the two statuses only",
    ["guard::a_row_changes_in_the_two_statuses_of_the_guard_only"]: Edit {
        transition: |asked| asked.guard.statuses[1] = asked.guard.statuses[0],
        ..Edit::NONE
    };
    "the guard does not look at the time",
    ["guard::unexpired_means_that_the_end_is_later_than_now"]: Edit {
        transition: |asked| asked.guard.time = TimeGuard::Any,
        ..Edit::NONE
    };
    "an invitation still counts at the very instant it expires",
    ["guard::unexpired_means_that_the_end_is_later_than_now"]: Edit {
        transition: |asked| {
            if asked.guard.time == TimeGuard::Unexpired {
                asked.guard.now -= TimeDelta::microseconds(1);
            }
        },
        ..Edit::NONE
    };
    "an invitation is not yet due at the instant it expires",
    ["guard::due_means_that_the_end_has_come"]: Edit {
        transition: |asked| {
            if asked.guard.time == TimeGuard::Due {
                asked.guard.now -= TimeDelta::microseconds(1);
            }
        },
        ..Edit::NONE
    };
    "whatever is open counts as due",
    ["guard::due_means_that_the_end_has_come"]: Edit {
        transition: |asked| {
            if asked.guard.time == TimeGuard::Due {
                asked.guard.time = TimeGuard::Any;
            }
        },
        ..Edit::NONE
    };
    "a change by id does not look at the kind",
    ["guard::another_kind_s_row_never_changes"]: AnyKind { by_token: false };
    "a change by token does not look at the kind",
    ["guard::another_kind_s_row_never_changes"]: AnyKind { by_token: true };
    "a change by id does not look at the scope",
    ["guard::an_id_is_looked_for_in_the_scope_that_is_named"]: Edit {
        transition: |asked| {
            if let Target::Id(_, scope) = &mut asked.guard.target {
                *scope = None;
            }
        },
        ..Edit::NONE
    };
    "a change by id compares scopes without case",
    ["guard::an_id_is_looked_for_in_the_scope_that_is_named"]: Lenient(|mut guard, found| {
        let Target::Id(id, Some(scope)) = guard.target else { return None };
        let alike = scope.as_str().eq_ignore_ascii_case(found.record.scope.as_str());
        guard.target = Target::Id(id, None);
        alike.then_some(guard)
    });
    "a change by id compares scopes without trailing blanks",
    ["guard::an_id_is_looked_for_in_the_scope_that_is_named"]: Lenient(|mut guard, found| {
        let Target::Id(id, Some(scope)) = guard.target else { return None };
        let alike = scope.as_str().trim_end() == found.record.scope.as_str().trim_end();
        guard.target = Target::Id(id, None);
        alike.then_some(guard)
    });
    "the cool-down of a resend is not looked at",
    ["guard::resent_up_to_the_instant_of_the_guard_is_long_enough_ago"]: Edit {
        transition: |asked| asked.guard.not_resent_between = None,
        ..Edit::NONE
    };
    "the cool-down lasts through its last instant",
    ["guard::resent_up_to_the_instant_of_the_guard_is_long_enough_ago"]: Edit {
        transition: |asked| {
            if let Some((since, _)) = &mut asked.guard.not_resent_between {
                *since -= TimeDelta::microseconds(1);
            }
        },
        ..Edit::NONE
    };
    "a resend that a wrong clock dated counts for ever",
    ["guard::what_is_dated_later_than_the_guard_looks_does_not_count_as_resent"]: Edit {
        transition: |asked| {
            if let Some((_, until)) = &mut asked.guard.not_resent_between {
                *until += TimeDelta::days(36_500);
            }
        },
        ..Edit::NONE
    };
    "what was never resent is as if it had just been",
    ["guard::resent_up_to_the_instant_of_the_guard_is_long_enough_ago"]: Strict(|guard, found| {
        guard.not_resent_between.is_some() && found.record.resent_at.is_none()
    });
];

/// Tries again with every other pair of statuses.
struct AnyStatus;

#[async_trait]
impl Spoil for AnyStatus {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.apply_one(conn, asked).await?;
        if found.is_some() {
            return Ok(found);
        }
        for status in Status::ALL {
            let mut asked = again(asked);
            asked.guard.statuses = [status; 2];
            if let Some(found) = below.db.apply_one(conn, &asked).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

struct AnyKind {
    by_token: bool,
}

#[async_trait]
impl Spoil for AnyKind {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.apply_one(conn, asked).await?;
        if found.is_some() || self.by_token != matches!(asked.guard.target, Target::Token(_)) {
            return Ok(found);
        }
        for kind in below.kinds() {
            let asked = again(asked);
            let asked = Transition { guard: Guard { kind: &kind, ..asked.guard }, ..asked };
            if let Some(found) = below.db.apply_one(conn, &asked).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Where the guard did not hold: the looser guard to try, given the row that is there.
pub(super) struct Lenient(pub(super) for<'a> fn(Guard<'a>, &Found) -> Option<Guard<'a>>);

#[async_trait]
impl Spoil for Lenient {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let changed = below.db.apply_one(conn, asked).await?;
        if changed.is_some() {
            return Ok(changed);
        }
        let Some(found) = row(below, conn, &asked.guard).await? else { return Ok(None) };
        let Some(guard) = (self.0)(asked.guard.clone(), &found) else { return Ok(None) };
        let changed = below.db.apply_one(conn, &Transition { guard, ..again(asked) }).await?;
        Ok(changed.map(|changed| Found { token: found.token, ..changed }))
    }
}

/// Refuses more than it is told to, given the row that is there.
pub(super) struct Strict(pub(super) fn(&Guard<'_>, &Found) -> bool);

#[async_trait]
impl Spoil for Strict {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        match row(below, conn, &asked.guard).await? {
            Some(found) if (self.0)(&asked.guard, &found) => Ok(None),
            _ => below.db.apply_one(conn, asked).await,
        }
    }
}

/// The row a guard is about, whatever its scope.
pub(super) async fn row(below: &Below, conn: &mut Conn, guard: &Guard<'_>) -> Result<Option<Found>, StoreError> {
    let key = match guard.target {
        Target::Token(digest) => Key::Token(digest),
        Target::Id(id, _) => Key::Id { kind: guard.kind, scope: None, id },
        Target::Delivery(_) => return Ok(None),
    };
    below.db.find_one(conn, &key, Read::Latest).await
}

/// The same guard about the row itself, for whom the token no longer matters.
pub(super) fn by_id<'a>(guard: Guard<'a>, found: &Found) -> Guard<'a> {
    Guard { target: Target::Id(found.record.id, None), ..guard }
}

/// Whether the token's generation is what the guard does not like.
pub(super) fn is_retired(guard: &Guard<'_>, found: &Found) -> bool {
    let works = |token: &FoundToken| token.works_on(&found.record, guard.now);
    matches!(guard.target, Target::Token(_)) && found.token.as_ref().is_some_and(|token| !works(token))
}
