//! Whose address lets a change happen.

use invite_core::{
    Channel, Claimant,
    store::{Dispatch, FoundToken, Guard, RecipientGuard},
};

use crate::{
    case::{Case, Stop, Verdict, cases},
    erased::Db,
    store::{
        direct::{Direct, both_ways},
        rows::{Row, by_token, cancelled, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    anyone_may_where_the_guard_says_so:
        "`RecipientGuard::Anyone` puts no condition on the address.",
    each_of_eight_verified_addresses_counts:
        "`RecipientGuard::verified` gives up to eight values; one that equals the canonical address is enough, \
         at any place.",
    without_a_verified_address_nobody_is_the_recipient:
        "Eight empty places equal no address: an empty list refuses.",
    a_verified_address_is_equal_or_it_is_not:
        "Canonical addresses compare as a whole, byte by byte; in none of them is there a wildcard.",
    the_same_domain_is_enough_where_the_guard_says_so:
        "With `by_domain`, one of the values must equal what follows the `@`: no part of it, nothing more, \
         nothing alike.",
    a_domain_above_is_another_domain:
        "With `by_domain`, neither may end in, or begin with, the other: the whole domains must be equal.",
    a_domain_is_not_asked_for_unless_the_guard_says_so:
        "Without `by_domain` somebody else's address in the same domain does not suffice.",
    a_mailed_token_proves_the_address_it_was_mailed_to:
        "`proved_by_mail` suffices if it equals the canonical address and the token's channel is mail.",
    a_link_or_an_id_proves_no_address:
        "`proved_by_mail` does not suffice with a token of channel link, nor without a token.",
    a_mailed_token_proves_an_address_and_never_a_domain:
        "`proved_by_mail` is compared with the whole address, also with `by_domain`.",
    a_verified_address_suffices_whatever_the_channel:
        "A verified address needs no proof: it suffices by mail, by link and by id.",
];

fn one_of(claimant: &Claimant) -> RecipientGuard<'_> {
    RecipientGuard::Claimant { claimant, same_domain: false }
}

fn same_domain(claimant: &Claimant) -> RecipientGuard<'_> {
    RecipientGuard::Claimant { claimant, same_domain: true }
}

/// Decides by id and by token whether whoever the guard means may cancel.
async fn may(
    direct: &Direct,
    (row, token): &(Row, FoundToken),
    who: RecipientGuard<'_>,
    wanted: bool,
    when: &str,
) -> Verdict {
    for (way, guard, token) in both_ways(row, token) {
        let guard = Guard { recipient: who, ..guard };
        direct.decides(row, token, &cancelled(guard), wanted, &format!("{way}, {when}")).await?;
    }
    Ok(())
}

async fn invited(direct: &Direct, email: &str, channel: Channel) -> Result<(Row, FoundToken), Stop> {
    let mut row = row(1).to(email);
    direct.put(&row, Dispatch::None).await?;
    let token = direct.hand_out(&mut row, 1, channel).await?;
    Ok((row, token))
}

async fn anyone_may_where_the_guard_says_so(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let ada = invited(&direct, "ada@example.com", Channel::Link).await?;
    may(&direct, &ada, RecipientGuard::Anyone, true, "anyone").await
}

async fn each_of_eight_verified_addresses_counts(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let ada = invited(&direct, "Ada@Example.com", Channel::Mail).await?;
    for addresses in [1, 2, 7, 8] {
        for place in 0..=addresses {
            let claimant = (0..addresses).fold(Claimant::new(2), |claimant, n| {
                claimant.verified(&if n == place { "ada@example.com".into() } else { format!("other{n}@example.com") })
            });
            let when = format!("with {addresses} verified addresses, the invited one at {place}");
            may(&direct, &ada, one_of(&claimant), place < addresses, &when).await?;
        }
    }
    Ok(())
}

async fn without_a_verified_address_nobody_is_the_recipient(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let ada = invited(&direct, "ada@example.com", Channel::Mail).await?;
    let unverified = Claimant::new(2).unverified("ada@example.com");
    for who in [one_of(&unverified), same_domain(&unverified)] {
        may(&direct, &ada, who, false, "with no verified address").await?;
    }
    Ok(())
}

async fn a_verified_address_is_equal_or_it_is_not(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let ada = invited(&direct, "ada.l@example.com", Channel::Mail).await?;
    for other in [
        "ada_l@example.com",
        "adal@example.com",
        "ada.l+x@example.com",
        "a.ada.l@example.com",
        "ada.l@example.com.eu",
        "ada.l@mail.example.com",
        "ada.l@exampl.com",
        "ada.l@example.co",
        "l@example.com",
        "?da.l@example.com",
        "*@example.com",
        "___.l@example.com",
        "'or'1'='1@example.com",
    ] {
        let claimant = Claimant::new(2).verified(other);
        may(&direct, &ada, one_of(&claimant), false, &format!("as {other}")).await?;
    }
    let claimant = Claimant::new(2).verified("ADA.L@EXAMPLE.COM");
    may(&direct, &ada, one_of(&claimant), true, "as the same address in capitals").await
}

async fn the_same_domain_is_enough_where_the_guard_says_so(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let ada = invited(&direct, "ada@example.com", Channel::Link).await?;
    for (address, wanted) in [
        ("ada@example.com", true),
        ("grace@example.com", true),
        ("grace@EXAMPLE.com", true),
        ("grace@mail.example.com", false),
        ("grace@notexample.com", false),
        ("grace@example.com.org", false),
        ("grace@example.co", false),
        ("grace@example-com.org", false),
        ("grace@exampl\u{e9}.com", false),
        ("ada@example.org", false),
    ] {
        let claimant = Claimant::new(2).verified("someone@example.net").verified(address);
        may(&direct, &ada, same_domain(&claimant), wanted, &format!("from the domain of {address}")).await?;
    }
    Ok(())
}

async fn a_domain_above_is_another_domain(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let ada = invited(&direct, "ada@mail.example.com", Channel::Link).await?;
    for (address, wanted) in [
        ("grace@mail.example.com", true),
        ("grace@example.com", false),
        ("grace@ail.example.com", false),
        ("grace@mail.example.co", false),
    ] {
        let claimant = Claimant::new(2).verified(address);
        may(&direct, &ada, same_domain(&claimant), wanted, &format!("from the domain of {address}")).await?;
    }
    Ok(())
}

async fn a_domain_is_not_asked_for_unless_the_guard_says_so(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let ada = invited(&direct, "ada@example.com", Channel::Mail).await?;
    let claimant = Claimant::new(2).verified("grace@example.com");
    may(&direct, &ada, one_of(&claimant), false, "from the same domain").await
}

async fn a_mailed_token_proves_the_address_it_was_mailed_to(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, token) = invited(&direct, "ada@example.com", Channel::Mail).await?;
    for (address, wanted) in [("Ada@example.com", true), ("grace@example.com", false), ("ada@mail.example.com", false)]
    {
        let claimant = Claimant::new(2).proved_by_link(address).verified("old@example.org");
        let guard = Guard { recipient: one_of(&claimant), ..by_token(&token.digest) };
        let when = format!("by mail, signing up as {address}");
        direct.decides(&row, Some(&token), &cancelled(guard), wanted, &when).await?;
    }
    Ok(())
}

async fn a_link_or_an_id_proves_no_address(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, link) = invited(&direct, "ada@example.com", Channel::Link).await?;
    // Another token of the same invitation did come by mail.
    direct.hand_out(&mut row, 2, Channel::Mail).await?;
    let claimant = Claimant::new(2).proved_by_link("ada@example.com");
    may(&direct, &(row, link), one_of(&claimant), false, "signing up without a mailed token").await
}

async fn a_mailed_token_proves_an_address_and_never_a_domain(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, token) = invited(&direct, "ada@example.com", Channel::Mail).await?;
    for (address, wanted) in [("ada@example.com", true), ("grace@example.com", false)] {
        let claimant = Claimant::new(2).proved_by_link(address);
        let guard = Guard { recipient: same_domain(&claimant), ..by_token(&token.digest) };
        let when = format!("by mail, where a domain is enough, signing up as {address}");
        direct.decides(&row, Some(&token), &cancelled(guard), wanted, &when).await?;
    }
    Ok(())
}

async fn a_verified_address_suffices_whatever_the_channel(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, link) = invited(&direct, "ada@example.com", Channel::Link).await?;
    let mail = direct.hand_out(&mut row, 2, Channel::Mail).await?;
    let claimant = Claimant::new(2).proved_by_link("new@example.org").verified("ada@example.com");
    may(&direct, &(row.clone(), link), one_of(&claimant), true, "verified, with a link").await?;
    may(&direct, &(row, mail), one_of(&claimant), true, "verified, with a mailed token").await
}
