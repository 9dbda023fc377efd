//! Where randomness comes from, and what is drawn from it besides tokens.

use chrono::{DateTime, Utc};
use rand::{TryRng, rngs::SysRng};
use uuid::{Builder, Uuid};

/// A cryptographically secure source of random bytes.
///
/// The default, [`SystemRandom`], asks the operating system for every token, so forked
/// processes and restored snapshots never repeat each other.
///
/// A fast, predictable generator does not fit by accident:
///
/// ```compile_fail
/// fn needs(_: impl invite_core::SecureRandom) {}
/// needs(rand::rngs::SmallRng::from_seed([0; 32]));
/// ```
pub trait SecureRandom: Send + Sync + 'static {
    /// Fills `bytes` entirely.
    ///
    /// # Errors
    /// When the source cannot give random bytes; nothing may be made up in that case.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The source of randomness failed; nothing was written and nothing was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, thiserror::Error)]
#[error("no secure randomness available")]
#[non_exhaustive]
pub struct RandomError;

impl RandomError {
    /// What a [`SecureRandom`] answers when it has nothing to give.
    pub fn new() -> Self {
        Self
    }
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        SysRng.try_fill_bytes(bytes).map_err(|_| RandomError)
    }
}

/// A UUIDv7 (RFC 9562, section 5.7) from the given instant. Its random part is its own draw,
/// never shared with a token.
pub(crate) fn uuid_v7(random: &dyn SecureRandom, at: DateTime<Utc>) -> Result<Uuid, RandomError> {
    let mut tail = [0; 10];
    random.fill(&mut tail)?;
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    Ok(Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
}
