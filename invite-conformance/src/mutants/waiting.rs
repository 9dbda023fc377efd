//! Mutants of what a person is shown that waits for them.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use invite_core::{
    Status,
    store::{AddressedQuery, ListQuery, StoreError, Waiting},
};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
};
use crate::{erased::Conn, store::rows::everything};

pub(super) const MUTANTS: &[Mutant] = broken![
    "a person is shown what has expired unswept",
    ["addressed_to::only_what_is_open_and_unexpired_is_anybody_s_to_answer"]: Edit {
        person: |query| query.now = DateTime::UNIX_EPOCH,
        ..Edit::NONE
    };
    "a person is shown what expires at this very instant",
    ["addressed_to::only_what_is_open_and_unexpired_is_anybody_s_to_answer"]: Edit {
        person: |query| query.now -= TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "a person is shown what has ended",
    ["addressed_to::only_what_is_open_and_unexpired_is_anybody_s_to_answer"]: EndedToo;
    "a person is shown other kinds",
    ["addressed_to::only_invitations_of_the_kind_are_addressed"]: OtherKindsToo;
    "a person is shown the oldest first",
    ["addressed_to::the_newest_comes_first_and_no_more_than_the_limit"]: Edit {
        waiting: |waiting| waiting.reverse(),
        ..Edit::NONE
    };
    "a person is shown what is addressed to the first address only",
    ["addressed_to::each_of_eight_addresses_is_looked_for_in_every_scope"]: Edit {
        person: |query| query.addresses[1..].fill(None),
        ..Edit::NONE
    };
    "a person is not shown what is addressed to the eighth address",
    ["addressed_to::each_of_eight_addresses_is_looked_for_in_every_scope"]: Edit {
        person: |query| query.addresses[7] = None,
        ..Edit::NONE
    };
    "a person is shown one fewer than the limit",
    ["addressed_to::the_newest_comes_first_and_no_more_than_the_limit"]: Edit {
        person: |query| query.limit -= 1,
        ..Edit::NONE
    };
    "a person is shown more than the limit",
    ["addressed_to::the_newest_comes_first_and_no_more_than_the_limit"]: Edit {
        person: |query| query.limit = 10_000,
        ..Edit::NONE
    };
    "a person is shown what one scope has only",
    ["addressed_to::each_of_eight_addresses_is_looked_for_in_every_scope"]: Edit {
        waiting: |waiting| {
            let scope = waiting.first().map(|first| first.record.scope.clone());
            waiting.retain(|waiting| Some(&waiting.record.scope) == scope.as_ref());
        },
        ..Edit::NONE
    };
    "an inviter's many come with the few of the others",
    ["addressed_to::the_newest_few_of_each_inviter_come_first_and_pages_go_on"]: Edit {
        person: |query| query.few = u32::MAX,
        ..Edit::NONE
    };
    "of each inviter one fewer comes first",
    ["addressed_to::the_newest_few_of_each_inviter_come_first_and_pages_go_on"]: Edit {
        person: |query| query.few -= 1,
        ..Edit::NONE
    };
    "a person's second page begins among the few again",
    ["addressed_to::the_newest_few_of_each_inviter_come_first_and_pages_go_on"]: Edit {
        person: |query| if let Some(after) = &mut query.after { after.late = false },
        ..Edit::NONE
    };
    "a person's second page is the first again",
    ["addressed_to::the_newest_few_of_each_inviter_come_first_and_pages_go_on"]: Edit {
        person: |query| query.after = None,
        ..Edit::NONE
    };
    "an inviter's invitations are counted as they stand at each page",
    ["addressed_to::what_ends_or_comes_while_pages_are_read_moves_no_other"]: Edit {
        person: |query| query.as_of = query.now,
        ..Edit::NONE
    };
    "what was created as the first page was read is left out",
    ["addressed_to::what_ends_or_comes_while_pages_are_read_moves_no_other"]: Edit {
        person: |query| query.as_of -= TimeDelta::microseconds(1),
        ..Edit::NONE
    };
];

struct EndedToo;

#[async_trait]
impl Spoil for EndedToo {
    async fn addressed_to(
        &self,
        below: &Below,
        conn: &mut Conn,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Waiting>, StoreError> {
        let mut waiting = below.db.addressed_to(conn, query).await?;
        for scope in below.scopes() {
            let ended = ListQuery {
                kind: query.kind,
                now: query.now,
                statuses: &[Status::Accepted, Status::Rejected, Status::Cancelled],
                limit: query.limit,
                ..everything(&scope)
            };
            let ended = below.db.list(conn, &ended).await?.into_iter();
            let ended = ended.filter(|record| query.addresses.contains(&Some(record.recipient.canonical())));
            waiting.extend(ended.map(|record| Waiting { record, late: false }));
        }
        Ok(waiting)
    }
}

struct OtherKindsToo;

#[async_trait]
impl Spoil for OtherKindsToo {
    async fn addressed_to(
        &self,
        below: &Below,
        conn: &mut Conn,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Waiting>, StoreError> {
        let mut waiting = below.db.addressed_to(conn, query).await?;
        for kind in below.kinds().into_iter().filter(|kind| kind != query.kind) {
            waiting.extend(below.db.addressed_to(conn, &AddressedQuery { kind: &kind, ..*query }).await?);
        }
        Ok(waiting)
    }
}
