//! For the tests of hosts: time and randomness that do as they are told, mail that stays here.

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::{
    clock::Clock,
    error::Error,
    id::InvitationId,
    kind::Kind,
    mailer::{Letter, Mailer, Outcome},
    random::{RandomError, SecureRandom},
    service::Invitations,
    store::InvitationStore,
    token::{Token, TokenDigest, TokenFormat},
};

/// A clock that stands still until told otherwise; clones show the same time.
///
/// ```
/// use chrono::TimeDelta;
/// use invite_core::{Clock, testing::ManualClock};
///
/// let clock = ManualClock::default();
/// let before = clock.now();
/// clock.advance(TimeDelta::days(8));
/// assert_eq!(clock.now() - before, TimeDelta::days(8));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows this instant, cut to microseconds.
    #[must_use]
    pub fn at(instant: DateTime<Utc>) -> Self {
        Self(Arc::new(AtomicI64::new(instant.timestamp_micros())))
    }

    /// Moves it, backwards too.
    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// Noon of 1 June 2030, UTC.
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(1_906_545_600_000_000)))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }

    /// None: it shows what it was set to, whatever the database's clock says.
    fn tolerance(&self) -> Option<TimeDelta> {
        None
    }
}

/// The same bytes in every run, from a seed. Never outside tests.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededRandom {
    /// Bytes that depend on the seed and on what was drawn before.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl SecureRandom for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(32) {
            let mut hash = Sha256::new();
            hash.update(self.seed.to_be_bytes());
            hash.update(self.drawn.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A mailer that keeps what it is given; clones share it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Answer {
/// # let (memory, members) = (Memory::default(), members());
/// # let (me, mut tx) = (Actor::new(1), memory.begin().await);
/// # let id = members.scope("org:7").create(&mut tx, &me, new("ada@example.com")).await?.id;
/// # tx.commit();
/// let mailer = CapturingMailer::default();
/// let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);
/// let text = "no such user".into();
/// mailer.answer(Outcome::Refused { refusal: Refusal::Permanent, code: Some(550), enhanced: None, text });
/// assert_eq!(worker.tick().await?.failed, 1);
///
/// let invitation = members.scope("org:7").get(&mut memory.connection(), &me, id).await?;
/// assert_eq!(invitation.status, Status::DeliveryFailed);
/// assert_eq!(mailer.take()[0].recipient().as_given(), "ada@example.com");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct CapturingMailer(Arc<Mutex<Captured>>);

#[derive(Debug, Default)]
struct Captured {
    letters: Vec<CapturedLetter>,
    next: Vec<Outcome>,
}

impl CapturingMailer {
    /// Answers the next letter with this outcome; after those named, with
    /// [`Outcome::accepted`]. A letter that is not accepted is kept all the same.
    pub fn answer(&self, outcome: Outcome) {
        self.lock().next.insert(0, outcome);
    }

    /// Answers [`Outcome::accepted`] from now on.
    pub fn forget_answers(&self) {
        self.lock().next.clear();
    }

    /// Takes the letters captured so far, oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<CapturedLetter> {
        std::mem::take(&mut self.lock().letters)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Captured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for CapturingMailer {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let mut captured = self.lock();
        captured.letters.push(CapturedLetter(letter.duplicate()));
        captured.next.pop().unwrap_or(Outcome::accepted())
    }
}

/// A letter that was captured: a [`Letter`] whose link can be followed without further ado.
#[derive(Debug)]
pub struct CapturedLetter(Letter);

impl CapturedLetter {
    /// The secret of its link.
    ///
    /// # Panics
    /// When it is a letter to the inviter: those have no link.
    #[must_use]
    pub fn token(&self) -> &Token {
        self.0.token().expect("a letter with a link")
    }
}

impl Deref for CapturedLetter {
    type Target = Letter;

    fn deref(&self) -> &Letter {
        &self.0
    }
}

/// Makes a token as if the letter had been mailed, inside the caller's transaction: for tests of
/// a host's acceptance that roll everything back. Leaves a `link_created` event by the system.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Answer {
/// # let (memory, members) = (Memory::default(), members());
/// # let me = Actor::new(1);
/// let mut tx = memory.begin().await;
/// let invitation = members.scope("org:7").create(&mut tx, &me, new("ada@example.com")).await?;
/// let token = testing::deliver(&members, &mut tx, invitation.id).await?;
///
/// // Here a test calls what it is about: the host's own acceptance.
/// let ada = Claimant::new(2).proved_by_link("ada@example.com");
/// assert!(matches!(members.accept(&mut tx, &token, &ada).await?, Accepted::Now(_)));
/// tx.rollback();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::NotFound`], [`Error::IllegalTransition`], [`Error::NotInTransaction`],
/// [`Error::Store`].
pub async fn deliver<S: InvitationStore, K: Kind>(
    invitations: &Invitations<S, K>,
    conn: &mut S::Conn,
    id: InvitationId,
) -> Result<Token, Error> {
    invitations.mint(conn, id).await
}

/// Draws a token that opens nothing, because nobody stores its digest: to measure and to test with.
///
/// # Errors
/// Those of the source of randomness.
pub fn draw_token(random: &dyn SecureRandom, format: TokenFormat) -> Result<Token, RandomError> {
    Token::generate(random, format)
}

/// What would be stored of a token of kind `K`.
#[must_use]
pub fn digest<K: Kind>(token: &Token) -> TokenDigest {
    token.digest(K::NAME)
}
