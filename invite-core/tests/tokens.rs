//! The token as such: unique, canonical, fragile.

use std::{collections::HashSet, env, sync::Arc};

use chrono::{DateTime, Utc};
use invite_core::{
    Actor, Error, Invitations, Kind, Linked, MalformedToken, NewInvitation, Policy, RandomError, SecureRandom,
    SystemRandom, Token, TokenFormat, Unchecked,
    memory::{Memory, MemoryStore},
    testing::{self, ManualClock, SeededRandom},
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

fn members(policy: Policy) -> Invitations<MemoryStore, Membership> {
    Invitations::new(MemoryStore, policy, Unchecked)
}

/// A token as the library draws it, through the one call that returns one.
async fn draw(members: &Invitations<MemoryStore, Membership>) -> Token {
    let mut tx = Memory::default().begin().await;
    let new = NewInvitation::new("ada@example.com", Membership);
    members.scope(7).create_with_link(&mut tx, &Actor::new(1), new).await.unwrap().token
}

// `INVITE_TEST_TOKENS` sets how many: `cargo xtask test --long` draws a million.
#[test]
fn many_tokens_are_all_different_and_evenly_random() {
    let wanted: usize = env::var("INVITE_TEST_TOKENS").map_or(100_000, |n| n.parse().unwrap());
    let mut seen = HashSet::with_capacity(wanted);
    let mut ones = vec![0_u32; 256];
    for _ in 0..wanted {
        let token = testing::draw_token(&SystemRandom, TokenFormat::Hex).unwrap();
        let mut secret = [0; 32];
        data_encoding::HEXLOWER.decode_mut(token.expose_secret().as_bytes(), &mut secret).unwrap();
        for (bit, ones) in ones.iter_mut().enumerate() {
            *ones += u32::from(secret[bit / 8] >> (bit % 8) & 1);
        }
        assert!(seen.insert(secret), "a token was drawn twice");
    }
    // Six standard deviations: one false alarm in some two million runs over all bits.
    let tolerance = 6.0 * (wanted as f64).sqrt() / 2.0;
    for (bit, ones) in ones.iter().enumerate() {
        let off = (f64::from(*ones) - wanted as f64 / 2.0).abs();
        assert!(off < tolerance, "bit {bit} is one {ones} times of {wanted}");
    }
}

#[tokio::test]
async fn every_mutation_of_one_byte_is_refused_without_a_look_up() {
    let members = members(Policy::default()).random(SeededRandom::new(11));
    for _ in 0..20 {
        let token = draw(&members).await;
        let text = token.expose_secret().as_bytes();
        for place in 0..text.len() {
            for byte in (0..=u8::MAX).filter(|byte| *byte != text[place]) {
                let mut mutated = text.to_vec();
                mutated[place] = byte;
                if let Ok(mutated) = str::from_utf8(&mutated) {
                    assert!(mutated.parse::<Token>().is_err(), "{mutated}");
                }
            }
        }
    }
}

// Incidents 06, 10, 11: blanks, other spellings, scanner damage.
#[tokio::test]
async fn other_spellings_of_a_token_are_refused() {
    let token = draw(&members(Policy::default()).random(SeededRandom::new(3))).await;
    let text = token.expose_secret();
    let rot13: String = text
        .chars()
        .map(|c| match c {
            'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
            'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
            other => other,
        })
        .collect();
    let mut spellings = vec![
        text.to_uppercase(),
        text.to_lowercase(),
        text.replace('_', "/").replace('-', "+"),
        text.replace("inv1_", ""),
        text.replace("inv1_", "inv2_"),
        text.replace("inv1_", "INV1_"),
        text.replacen('_', "%5F", 1),
        rot13,
        text[..text.len() - 1].into(),
    ];
    for tail in ["=", "==", " ", "\t", "\r\n", "\0", ".", ")", ">", "\u{AD}", "\u{200B}", "A"] {
        spellings.push(format!("{text}{tail}"));
        spellings.push(format!("{tail}{text}"));
    }
    for nothing in ["", " ", "\0", "null", "undefined", "0", "inv1_", &"0".repeat(63), &"A".repeat(64), &"g".repeat(64)]
    {
        spellings.push(nothing.into());
    }
    for spelling in spellings {
        assert!(spelling.parse::<Token>().is_err(), "{spelling:?}");
    }
}

#[tokio::test]
async fn hexadecimal_is_64_lower_case_characters() {
    let members = members(Policy::default().token_format(TokenFormat::Hex));
    let token = draw(&members).await;
    let text = token.expose_secret();
    assert_eq!(text.len(), 64);
    assert!(text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
    assert_eq!(text.parse::<Token>().unwrap().format(), TokenFormat::Hex);
    assert!(format!("{}A", &text[..63]).parse::<Token>().is_err());
}

struct Broken;

impl SecureRandom for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError::new())
    }
}

#[tokio::test]
async fn without_randomness_nothing_is_created() {
    let memory = Memory::default();
    let members = members(Policy::default()).random(Broken);
    let mut tx = memory.begin().await;
    let new = NewInvitation::new("ada@example.com", Membership);
    let answer = members.scope(7).create(&mut tx, &Actor::new(1), new).await;
    assert!(matches!(answer, Err(Error::Random(_))));
    let page = members.scope(7).list(&mut tx, &Actor::new(1), &invite_core::InvitationQuery::new()).await.unwrap();
    assert!(page.items.is_empty());
}

/// Hands out what the system gives and writes it down.
#[derive(Clone, Default)]
struct Recording(Arc<std::sync::Mutex<Vec<Vec<u8>>>>);

impl SecureRandom for Recording {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        SystemRandom.fill(bytes)?;
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(())
    }
}

#[tokio::test]
async fn ids_and_tokens_come_from_separate_draws() {
    let recording = Recording::default();
    let members = members(Policy::default().token_format(TokenFormat::Hex)).random(recording.clone());
    let mut tx = Memory::default().begin().await;
    let new = NewInvitation::new("ada@example.com", Membership);
    let Linked { invitation, token, .. } =
        members.scope(7).create_with_link(&mut tx, &Actor::new(1), new).await.unwrap();
    let secret = data_encoding::HEXLOWER.decode(token.expose_secret().as_bytes()).unwrap();
    let draws = recording.0.lock().unwrap();
    assert!(draws.contains(&secret));
    let id = invitation.id.as_uuid().as_bytes();
    assert!(!secret.windows(4).any(|window| id.windows(4).any(|other| other == window)));
}

proptest! {
    #[test]
    fn what_parses_reads_back_to_the_letter(text in "(inv1_)?[A-Za-z0-9_=+/-]{0,70}") {
        if let Ok(token) = text.parse::<Token>() {
            prop_assert_eq!(token.expose_secret(), text);
        }
    }

    #[test]
    fn drawn_tokens_read_back_to_the_letter(seed: u64, hex: bool) {
        let format = if hex { TokenFormat::Hex } else { TokenFormat::Prefixed };
        let members = members(Policy::default().token_format(format)).random(SeededRandom::new(seed));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let token = runtime.block_on(draw(&members));
        let again: Result<Token, MalformedToken> = token.expose_secret().parse();
        let again = again.unwrap();
        prop_assert_eq!(again.expose_secret(), token.expose_secret());
    }

    #[test]
    fn no_text_at_all_makes_the_parser_panic(text in "(inv1_)?(?s:.){0,70}") {
        let _ = text.parse::<Token>();
    }

    #[test]
    fn an_id_tells_when_it_was_made(micros in 0_i64..4_000_000_000_000_000) {
        let at = DateTime::<Utc>::from_timestamp_micros(micros).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let id = runtime.block_on(async {
            let members = members(Policy::default()).clock(ManualClock::at(at));
            let mut tx = Memory::default().begin().await;
            let new = NewInvitation::new("ada@example.com", Membership);
            members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap().id
        });
        prop_assert_eq!(id.as_uuid().get_version_num(), 7);
        let (seconds, nanos) = id.as_uuid().get_timestamp().unwrap().to_unix();
        prop_assert_eq!(seconds * 1000 + u64::from(nanos) / 1_000_000, u64::try_from(micros / 1000).unwrap());
    }
}
