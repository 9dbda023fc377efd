//! The measuring loop: sides take turns, and only the ratios of one run are compared.

use std::{
    env,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use invite_core::Token;

use crate::{Shared, Side};

/// One piece of work: whose, by whom, about which person, with which token.
pub type Work = fn(Shared, Side, u64, Arc<Vec<Token>>, usize) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// What has to be there before a slice.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the loop prepares each")]
pub enum Before {
    /// Nothing.
    Nothing,
    /// A token for each piece of work.
    Tokens,
    /// So many due invitations.
    Due(u64),
    /// So many letters.
    Letters(u64),
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// The operation.
    pub name: &'static str,
    /// How often each side has its turn, unless `INVITE_BENCH_ROUNDS` says.
    pub rounds: usize,
    /// How often a side does its work in its turn.
    pub slice: u64,
    /// How many at once.
    pub at_once: u64,
    /// What has to be there.
    pub before: Before,
    /// How many things a piece of work is about.
    pub things: u64,
    /// Who takes part; the first is compared with each other one.
    pub sides: &'static [(Side, &'static str)],
    /// The work itself.
    pub work: Work,
}

/// Runs comparisons, and knows which numbers are used up.
#[derive(Debug)]
pub struct Bench {
    next: u64,
    filter: Option<String>,
}

impl Bench {
    /// With the first argument that is no option as the filter: a part of the name.
    #[must_use]
    pub fn from_arguments() -> Self {
        Self { next: 1, filter: env::args().skip(1).find(|argument| !argument.starts_with('-')) }
    }

    /// Whether anything of this name is wanted.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.filter.as_ref().is_none_or(|part| name.contains(part))
    }

    /// Lets the sides take turns, and prints the medians and the ratios of speed.
    pub async fn run(&mut self, database: &str, subject: &Shared, comparison: &Comparison) {
        let name = format!("{database} {}", comparison.name);
        if !self.wants(&name) {
            return;
        }
        let rounds = env::var("INVITE_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
        let mut slices = vec![Vec::new(); comparison.sides.len()];
        for round in 0..rounds.unwrap_or(comparison.rounds) {
            // No side always goes first.
            for turn in 0..comparison.sides.len() {
                let side = (turn + round) % comparison.sides.len();
                slices[side].push(self.slice(subject, comparison, comparison.sides[side].0).await);
            }
        }
        let each = |slices: &mut Vec<Duration>| {
            slices.sort_unstable();
            slices[slices.len() / 2].as_secs_f64() / (comparison.slice * comparison.things) as f64
        };
        let each: Vec<f64> = slices.iter_mut().map(each).collect();
        let ratios: Vec<_> = comparison.sides[1..]
            .iter()
            .zip(&each[1..])
            .map(|((_, name), other)| format!("{:.2} x {name} ({:.1} us)", other / each[0], other * 1e6))
            .collect();
        println!("{name:<34} {:>8.1} us   {}", each[0] * 1e6, ratios.join("   "));
    }

    async fn slice(&mut self, subject: &Shared, comparison: &Comparison, side: Side) -> Duration {
        let Comparison { slice, at_once, work, .. } = *comparison;
        let first = self.next;
        let mut tokens = Vec::new();
        match comparison.before {
            Before::Nothing => self.next += slice,
            Before::Tokens => {
                self.next += slice;
                tokens = subject.invited(first, slice).await;
            }
            Before::Due(how_many) => {
                self.next += how_many;
                subject.add_due(first, how_many).await;
            }
            Before::Letters(how_many) => {
                self.next += how_many;
                subject.queue(first, how_many).await;
            }
        }
        let tokens = Arc::new(tokens);
        let start = Instant::now();
        let tasks: Vec<_> = (0..at_once)
            .map(|task| {
                let (subject, tokens) = (Arc::clone(subject), Arc::clone(&tokens));
                tokio::spawn(async move {
                    for n in (task..slice).step_by(usize::try_from(at_once).unwrap_or(1)) {
                        let place = usize::try_from(n).unwrap_or_default();
                        work(Arc::clone(&subject), side, first + n, Arc::clone(&tokens), place).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("the work is done");
        }
        start.elapsed()
    }
}
