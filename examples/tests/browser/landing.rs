//! Links that cannot be accepted, or not by whoever opens them.

use super::{PASSWORD, invite, link_to, log_in, person::Person};
use crate::program::Program;

pub(crate) async fn finds_a_used_link(program: &Program, grace: &Person) {
    grace.open(&link_to(program, "grace@example.com").await).await;
    grace.sees("This invitation has been used").await;
    grace.looks("landing-used").await;
    grace.quiet(&[410]).await;
}

pub(crate) async fn has_the_wrong_account(program: &Program, ada: &Person, grace: &Person) {
    invite(ada, "hedy@example.com").await;
    grace.open(&link_to(program, "hedy@example.com").await).await;
    grace.sees("This invitation is for another address than yours.").await;
    grace.looks("landing-wrong-account").await;
    grace.presses("Log out and continue").await;
    grace.sees("To accept, create an account or log in.").await;
    assert_eq!(grace.path().await, "/invitation");
    grace.quiet(&[]).await;
}

pub(crate) async fn comes_too_late(program: &Program, ada: &Person, luigi: &Person) {
    invite(ada, "luigi@example.com").await;
    let link = link_to(program, "luigi@example.com").await;
    program.database().await.expire("luigi@example.com").await;
    luigi.open(&link).await;
    luigi.sees("This invitation has expired").await;
    luigi.looks("landing-expired").await;
    luigi.quiet(&[410]).await;
    ada.reload().await;
    ada.sees_status("luigi@example.com", "Expired").await;
}

/// An account without joining; then somebody else brings them in.
pub(crate) async fn is_a_member_already(program: &Program, ada: &Person, maria: &Person) {
    invite(ada, "maria@example.com").await;
    let link = link_to(program, "maria@example.com").await;
    maria.open(&link).await;
    maria.presses("Create an account").await;
    maria.fills("Your name", "Maria Agnesi").await;
    maria.fills("Password", PASSWORD).await;
    maria.presses("Only create the account").await;
    maria.sees("Welcome, Maria Agnesi.").await;
    maria.sees("No organization yet").await;
    maria.open("/me").await;
    maria.sees("Nobody has confirmed yet that maria@example.com is yours.").await;
    maria.looks("me-unverified").await;

    // A link that was passed on proves no address: neither for this account nor for a new one.
    ada.presses("Copy a link for maria@example.com").await;
    let copied = ada.value_of("Invitation link").await;
    maria.open(&copied).await;
    maria.sees("a link that was passed on cannot").await;
    maria.looks("landing-unverified").await;
    maria.presses("Log out").await;
    // Its answer forgets the invitation, so it must be here before the link is opened again.
    maria.sees("You are logged out.").await;
    maria.open(&copied).await;
    maria.presses("Create an account").await;
    maria.sees("A link that was passed on does not prove your address").await;
    maria.does_not_see("Create account and join").await;
    maria.looks("sign-up-copied-link").await;
    maria.open("/login").await;
    log_in(maria, "maria@example.com", PASSWORD).await;
    maria.sees("a link that was passed on cannot").await;

    let join = "INSERT INTO memberships (organization_id, user_id, role)
                SELECT 1, id, 'viewer' FROM users WHERE email = 'maria@example.com'";
    assert_eq!(program.database().await.execute(join).await, 1);
    maria.open(&link).await;
    maria.sees("You are already a member of Analytical Engines.").await;
    maria.looks("landing-member").await;
    maria.presses("Log out").await;
    maria.sees("You are logged out.").await;
    maria.quiet(&[]).await;
}

pub(crate) async fn finds_a_link_that_is_none(guest: &Person) {
    guest.open("/invitation?token=%22%3E%3Csvg%20onload%3Dalert(1)%3E").await;
    guest.sees("This link is not valid").await;
    guest.does_not_see("svg").await;
    guest.quiet(&[404]).await;
    guest.forget_everything().await;
    guest.open("/invitation").await;
    guest.sees("No invitation is open here").await;
    guest.looks("landing-none").await;
    guest.open("/invitation#token=nonsense").await;
    guest.sees("This link is not valid").await;
    guest.looks("landing-invalid").await;
    guest.quiet(&[404]).await;
}
