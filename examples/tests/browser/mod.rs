//! The pages as people use them, in a real Chromium, on a desktop and on a phone.

mod driver;
mod landing;
mod many;
mod person;

use std::time::{Duration, Instant};

use self::{
    driver::{Driver, shots},
    landing::{
        comes_too_late, finds_a_link_that_is_none, finds_a_used_link, has_the_wrong_account, is_a_member_already,
    },
    person::{Person, Screen},
};
use crate::program::{PATIENCE, Program};

const PASSWORD: &str = "correct horse battery";

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desktop_everybody_finds_their_way() {
    everybody_finds_their_way(Screen::Desktop).await;
}

/// On a phone the walk is about what is shown, which is the same on each database.
#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_everybody_finds_their_way() {
    everybody_finds_their_way(Screen::Phone).await;
}

async fn everybody_finds_their_way(screen: Screen) {
    let program = start().await;
    let driver = Driver::start();
    println!("screenshots: {}", shots().display());

    let ada = Person::at(&program, &driver, screen).await;
    founds_an_organization(&ada).await;
    invites_with_a_slip(&ada).await;

    let guest = Person::at(&program, &driver, screen).await;
    joins_as_a_new_user(&guest).await;
    sees_it_accepted(&ada).await;
    is_refused_what_members_may_not(&guest).await;
    finds_a_used_link(&program, &guest).await;

    declines(&program, &ada, &guest).await;
    cancels(&program, &ada, &guest).await;
    joins_with_a_copied_link(&ada, &guest).await;
    answers_without_a_link(&ada, &guest).await;
    has_the_wrong_account(&program, &ada, &guest).await;
    resends(&program, &ada, &guest).await;
    comes_too_late(&program, &ada, &guest).await;
    is_a_member_already(&program, &ada, &guest).await;
    finds_a_link_that_is_none(&guest).await;
    looks_through_the_list(&ada).await;

    guest.leave().await;
    ada.leave().await;
}

/// With the development mailbox of a debug build.
async fn start() -> Program {
    Program::start(&[("DEV_MAILBOX", "")]).await
}

/// The link of the newest letter to this address.
async fn link_to(program: &Program, address: &str) -> String {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let mails = reqwest::get(format!("{}/dev/mailbox.json", program.url)).await.unwrap();
        let mails: Vec<serde_json::Value> = mails.json().await.unwrap();
        if let Some(mail) = mails.iter().rfind(|mail| mail["to"] == address) {
            return mail["links"][0].as_str().unwrap().into();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no letter to {address}");
}

async fn founds_an_organization(ada: &Person) {
    ada.open("/").await;
    ada.looks("start").await;
    ada.presses("Create an account").await;
    ada.looks("sign-up").await;
    ada.fills("Your name", "Ada Byron").await;
    ada.fills("E-mail address", "ada@example.com").await;
    ada.fills("Password", PASSWORD).await;
    ada.presses("Create account").await;
    ada.sees("Welcome, Ada Byron.").await;
    ada.sees("No organization yet").await;
    ada.looks("organizations-none").await;

    found(ada, "Analytical Engines").await;
    ada.sees("Nobody is invited yet").await;
    ada.looks("invitations-none").await;
    ada.quiet(&[]).await;
}

async fn found(owner: &Person, name: &str) {
    owner.open("/").await;
    owner.fills("Name", name).await;
    owner.presses("Create organization").await;
    owner.sees(&format!("{name} is created.")).await;
}

/// What is wrong is said beside the field, and nothing that was typed is lost.
async fn invites_with_a_slip(ada: &Person) {
    ada.fills("E-mail address", "grace@example").await;
    ada.fills("Message", "We could use your notes.").await;
    ada.presses("Invite").await;
    ada.sees("This is not an e-mail address that can be used.").await;
    assert_eq!(ada.said_about("E-mail address").await, "This is not an e-mail address that can be used.");
    assert_eq!(ada.value_of("E-mail address").await, "grace@example");
    assert_eq!(ada.value_of("Message").await, "We could use your notes.");
    ada.looks("invitations-error").await;
    ada.quiet(&[422]).await;

    ada.fills("E-mail address", "grace@example.com").await;
    ada.presses("Invite").await;
    ada.sees("grace@example.com is invited.").await;
    ada.sees_status("grace@example.com", "Pending").await;

    invite(ada, "grace@example.com").await;
    ada.sees("There is an open invitation to this address already.").await;
    ada.quiet(&[409]).await;
    ada.presses("Show the open invitation").await;
    ada.sees("History").await;
    ada.looks("invitation-open").await;
}

/// By mail, from the page the inviter is on or the last organization's.
async fn invite(owner: &Person, email: &str) {
    owner.open("/organizations/1/invitations").await;
    owner.fills("E-mail address", email).await;
    owner.presses("Invite").await;
}

async fn joins_as_a_new_user(grace: &Person) {
    grace.open("/dev/mailbox").await;
    grace.sees("grace@example.com").await;
    grace.presses("Text part").await;
    grace.looks("mailbox").await;
    grace.follows_the_mail().await;

    // Looking changes nothing, however often.
    for _ in 0..3 {
        grace.sees("Join Analytical Engines").await;
        grace.sees("We could use your notes.").await;
        assert_eq!(grace.path().await, "/invitation");
        grace.reload().await;
    }
    grace.looks("landing-logged-out").await;

    grace.presses("Create an account").await;
    grace.sees("You are invited by Ada Byron").await;
    assert_eq!(grace.value_of("E-mail address").await, "grace@example.com");
    grace.looks("sign-up-invited").await;
    grace.fills("Your name", " ").await;
    grace.fills("Password", PASSWORD).await;
    grace.presses("Create account and join").await;
    grace.sees("This is empty.").await;
    grace.quiet(&[422]).await;

    // The invitation is still there after the slip.
    grace.fills("Your name", "Grace Hopper").await;
    grace.fills("Password", PASSWORD).await;
    grace.presses("Create account and join").await;
    grace.sees("You are now a member of Analytical Engines.").await;
    assert_eq!(grace.path().await, "/me");
    grace.looks("me-member").await;
    grace.quiet(&[]).await;
}

async fn sees_it_accepted(ada: &Person) {
    ada.open("/organizations/1/invitations").await;
    ada.sees_status("grace@example.com", "Accepted").await;
    ada.presses("grace@example.com").await;
    ada.sees("by Grace Hopper").await;
    ada.looks("invitation-accepted").await;
    ada.presses("Members").await;
    ada.sees("Grace Hopper").await;
    ada.looks("members").await;
    ada.quiet(&[]).await;
}

async fn is_refused_what_members_may_not(grace: &Person) {
    grace.open("/organizations/1").await;
    grace.sees("Members").await;
    grace.does_not_see("Invite somebody").await;
    grace.open("/organizations/1/invitations").await;
    grace.sees("Only owners and admins may do this.").await;
    grace.looks("error-forbidden").await;
    grace.quiet(&[403]).await;
}

async fn declines(program: &Program, ada: &Person, charles: &Person) {
    invite(ada, "charles@example.com").await;
    let link = link_to(program, "charles@example.com").await;
    charles.forget_everything().await;
    charles.open(&link).await;
    charles.presses("Decline it").await;
    charles.fills("Reason", "I am busy with another engine.").await;
    charles.looks("decline-dialog").await;
    charles.presses("Decline").await;
    charles.sees("You have declined the invitation.").await;
    charles.open(&link).await;
    charles.sees("This invitation was declined").await;
    charles.quiet(&[410]).await;

    ada.open("/organizations/1/invitations?status=rejected").await;
    ada.presses("charles@example.com").await;
    ada.sees("I am busy with another engine.").await;
    ada.looks("invitation-declined").await;
}

async fn cancels(program: &Program, ada: &Person, mary: &Person) {
    invite(ada, "mary@example.com").await;
    let link = link_to(program, "mary@example.com").await;
    let cancel = "Cancel the invitation of mary@example.com";
    ada.presses(cancel).await;
    ada.looks("cancel-dialog").await;
    ada.presses("Keep it").await;
    ada.sees_status("mary@example.com", "Pending").await;
    ada.presses(cancel).await;
    ada.fills("Reason", "The post is filled.").await;
    ada.presses("Cancel invitation").await;
    ada.sees("The invitation of mary@example.com is cancelled.").await;
    ada.sees_status("mary@example.com", "Cancelled").await;

    mary.open(&link).await;
    mary.sees("This invitation was taken back").await;
    mary.quiet(&[410]).await;
}

/// An account that exists accepts with a link that was passed on, by keyboard alone.
async fn joins_with_a_copied_link(ada: &Person, grace: &Person) {
    found(ada, "Difference Works").await;
    ada.fills("E-mail address", "grace@example.com").await;
    ada.presses("Give me a link to pass on").await;
    ada.presses("Invite").await;
    ada.sees("Link for grace@example.com").await;
    ada.may_use_the_clipboard().await;
    ada.presses("Copy").await;
    ada.sees("Copied.").await;
    let link = ada.value_of("Invitation link").await;
    assert_eq!(ada.pastes().await, link);
    ada.looks("link").await;

    // Another one for the same invitation, later.
    ada.open("/organizations/2/invitations").await;
    ada.presses("Copy a link for grace@example.com").await;
    ada.sees("Link for grace@example.com").await;
    assert_ne!(ada.value_of("Invitation link").await, link);

    grace.forget_everything().await;
    // As a host would write it that keeps tokens out of the logs of its server.
    grace.open("/").await;
    grace.open(&link.replace("?token", "#token")).await;
    grace.sees("Join Difference Works").await;
    assert_eq!(grace.path().await, "/invitation");
    grace.tabs_to("Log in").await;
    grace.presses_enter().await;
    grace.sees("Log in to answer the invitation to join Difference Works.").await;
    log_in(grace, "grace@example.com", "not my password").await;
    grace.sees("Wrong e-mail address or password.").await;
    grace.looks("log-in-error").await;
    grace.quiet(&[401]).await;
    log_in(grace, "grace@example.com", PASSWORD).await;
    grace.sees("You are logged in as grace@example.com").await;
    assert_eq!(grace.path().await, "/invitation");
    grace.looks("landing-logged-in").await;

    grace.tabs_to("Accept").await;
    grace.presses_enter().await;
    grace.sees("You are now a member of Difference Works.").await;
    assert_eq!(grace.path().await, "/me");
    grace.quiet(&[]).await;
}

async fn log_in(person: &Person, email: &str, password: &str) {
    person.fills("E-mail address", email).await;
    person.fills("Password", password).await;
    person.presses_enter().await;
}

/// Somebody with a verified address needs no link.
async fn answers_without_a_link(ada: &Person, grace: &Person) {
    found(ada, "Third Engines").await;
    ada.fills("E-mail address", "grace@example.com").await;
    ada.chooses("Role", "admin").await;
    ada.presses("Invite").await;
    ada.sees("grace@example.com is invited.").await;

    grace.open("/").await;
    grace.sees("One invitation waits for your answer.").await;
    grace.looks("organizations-waiting").await;
    grace.presses("Have a look").await;
    grace.sees("Third Engines").await;
    grace.looks("me-received").await;
    grace.presses("Decline the invitation of Third Engines").await;
    grace.presses("Not now").await;
    grace.presses("Accept the invitation of Third Engines").await;
    grace.sees("You are now a member of Third Engines.").await;
    // An admin is led to where admins work.
    assert_eq!(grace.path().await, "/organizations/3/invitations");
    grace.quiet(&[]).await;
}

async fn resends(program: &Program, ada: &Person, hedy: &Person) {
    let earlier = link_to(program, "hedy@example.com").await;
    ada.presses("Resend to hedy@example.com").await;
    ada.sees("Send it again?").await;
    ada.looks("resend-dialog").await;
    ada.presses("Send again").await;
    ada.sees("The invitation is sent to hedy@example.com again.").await;
    hedy.open(&earlier).await;
    hedy.sees("There is a newer link").await;
    hedy.quiet(&[410]).await;

    // Once more is too soon; the question is a page of its own as well.
    ada.presses("hedy@example.com").await;
    ada.sees("Sent again").await;
    let page = ada.path().await;
    ada.open(&format!("{page}/resend")).await;
    ada.looks("resend-page").await;
    ada.presses("Send again").await;
    ada.sees("Too soon.").await;
    ada.quiet(&[429]).await;
}

async fn looks_through_the_list(ada: &Person) {
    ada.open("/organizations/1/invitations").await;
    ada.looks("invitations").await;
    ada.prefers_dark(true).await;
    ada.looks("invitations-dark").await;
    ada.prefers_dark(false).await;
    ada.presses("Declined").await;
    ada.sees("charles@example.com").await;
    ada.does_not_see("luigi@example.com").await;
    ada.presses("All").await;
    ada.fills("Search addresses", "LUIGI").await;
    ada.presses("Show").await;
    ada.sees("luigi@example.com").await;
    ada.does_not_see("charles@example.com").await;
    ada.fills("Search addresses", "nobody").await;
    ada.presses("Show").await;
    ada.sees("Nothing matches").await;
    ada.looks("invitations-nothing-matches").await;
    ada.presses("Show all invitations").await;
    ada.sees("charles@example.com").await;
    ada.quiet(&[]).await;
}
