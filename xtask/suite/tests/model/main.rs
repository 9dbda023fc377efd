//! Random sequences of actions: the store in memory, each of sqlx's and a small model must agree, and the invariants I1
//! to I7 hold after every step. (I8, no token at rest, is looked for in the database's files elsewhere.)
//!
//! `INVITE_TEST_SEQUENCES` sets how many sequences.

#![expect(clippy::wildcard_enum_match_arm, reason = "what nobody foresaw is to be shown")]

mod expected;
mod real;

use std::env;

use invite_conformance::Harness;
use invite_suite::{
    drivers::sqlx::{MySql, Postgres, Sqlite},
    in_memory,
    on::On,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use self::{expected::Model, real::Real};

/// Longer than the cool-down, and than the longest wait before a letter is tried again.
const STEP: i64 = 2;
const LIFE: i64 = 7 * 24;

#[derive(Debug, Clone)]
enum Act {
    Create { scope: u8, person: u8, link: bool },
    NewLink(usize),
    Resend(usize),
    Amend(usize),
    Readdress(usize, u8),
    Cancel(usize),
    Preview(usize),
    View(usize),
    Accept(usize, u8),
    AcceptById(usize, u8),
    Reject(usize),
    RejectById(usize, u8),
    Pass(i64),
    Tick(Mail),
}

#[derive(Debug, Clone, Copy)]
enum Mail {
    Taken,
    Refused,
    RefusedForNow,
    Unknown,
    OurMistake,
}

fn act() -> impl Strategy<Value = Act> {
    let any = || 0..8_usize;
    let token = || 0..24_usize;
    let mail = prop_oneof![
        4 => Just(Mail::Taken),
        1 => Just(Mail::Refused),
        1 => Just(Mail::RefusedForNow),
        1 => Just(Mail::Unknown),
        1 => Just(Mail::OurMistake),
    ];
    prop_oneof![
        4 => (0..2_u8, 0..3_u8, prop::bool::weighted(0.25))
            .prop_map(|(scope, person, link)| Act::Create { scope, person, link }),
        1 => any().prop_map(Act::NewLink),
        2 => any().prop_map(Act::Resend),
        1 => any().prop_map(Act::Amend),
        1 => (any(), 0..3_u8).prop_map(|(i, person)| Act::Readdress(i, person)),
        1 => any().prop_map(Act::Cancel),
        1 => token().prop_map(Act::Preview),
        1 => token().prop_map(Act::View),
        3 => (token(), 0..3_u8).prop_map(|(i, person)| Act::Accept(i, person)),
        1 => (any(), 0..3_u8).prop_map(|(i, person)| Act::AcceptById(i, person)),
        1 => token().prop_map(Act::Reject),
        1 => (any(), 0..3_u8).prop_map(|(i, person)| Act::RejectById(i, person)),
        2 => (0..3 * LIFE / 4).prop_map(|hours| Act::Pass(hours / STEP * STEP)),
        4 => mail.prop_map(Act::Tick),
    ]
}

fn address(person: u8) -> String {
    format!("p{person}@example.com")
}

async fn run<H: Harness<Pool: Clone>>(harness: &H, keep: bool, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut model = Model { keep, ..Model::default() };
    let mut real = Real::new(harness, keep).await;
    for act in acts {
        let wanted = model.act(act);
        let answer = real.act(act).await;
        prop_assert_eq!(answer, wanted, "{:?}", act);
        real.check(&model).await?;
    }
    // I6: nothing is lost. Whatever is still pending and was to be mailed is mailed in the end.
    for _ in 0..2 {
        for act in [Act::Tick(Mail::Taken), Act::Pass(STEP)] {
            model.act(&act);
            real.act(&act).await;
        }
    }
    prop_assert!(model.invitations.iter().all(|invited| invited.letter.is_none()));
    real.check(&model).await?;
    real.close().await;
    Ok(())
}

/// Plays random sequences, and shortens one that goes wrong.
fn agrees_with_the_model(harness: &impl Harness<Pool: Clone>) {
    let cases = env::var("INVITE_TEST_SEQUENCES").map_or(32, |number| number.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let sequences = (any::<bool>(), prop::collection::vec(act(), 1..40));
    let outcome = TestRunner::new(config).run(&sequences, |(keep, acts)| harness.block_on(run(harness, keep, &acts)));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn the_reference_store_agrees_with_the_model() {
    agrees_with_the_model(&in_memory());
}

#[test]
fn sqlx_sqlite_agrees_with_the_model() {
    agrees_with_the_model(&On::<Sqlite>::default());
}

#[test]
fn sqlx_postgres_agrees_with_the_model() {
    agrees_with_the_model(&On::<Postgres>::default());
}

#[test]
fn sqlx_mysql_agrees_with_the_model() {
    agrees_with_the_model(&On::<MySql>::default());
}
