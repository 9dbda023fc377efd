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

/// Who takes part beside the library.
#[derive(Clone, Copy, Debug)]
pub struct Other {
    /// Who.
    pub side: Side,
    /// By name.
    pub name: &'static str,
    /// How fast the library has to be, as a multiple of this one's speed.
    pub target: Option<f64>,
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
    /// What the library is compared with.
    pub others: &'static [Other],
    /// The work itself.
    pub work: Work,
}

/// Runs comparisons, and knows which numbers are used up.
#[derive(Debug)]
pub struct Bench {
    next: u64,
    filter: Option<String>,
    missed: Vec<String>,
}

impl Bench {
    /// With the first argument that is no option as the filter: a part of the name.
    #[must_use]
    pub fn from_arguments() -> Self {
        let filter = env::args().skip(1).find(|argument| !argument.starts_with('-'));
        Self { next: 1, filter, missed: Vec::new() }
    }

    /// With everything wanted, and numbers from this one on.
    #[must_use]
    pub const fn numbered_from(next: u64) -> Self {
        Self { next, filter: None, missed: Vec::new() }
    }

    /// The ratios that were under their targets in three quarters of the rounds: in fewer it may be noise.
    #[must_use]
    pub fn missed(&self) -> &[String] {
        &self.missed
    }

    /// Whether anything of this name is wanted.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.filter.as_ref().is_none_or(|part| name.contains(part))
    }

    /// Prints the head of a table.
    pub fn head() {
        println!("| | beside | library, µs | beside, µs | ratio | middle half | target |");
        println!("|---|---|---:|---:|---:|---|---|");
    }

    /// Lets the sides take turns, and prints what the library's speed is as a multiple of each
    /// other's: of the medians, and between which two figures the middle half of the rounds lies.
    pub async fn run(&mut self, database: &str, subject: &Shared, comparison: &Comparison) {
        let name = format!("{database}: {}", comparison.name);
        if !self.wants(&name) {
            return;
        }
        let rounds = env::var("INVITE_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
        let rounds = rounds.unwrap_or(comparison.rounds);
        if let Ok(only) = env::var("INVITE_BENCH_ONLY") {
            let other = comparison.others.iter().find(|other| other.name == only).map(|other| other.side);
            for _ in 0..rounds {
                self.slice(subject, comparison, other.unwrap_or(Side::Library)).await;
            }
            return;
        }
        let sides: Vec<_> =
            [Side::Library].into_iter().chain(comparison.others.iter().map(|other| other.side)).collect();
        let mut slices = vec![Vec::with_capacity(rounds); sides.len()];
        for round in 0..rounds {
            // No side always goes first.
            for turn in 0..sides.len() {
                let side = (turn + round) % sides.len();
                slices[side].push(self.slice(subject, comparison, sides[side]).await);
            }
        }
        let each = (comparison.slice * comparison.things) as f64 / 1e6;
        let micros =
            |slices: &[Duration]| quartiles(slices.iter().map(|slice| slice.as_secs_f64() / each).collect())[1];
        let library = micros(&slices[0]);
        for (other, theirs) in comparison.others.iter().zip(&slices[1..]) {
            let ratios = theirs.iter().zip(&slices[0]).map(|(theirs, ours)| theirs.as_secs_f64() / ours.as_secs_f64());
            let [low, _, high] = quartiles(ratios.collect());
            let theirs = micros(theirs);
            if let Some(target) = other.target.filter(|target| high < *target) {
                self.missed.push(format!("{name}, beside {}: {low:.2} to {high:.2}, not {target}", other.name));
            }
            let target = other.target.map_or(String::new(), |target| format!("{target}"));
            println!(
                "| {name} | {} | {library:.1} | {theirs:.1} | **{:.2}** | {low:.2} to {high:.2} | {target} |",
                other.name,
                theirs / library,
            );
        }
    }

    /// Lets databases take turns at the library's side of this, and returns how many microseconds each thing took on
    /// each, in the middle of the rounds. The first round warms up.
    pub async fn side_by_side<const N: usize>(&mut self, sides: [(&Shared, &Comparison); N]) -> [f64; N] {
        let mut slices = sides.map(|_| Vec::new());
        for round in 0..=sides[0].1.rounds {
            for turn in 0..N {
                let side = (turn + round) % N;
                let (subject, comparison) = sides[side];
                let took = self.slice(subject, comparison, Side::Library).await.as_secs_f64();
                if round > 0 {
                    slices[side].push(took * 1e6 / (comparison.slice * comparison.things) as f64);
                }
            }
        }
        slices.map(|slices| quartiles(slices)[1])
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

fn quartiles(mut figures: Vec<f64>) -> [f64; 3] {
    figures.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| figures[(figures.len() * quarter / 4).min(figures.len() - 1)])
}
