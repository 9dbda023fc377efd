//! How the tests come by letters.

include!("../support/letter.rs");

use invite_mail::{Composer, LinkBuilder, LinkStyle, Sender};
use serde_json::Value;

pub(crate) const BASE: &str = "https://example.com/invitation";

pub(crate) fn composer() -> Composer {
    let sender = Sender::new("invitations@example.com").unwrap().name("Analytical Engines").unwrap();
    let links = LinkBuilder::new(BASE, LinkStyle::Query).unwrap().parameter("via", "mail").unwrap();
    Composer::new(sender, links).clock(ManualClock::default())
}

pub(crate) fn expected_link(letter: &CapturedLetter) -> String {
    format!("{BASE}?token={}&via=mail", letter.token().expose_secret())
}

/// A letter with these words and this message.
pub(crate) async fn letter_saying(display: &Value, message: Option<&str>) -> CapturedLetter {
    let mut new = NewInvitation::new("Ada.Lovelace@Example.com", Membership).display(display);
    if let Some(message) = message {
        new = new.message(message);
    }
    letter_of(new, Policy::default()).await
}
