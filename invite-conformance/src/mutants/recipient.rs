//! The guard: whose address it must be.

use async_trait::async_trait;
use invite_core::{
    Channel, Claimant,
    store::{Found, Guard, MAX_ADDRESSES, RecipientGuard, StoreError, Transition},
};

use super::{
    Mutant, broken,
    edit::{Edit, again},
    guard::{Lenient, Strict},
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "the guard does not look at the address",
    ["recipient_guard::a_verified_address_is_equal_or_it_is_not"]: Edit {
        transition: |asked| asked.guard.recipient = RecipientGuard::Anyone,
        ..Edit::NONE
    };
    "an address that ends in a verified one is enough",
    ["recipient_guard::a_verified_address_is_equal_or_it_is_not"]: Lenient(|guard, found| {
        let canonical = found.record.recipient.canonical();
        anyone_if(guard, |verified, by_domain| !by_domain && canonical.ends_with(verified))
    });
    "an address that begins with a verified one is enough",
    ["recipient_guard::a_verified_address_is_equal_or_it_is_not"]: Lenient(|guard, found| {
        let canonical = found.record.recipient.canonical();
        anyone_if(guard, |verified, by_domain| !by_domain && canonical.starts_with(verified))
    });
    "an address is enough that the verified one ends in",
    ["recipient_guard::a_verified_address_is_equal_or_it_is_not"]: Lenient(|guard, found| {
        let canonical = found.record.recipient.canonical();
        anyone_if(guard, |verified, by_domain| !by_domain && verified.ends_with(canonical))
    });
    "the verified address is compared with the address as it was given",
    ["recipient_guard::each_of_eight_verified_addresses_counts"]: Strict(|guard, found| {
        let given = found.record.recipient.as_given();
        let differs = |verified: [_; MAX_ADDRESSES]| !verified.contains(&Some(given));
        !guard.recipient.by_domain()
            && guard.recipient.holds(&found.record.recipient, None)
            && guard.recipient.verified().is_some_and(differs)
    });
    "only the first verified address is looked at",
    ["recipient_guard::each_of_eight_verified_addresses_counts"]: Addresses(|addresses| addresses.truncate(1));
    "only the first seven verified addresses are looked at",
    ["recipient_guard::each_of_eight_verified_addresses_counts"]: Addresses(|addresses| addresses.truncate(7));
    "a domain that ends in a verified one is enough",
    ["recipient_guard::a_domain_above_is_another_domain"]: Lenient(|guard, found| {
        let domain = found.record.recipient.domain();
        anyone_if(guard, |verified, by_domain| by_domain && domain.ends_with(verified))
    });
    "a domain is enough that the verified one ends in",
    ["recipient_guard::the_same_domain_is_enough_where_the_guard_says_so"]: Lenient(|guard, found| {
        let domain = found.record.recipient.domain();
        anyone_if(guard, |verified, by_domain| by_domain && verified.ends_with(domain))
    });
    "a shared domain is always enough",
    ["recipient_guard::a_domain_is_not_asked_for_unless_the_guard_says_so"]: Edit {
        transition: |asked| {
            if let RecipientGuard::Claimant { same_domain, .. } = &mut asked.guard.recipient {
                *same_domain = true;
            }
        },
        ..Edit::NONE
    };
    "a shared domain is never enough",
    ["recipient_guard::the_same_domain_is_enough_where_the_guard_says_so"]: Edit {
        transition: |asked| {
            if let RecipientGuard::Claimant { same_domain, .. } = &mut asked.guard.recipient {
                *same_domain = false;
            }
        },
        ..Edit::NONE
    };
    "a link that was handed over proves the mailbox",
    ["recipient_guard::a_link_or_an_id_proves_no_address"]: Lenient(|guard, found| {
        let handed_over = found.token.as_ref().is_some_and(|token| token.channel == Channel::Link);
        let claimed = guard.recipient.proved_by_mail() == Some(found.record.recipient.canonical());
        (handed_over && claimed).then_some(Guard { recipient: RecipientGuard::Anyone, ..guard })
    });
    "a mailed token proves no mailbox",
    ["recipient_guard::a_mailed_token_proves_the_address_it_was_mailed_to"]: Strict(|guard, found| {
        guard.recipient.verified().is_some() && !guard.recipient.holds(&found.record.recipient, None)
    });
    "a mailed token proves every mailbox",
    ["recipient_guard::a_mailed_token_proves_the_address_it_was_mailed_to"]: Lenient(|guard, found| {
        let mailed = found.token.as_ref().is_some_and(|token| token.channel == Channel::Mail);
        mailed.then_some(Guard { recipient: RecipientGuard::Anyone, ..guard })
    });
];

fn anyone_if(guard: Guard<'_>, alike: impl Fn(&str, bool) -> bool) -> Option<Guard<'_>> {
    let by_domain = guard.recipient.by_domain();
    let enough = guard.recipient.verified()?.into_iter().flatten().any(|verified| alike(verified, by_domain));
    enough.then_some(Guard { recipient: RecipientGuard::Anyone, ..guard })
}

/// Leaves out some of what the claimant has verified.
struct Addresses(fn(&mut Vec<&str>));

#[async_trait]
impl Spoil for Addresses {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let RecipientGuard::Claimant { claimant, same_domain } = asked.guard.recipient else {
            return below.db.apply_one(conn, asked).await;
        };
        // The whole addresses, even where domains are compared.
        let whole = RecipientGuard::Claimant { claimant, same_domain: false };
        let mut addresses: Vec<_> = whole.verified().into_iter().flatten().flatten().collect();
        (self.0)(&mut addresses);
        let fewer = Claimant::new(claimant.id());
        let fewer = match whole.proved_by_mail() {
            Some(address) => fewer.proved_by_link(address),
            None => fewer,
        };
        let fewer = addresses.into_iter().fold(fewer, Claimant::verified);
        let asked = again(asked);
        let recipient = RecipientGuard::Claimant { claimant: &fewer, same_domain };
        below.db.apply_one(conn, &Transition { guard: Guard { recipient, ..asked.guard }, ..asked }).await
    }
}
