//! Accounts: what may be asked, what is answered, and passwords.

use std::{sync::LazyLock, thread};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::{MemberOf, Problem, User};

const SHORTEST_PASSWORD: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    pub email: String,
    pub password: String,
    pub full_name: String,
    pub token: Option<String>,
}

#[derive(Serialize)]
pub struct SignedUp {
    pub user: User,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership: Option<MemberOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    pub email: String,
    pub password: String,
}

#[derive(Serialize)]
pub struct LoggedIn {
    pub user: User,
}

#[derive(Serialize)]
pub struct Me {
    pub user: User,
    pub memberships: Vec<MemberOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    pub name: String,
}

pub fn email_taken() -> Problem {
    Problem::new(409, "email_taken", "There is an account with this address. Please log in.")
}

pub fn wrong_password() -> Problem {
    Problem::unauthenticated("Wrong e-mail address or password.")
}

/// Refuses what is too short, and hashes the rest. Slow on purpose, so it must not happen while a
/// transaction holds the database.
pub async fn hash(password: String) -> Result<String, Problem> {
    if password.chars().count() < SHORTEST_PASSWORD {
        let detail = format!("password is too short, at least {SHORTEST_PASSWORD} characters");
        return Err(Problem::invalid("password", detail));
    }
    let hashing = move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string());
    in_turn(hashing).await?.map_err(Problem::internal)
}

/// Whether this is the password of an account. Also to be asked where there is no such account: the
/// time it takes must not tell.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Problem> {
    static NOBODY: LazyLock<String> =
        LazyLock::new(|| Argon2::default().hash_password(b"nobody's").map(|hash| hash.to_string()).unwrap_or_default());

    let verifying = move || {
        let known = hash.is_some();
        let hash = hash.as_deref().unwrap_or(&NOBODY);
        let matches = PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && matches
    };
    in_turn(verifying).await
}

/// Runs what takes a processor for a while, and 19 MiB: as many at a time as there are processors, however many log in.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    static TURNS: LazyLock<Semaphore> =
        LazyLock::new(|| Semaphore::new(thread::available_parallelism().map_or(1, Into::into)));

    let turn = TURNS.acquire().await.map_err(Problem::internal)?;
    let working = move || {
        let answer = work();
        // Kept until here, also if whoever asked has gone away.
        drop(turn);
        answer
    };
    tokio::task::spawn_blocking(working).await.map_err(Problem::internal)
}
