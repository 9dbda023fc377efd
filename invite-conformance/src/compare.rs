//! What the store answers beside what it should, and what differs.

use invite_core::{Record, store::FoundToken};

use crate::case::{Stop, Verdict, ensure};

/// Says in which of several rounds of a case it was seen.
pub(crate) fn within(verdict: Verdict, when: &str) -> Verdict {
    verdict.map_err(|stop| match stop {
        Stop::Failed(seen) => Stop::Failed(format!("{when}: {seen}")),
        Stop::NotApplicable(why) => Stop::NotApplicable(why),
    })
}

/// Fails unless both rows are the same, and names the columns in which they are not.
pub(crate) fn same(seen: &Record, wanted: &Record, what: &str) -> Verdict {
    let differences = fields(seen).into_iter().zip(fields(wanted)).filter(|(seen, wanted)| seen != wanted);
    let differences: Vec<_> =
        differences.map(|((name, seen), (_, wanted))| format!("{name} is {seen} and should be {wanted}")).collect();
    ensure!(seen == wanted, "{what}: {}", differences.join("; "));
    Ok(())
}

/// Every field as text: `Debug` of a record hides what here is nobody's.
fn fields(record: &Record) -> Vec<(&'static str, String)> {
    let Record {
        id,
        kind,
        scope,
        recipient,
        inviter,
        inviter_address,
        payload,
        display,
        message,
        locale,
        status,
        ended,
        generation,
        min_generation,
        grace_until,
        revision,
        created_at,
        expires_at,
        resent_at,
        viewed_at,
        delivery,
        delivery_id,
        remind_at,
        reminded,
        label,
        facet,
        import,
        idempotency,
        renews,
    } = record;
    let recipient = (recipient.as_given(), recipient.canonical());
    let inviter_address = inviter_address.as_ref().map(|address| (address.as_given(), address.canonical()));
    let key = idempotency.as_ref().map(|known| (known.key(), known.request()));
    macro_rules! texts {
        ($($field:ident),*) => { vec![$((stringify!($field), format!("{:?}", $field))),*] };
    }
    texts![
        id,
        kind,
        scope,
        recipient,
        inviter,
        inviter_address,
        payload,
        display,
        message,
        locale,
        status,
        ended,
        generation,
        min_generation,
        grace_until,
        revision,
        created_at,
        expires_at,
        resent_at,
        viewed_at,
        delivery,
        delivery_id,
        remind_at,
        reminded,
        label,
        facet,
        import,
        key,
        renews
    ]
}

/// Fails unless both are the same token, or none.
pub(crate) fn same_token(seen: Option<&FoundToken>, wanted: Option<&FoundToken>, what: &str) -> Verdict {
    let text = |token: Option<&FoundToken>| {
        token.map_or("none".into(), |FoundToken { digest, generation, channel }| {
            format!("{:02x}.. of generation {generation} by {}", digest.as_bytes()[0], channel.as_str())
        })
    };
    let equal = match (seen, wanted) {
        (Some(seen), Some(wanted)) => {
            (seen.digest.as_bytes(), seen.generation, seen.channel)
                == (wanted.digest.as_bytes(), wanted.generation, wanted.channel)
        }
        (seen, wanted) => seen.is_none() && wanted.is_none(),
    };
    ensure!(equal, "{what}: the token returned is {} and should be {}", text(seen), text(wanted));
    Ok(())
}
