//! Many invitations: acted on together, invited from a list, counted.

use super::{Driver, Person, Screen, founds_an_organization, invite, start};

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desktop_many_are_managed() {
    many_are_managed(Screen::Desktop).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_many_are_managed() {
    many_are_managed(Screen::Phone).await;
}

async fn many_are_managed(screen: Screen) {
    let program = start().await;
    let driver = Driver::start();
    let ada = Person::at(&program, &driver, screen).await;
    founds_an_organization(&ada).await;
    for name in ["grace", "hedy", "mary"] {
        invite(&ada, &format!("{name}@example.com")).await;
        ada.sees(&format!("{name}@example.com is invited.")).await;
    }
    resends_those_that_are_ticked(&ada).await;
    cancels_and_deletes_all_that_match(&ada).await;
    invites_a_list(&ada).await;
    filters_by_role_and_list(&ada).await;
    counts(&ada).await;
    renews_and_deletes_one(&ada).await;
    goes_on_by_itself(&ada).await;
    ada.leave().await;
}

async fn resends_those_that_are_ticked(ada: &Person) {
    ada.presses("Resend ticked").await;
    ada.sees("Nothing is done: no invitation was ticked.").await;
    ada.presses("Tick grace@example.com").await;
    ada.presses("Tick hedy@example.com").await;
    ada.looks("many-ticked").await;
    ada.presses("Resend ticked").await;
    ada.sees("Send 2 invitations again?").await;
    ada.looks("many-resend").await;
    ada.presses("Send again").await;
    ada.sees("2 invitations were sent again").await;
    ada.presses("Back to the list").await;

    // Two of them were a moment ago.
    ada.presses("Tick all on this page").await;
    ada.presses("Resend ticked").await;
    ada.presses("Send again").await;
    ada.sees("1 invitation was sent again").await;
    ada.sees("2 invitations were left as they were.").await;
    ada.sees("Too soon. Please wait a little.").await;
    ada.sees("hedy@example.com").await;
    ada.looks("many-resent").await;
    ada.reload().await;
    ada.presses("Back to the list").await;
    ada.quiet(&[]).await;
}

async fn cancels_and_deletes_all_that_match(ada: &Person) {
    ada.fills("Search addresses", "y@example.com").await;
    ada.presses("Show").await;
    ada.loses("grace@example.com").await;
    ada.presses("All that match, on all pages").await;
    ada.presses("Cancel ticked").await;
    ada.sees("Cancel 2 invitations?").await;
    ada.fills("Reason", "The post is filled.").await;
    ada.presses("Cancel them").await;
    ada.sees("2 invitations were cancelled").await;
    ada.presses("Back to the list").await;
    ada.sees_status("mary@example.com", "Cancelled").await;

    ada.open("/organizations/1/invitations").await;
    ada.presses("All there are, on all pages").await;
    ada.tabs_to("Delete ticked").await;
    ada.presses_enter().await;
    ada.sees("Delete 3 invitations?").await;
    ada.looks("many-delete").await;
    ada.presses("Delete for good").await;
    ada.sees("2 invitations were deleted").await;
    ada.sees("This invitation is still open.").await;
    ada.sees("grace@example.com").await;
    ada.presses("Back to the list").await;
    ada.does_not_see("hedy@example.com").await;
    ada.quiet(&[]).await;
}

/// With a bad line, one that occurs twice, and somebody who is invited already.
async fn invites_a_list(ada: &Person) {
    ada.presses("Invite many at once").await;
    ada.looks("many-form").await;
    ada.presses("See what will happen").await;
    ada.fills("People", " ").await;
    ada.presses("See what will happen").await;
    ada.sees("This is empty.").await;
    ada.quiet(&[422]).await;

    let list = "email,name,role\nmary@example.com,\"Somerville, Mary\",manager\njoan@example.com,,\nMary@example.com,,\n\
                nobody,,\ngrace@example.com,,\nemmy@example.com,Emmy Noether,emperor\n";
    ada.fills("People", list).await;
    ada.chooses("Role", "viewer").await;
    ada.fills("Name of the list", "Staff / 2030").await;
    ada.presses("See what will happen").await;
    ada.sees("2 people will be invited").await;
    ada.sees("4 lines are left out.").await;
    ada.sees("The same address as in line 2.").await;
    ada.sees("Not an e-mail address that can be used.").await;
    ada.sees("Has an open invitation already.").await;
    ada.sees("There is no such role.").await;
    ada.looks("many-plan").await;

    ada.presses("Change the list").await;
    assert_eq!(ada.value_of("People").await, list);
    ada.presses("See what will happen").await;
    ada.presses("Invite 2 people").await;
    ada.sees("100 % of the list: 6 of 6 lines").await;
    ada.sees("4 left out").await;
    ada.sees("100 % of the letters: 2 of 2 dealt with").await;
    ada.looks("many-done").await;
    // What a reload sends again invites nobody again.
    ada.reload().await;
    ada.sees("2 people invited by this list before").await;
    // The address alone shows how far it is.
    let page = ada.path().await;
    ada.open(&page).await;
    ada.sees("100 % of the letters: 2 of 2 dealt with").await;
    ada.presses("send the same list again").await;
    assert_eq!(ada.value_of("Name of the list").await, "Staff / 2030");
    ada.open(&page).await;
    ada.presses("Show these invitations").await;
    ada.sees("Somerville, Mary").await;
    ada.does_not_see("grace@example.com").await;
    ada.looks("many-list").await;
    ada.quiet(&[]).await;
}

async fn filters_by_role_and_list(ada: &Person) {
    ada.chooses("Role granted", "viewer").await;
    ada.chooses("Letter", "Sent").await;
    ada.presses("Show").await;
    ada.loses("mary@example.com").await;
    ada.sees("joan@example.com").await;
}

async fn counts(ada: &Person) {
    ada.presses("Statistics").await;
    ada.sees("3 invitations").await;
    ada.sees("3 invitations created, 0 accepted.").await;
    ada.fills("Name of the list", "Staff / 2030").await;
    ada.presses("Count").await;
    ada.sees("2 invitations created, 0 accepted.").await;
    ada.presses("The same as a table").await;
    ada.looks("statistics").await;
    ada.chooses("Created in the", "Last 365 days").await;
    ada.presses("Count").await;
    ada.sees("Week by week").await;
    ada.prefers_dark(true).await;
    ada.looks("statistics-dark").await;
    ada.prefers_dark(false).await;
    ada.quiet(&[]).await;
}

async fn renews_and_deletes_one(ada: &Person) {
    ada.open("/organizations/1/invitations").await;
    ada.presses("Cancel the invitation of joan@example.com").await;
    ada.presses("Cancel invitation").await;
    ada.sees_status("joan@example.com", "Cancelled").await;
    ada.presses("joan@example.com").await;
    ada.looks("invitation-ended").await;
    ada.presses("Renew").await;
    ada.sees("Invite them once more?").await;
    ada.presses("Not now").await;
    ada.presses("Renew").await;
    ada.looks("renew-dialog").await;
    ada.presses_in_dialog("Renew").await;
    ada.sees("joan@example.com is invited once more.").await;
    ada.presses("an earlier invitation").await;
    ada.sees("Cancelled").await;
    ada.presses("Delete").await;
    ada.sees("Delete this invitation?").await;
    ada.presses("Delete for good").await;
    ada.sees("The invitation is deleted.").await;
    ada.quiet(&[]).await;
}

/// What takes several requests needs no more presses.
async fn goes_on_by_itself(ada: &Person) {
    ada.open("/organizations/1/invite-many").await;
    let list: String = (0..210).map(|n| format!("p{n}@x.org ")).collect();
    ada.fills("People", &list).await;
    ada.fills("Name of the list", "Long").await;
    ada.presses("See what will happen").await;
    ada.presses("Invite 210 people").await;
    ada.sees("100 % of the list: 210 of 210 lines").await;
    ada.presses("Show these invitations").await;
    ada.presses("All that match, on all pages").await;
    ada.presses("Cancel ticked").await;
    ada.sees("Cancel more than 200 invitations?").await;
    ada.presses("Cancel them").await;
    ada.sees("210 invitations were cancelled").await;
    ada.quiet(&[]).await;
}
