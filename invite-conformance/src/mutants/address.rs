//! Mutants of what is found by address.

use super::{Mutant, broken, edit::Edit};

pub(super) const MUTANTS: &[Mutant] = broken![
    "of an address only what is open is found",
    ["of_address::of_an_address_all_are_found_whatever_their_status"]: Edit {
        ever: |records| records.retain(|record| record.status.is_open()),
        ..Edit::NONE
    };
    "of an address what other scopes have is found, too",
    ["of_address::another_address_kind_or_scope_is_not_found_with_it"]: Edit {
        of_address: |query| query.scope = None,
        ..Edit::NONE
    };
    "of an address the oldest is found first",
    ["of_address::of_an_address_the_newest_comes_first_and_pages_go_on"]: Edit {
        ever: |records| records.reverse(),
        ..Edit::NONE
    };
    "of an address the second page is the first again",
    ["of_address::of_an_address_the_newest_comes_first_and_pages_go_on"]: Edit {
        of_address: |query| query.after = None,
        ..Edit::NONE
    };
    "of an address more are found than asked for",
    ["of_address::of_an_address_the_newest_comes_first_and_pages_go_on"]: Edit {
        of_address: |query| query.limit = 10_000,
        ..Edit::NONE
    };
    "of an address one fewer is found than asked for",
    ["of_address::of_an_address_the_newest_comes_first_and_pages_go_on"]: Edit {
        of_address: |query| query.limit -= 1,
        ..Edit::NONE
    };
];
