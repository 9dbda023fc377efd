//! After a whole life of invitations, with letters over SMTP and servers that quote what they are told: the secret of a
//! link is in the letter, and nowhere else that is kept; the password is nowhere.
//!
//! What is kept is all that was said, and every file of the database.

#[path = "../../../../invite-mail/tests/all/certificates.rs"]
#[expect(dead_code, reason = "what other tests need besides")]
mod certificates;
mod files;
mod life;
mod lived;
mod post;
mod said;
#[path = "../../../../invite-mail/tests/all/script.rs"]
#[expect(dead_code, reason = "what other tests need besides")]
mod script;
mod search;
mod servers;
mod sqlite;

/// The mail library writes whole letters into the log with this feature. Whoever depends on it gets it into the lock
/// file.
#[test]
fn nothing_here_lets_the_mail_library_log() {
    let lock = include_str!("../../../../Cargo.lock");
    let package = lock.split("[[package]]").find(|package| package.contains("name = \"lettre\"\n")).unwrap();
    assert!(package.contains("\"email-encoding\""), "that is the list of what it depends on");
    assert!(!package.contains("\"tracing"), "{package}");
}
