//! Nothing usable at rest.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::TimeDelta;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use invite_core::{
    Claimant, Letter, Linked, Mailer, Outcome, Policy, Refusal, Status, Token, TokenFormat,
    testing::{self, CapturingMailer},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::{
        deeds::{copy_of, done},
        world::{World, ada, committed, new},
    },
};

pub(super) const CASES: &[Case] = cases![
    no_token_is_at_rest_in_any_encoding:
        "Nothing of a token reaches a store but its digest, and a store keeps nothing else of it: no link, no rendered \
         letter, no words of a server that quotes one.",
];

/// Refuses for now what it is given, and quotes it, as some servers do.
struct Quoting(CapturingMailer);

#[async_trait]
impl Mailer for Quoting {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        self.0.deliver(letter).await;
        let token = letter.token().expect("a link").expose_secret();
        let text = format!("4.2.0 https://example.com/join?t={token} {token} is no link we like");
        Outcome::Refused { refusal: Refusal::Transient, code: Some(450), enhanced: None, text }
    }
}

// Whoever reads a backup, a log of the database or a log of mail must not be able to accept.
async fn no_token_is_at_rest_in_any_encoding(db: Db) -> Verdict {
    let mut tokens = Vec::new();
    for (format, email) in [(TokenFormat::Prefixed, "ada@example.com"), (TokenFormat::Hex, "grace@example.com")] {
        let world = World::new(&db, Policy::default().token_format(format));
        tokens.extend(lives_through(&world, email).await?);
    }
    ensure!(tokens.len() == 14, "two lives should have made 14 tokens, and made {}", tokens.len());

    let Some(kept) = db.at_rest().await? else {
        return Err(Stop::NotApplicable("what is kept cannot be read"));
    };
    for email in ["ada@example.com", "grace@example.com"] {
        let there = kept.windows(email.len()).any(|bytes| bytes == email.as_bytes());
        ensure!(there, "not even the address {email} was found: what was searched is not what is kept");
    }
    let found = search(&kept, &tokens);
    ensure!(found.is_empty(), "{} traces of {} tokens were found: {}", found.len(), tokens.len(), found.join(", "));
    Ok(())
}

/// Mailed and refused, mailed, resent, handed over, accepted; handed over and cancelled; mailed and refused. All
/// tokens of it.
async fn lives_through(world: &World, email: &str) -> Result<Vec<Token>, Stop> {
    let mut tokens = Vec::new();
    let id = world.invite(email).await?.id;
    world.worker_with(Quoting(world.mailer.clone())).tick().await?;
    world.clock.advance(TimeDelta::hours(1));
    let mut letters = world.mailed().await?;
    letters.push(world.resend_and_mail(id).await?);
    tokens.push(world.link(id).await?);
    tokens.push(committed!(world, tx => testing::deliver(&world.members, &mut tx, id).await?));
    for letter in &letters {
        tokens.push(copy_of(letter.token()));
    }
    let cancelled = committed!(world, tx => {
        let new = new(&format!("x{email}"));
        let Linked { invitation: created, token, .. } =
            world.members.scope(7).create_with_link(&mut tx, &world.admin, new).await?;
        tokens.push(token);
        created.id
    });
    world.cancel(cancelled).await?;
    // Its words are the last of this one.
    world.invite(&format!("y{email}")).await?;
    world.worker_with(Quoting(world.mailer.clone())).tick().await?;
    tokens.extend(world.mailer.take().iter().map(|letter| copy_of(letter.token())));
    let claimant = if email == "ada@example.com" { ada() } else { Claimant::new(3).verified(email) };
    let last = letters.last().ok_or_else(|| Stop::Failed("no letter was sent".into()))?;
    done(world.accept(last.token(), claimant).await?)?;
    let seen = world.get(id).await?.status;
    ensure!(seen == Status::Accepted, "it is {seen}");
    Ok(tokens)
}

/// One form of one token.
struct Trace {
    token: usize,
    encoding: &'static str,
    bytes: Vec<u8>,
}

/// The traces of tokens in these bytes.
fn search(kept: &[u8], tokens: &[Token]) -> Vec<String> {
    /// So many bytes of a trace are looked for first; no trace is shorter.
    const BEGINNING: usize = 12;
    let mut traces = HashMap::<Vec<u8>, Vec<Trace>>::new();
    for (token, forms) in tokens.iter().map(traces_of).enumerate() {
        for (encoding, bytes) in forms {
            let beginning = bytes.iter().copied().take(BEGINNING).collect();
            traces.entry(beginning).or_default().push(Trace { token, encoding, bytes });
        }
    }
    let unwrapped = without_soft_breaks(kept);
    let mut found = Vec::new();
    for kept in [kept, &unwrapped] {
        for (at, beginning) in kept.windows(BEGINNING).enumerate() {
            for trace in traces.get(beginning).into_iter().flatten() {
                if kept.get(at..).is_some_and(|rest| rest.starts_with(&trace.bytes)) {
                    found.push(format!("token {} {}", trace.token, trace.encoding));
                }
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What a token may look like when it is kept: its text, and the secret behind it.
fn traces_of(token: &Token) -> Vec<(&'static str, Vec<u8>)> {
    let text = token.expose_secret();
    let secret = match text.strip_prefix("inv1_") {
        Some(body) => BASE64URL_NOPAD.decode(body.as_bytes()),
        None => HEXLOWER.decode(text.as_bytes()),
    };
    let mut traces = Vec::new();
    for mut bytes in [Some(text.as_bytes().to_vec()), secret.ok()].into_iter().flatten() {
        if bytes.len() == 36 {
            // Without its checksum.
            bytes.truncate(32);
        }
        let listed = |by| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(by).into_bytes();
        let each = |code: fn(u8) -> String| bytes.iter().copied().map(code).collect::<String>().into_bytes();
        traces.extend([
            ("as it is", bytes.clone()),
            ("reversed", bytes.iter().rev().copied().collect()),
            ("in hexadecimal", HEXLOWER.encode(&bytes).into_bytes()),
            ("in upper-case hexadecimal", HEXUPPER.encode(&bytes).into_bytes()),
            ("in percent signs", each(|byte| format!("%{byte:02X}"))),
            ("in small percent signs", each(|byte| format!("%{byte:02x}"))),
            ("in quoted-printable", each(|byte| format!("={byte:02X}"))),
            ("in JSON escapes", each(|byte| format!("\\u{byte:04x}"))),
            ("in UTF-16", bytes.iter().flat_map(|byte| [*byte, 0]).collect()),
            ("in big-endian UTF-16", bytes.iter().flat_map(|byte| [0, *byte]).collect()),
            ("as numbers", listed(", ")),
            ("as numbers without blanks", listed(",")),
        ]);
        for offset in 0..3 {
            // What does not depend on the bytes before and after it.
            let whole = &bytes[offset..offset + (bytes.len() - offset) / 3 * 3];
            traces.push(("in base64", BASE64_NOPAD.encode(whole).into_bytes()));
            traces.push(("in base64url", BASE64URL_NOPAD.encode(whole).into_bytes()));
        }
    }
    traces
}

/// Mail wraps lines so.
fn without_soft_breaks(kept: &[u8]) -> Vec<u8> {
    let mut rest = kept;
    let mut whole = Vec::with_capacity(kept.len());
    while let Some((first, after)) = rest.split_first() {
        rest = match after {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] if *first == b'=' => after,
            _ => {
                whole.push(*first);
                after
            }
        };
    }
    whole
}

#[cfg(test)]
mod tests {
    use invite_core::testing::{SeededRandom, draw_token};

    use super::*;

    #[test]
    fn every_trace_is_found_and_nothing_else() {
        for format in [TokenFormat::Prefixed, TokenFormat::Hex] {
            let random = SeededRandom::new(1);
            let [kept, other] = [(); 2].map(|()| draw_token(&random, format).unwrap());
            for (encoding, trace) in traces_of(&kept) {
                let bytes = [b"before ".as_slice(), &trace, b" after"].concat();
                let found = search(&bytes, &[copy_of(&other), copy_of(&kept)]);
                assert!(found.contains(&format!("token 1 {encoding}")), "{encoding}: {found:?}");
                assert!(found.iter().all(|found| found.starts_with("token 1 ")), "{found:?}");
            }
            let text = kept.expose_secret();
            let wrapped = format!("{}=\r\n{}", &text[..20], &text[20..]);
            assert!(!search(wrapped.as_bytes(), &[kept]).is_empty());
        }
    }
}
