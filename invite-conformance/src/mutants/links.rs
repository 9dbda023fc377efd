//! Which links still work.

use chrono::TimeDelta;
use invite_core::{
    DeliveryState,
    store::{Change, RecipientGuard, RenewedLinks, Target},
};

use super::{
    Mutant, broken,
    edit::Edit,
    guard::{Lenient, Strict, by_id, is_retired},
};

pub(super) const MUTANTS: &[Mutant] = broken![
    "the guard does not look at the generation of the token",
    ["token_guard::tokens_of_min_generation_and_later_work"]: Lenient(|guard, found| {
        // By id the store would look for no token, so the address is settled here.
        let holds = guard.recipient.holds(&found.record.recipient, found.token.as_ref());
        (is_retired(&guard, found) && holds).then(|| {
            let mut guard = by_id(guard, found);
            guard.recipient = RecipientGuard::Anyone;
            guard
        })
    });
    "links to the former address work after an amendment",
    ["changing::a_new_address_retires_every_earlier_link"]: Lenient(|mut guard, found| {
        let readdressed = found.record.delivery.state == DeliveryState::NotMailed;
        let amended = is_retired(&guard, found) && readdressed;
        guard.recipient = RecipientGuard::Anyone;
        amended.then(|| by_id(guard, found))
    });
    "a resend leaves earlier links working",
    ["change::a_renewal_retires_earlier_links_or_keeps_them"]: Edit {
        transition: |asked| {
            if let Change::Renew { links, .. } = &mut asked.change {
                *links = RenewedLinks::Keep;
            }
        },
        ..Edit::NONE
    };
    "a resend kills earlier links though it should leave them",
    ["change::a_renewal_retires_earlier_links_or_keeps_them"]: Edit {
        transition: |asked| {
            if let Change::Renew { links: links @ RenewedLinks::Keep, .. } = &mut asked.change {
                *links = RenewedLinks::Retire { grace_until: None };
            }
        },
        ..Edit::NONE
    };
    "a resend gives earlier links no grace",
    ["change::a_renewal_retires_earlier_links_or_keeps_them"]: Edit {
        transition: |asked| {
            if let Change::Renew { links: RenewedLinks::Retire { grace_until }, .. } = &mut asked.change {
                *grace_until = None;
            }
        },
        ..Edit::NONE
    };
    "grace never ends",
    ["links::after_grace_the_links_of_the_letter_before_are_dead"]: Edit {
        transition: |asked| {
            if let Change::Renew { links: RenewedLinks::Retire { grace_until: Some(until) }, .. } = &mut asked.change {
                *until += TimeDelta::days(3650);
            }
        },
        ..Edit::NONE
    };
    "grace lasts through its last instant",
    ["token_guard::in_grace_the_generation_before_works_too_until_its_exact_end"]: Lenient(|mut guard, found| {
        let at_its_end = is_retired(&guard, found) && found.record.grace_until == Some(guard.now);
        guard.now -= TimeDelta::microseconds(1);
        at_its_end.then_some(guard)
    });
    "grace covers every earlier generation",
    ["token_guard::grace_is_for_one_generation_only"]: Lenient(|mut guard, found| {
        let in_grace = found.record.grace_until.is_some_and(|until| guard.now < until);
        let retired = is_retired(&guard, found);
        guard.recipient = RecipientGuard::Anyone;
        (in_grace && retired).then(|| by_id(guard, found))
    });
    "the guard knows no grace",
    ["token_guard::in_grace_the_generation_before_works_too_until_its_exact_end"]: Strict(|guard, found| {
        matches!(guard.target, Target::Token(_))
            && found.token.as_ref().is_some_and(|token| token.generation < found.record.min_generation)
    });
    "only links of the latest generation work",
    ["token_guard::tokens_of_min_generation_and_later_work"]: Strict(|guard, found| {
        matches!(guard.target, Target::Token(_))
            && found.token.as_ref().is_some_and(|token| token.generation < found.record.generation)
    });
];
