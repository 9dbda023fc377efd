//! Every letter in every language, word for word.
//!
//! With `INVITE_UPDATE_SNAPSHOTS=1` the files are written instead of compared: look at what `git
//! diff` says then.

use std::{fs, path::Path};

use invite_core::store::Purpose;

use crate::{
    page::{Page, without_token},
    samples::{branded, full_sample, sample, samples},
};

#[tokio::test]
async fn every_letter_in_every_language_says_what_it_said() {
    for (locale, purpose, email) in samples().await {
        let shown = format!("Subject: {}\n\n{}\n{}", email.subject(), email.text(), unstyled(email.html()));
        compare(&format!("{locale}/{}.txt", purpose.as_str()), &without_token(&shown));
    }
}

#[tokio::test]
async fn the_whole_page_is_what_it_was() {
    let email = sample("en", Purpose::Invitation, branded("#0a7d4f")).await;
    compare("invitation.html", &without_token(email.html()));
}

#[tokio::test]
async fn every_letter_is_html_without_a_mistake() {
    for (locale, purpose, email) in samples().await {
        let errors = [email, full_sample(locale, purpose).await].map(|email| Page::parse(email.html()).errors);
        assert_eq!(errors, [[""; 0]; 2], "{locale} {purpose:?}");
    }
}

#[tokio::test]
async fn a_letter_with_all_that_a_host_can_add_says_what_it_said() {
    for (locale, purpose) in [("en", Purpose::Invitation), ("ar", Purpose::Accepted)] {
        let email = full_sample(locale, purpose).await;
        let shown = format!("Subject: {}\n\n{}\n{}", email.subject(), email.text(), unstyled(email.html()));
        compare(&format!("full/{locale}-{}.txt", purpose.as_str()), &without_token(&shown));
    }
}

/// The page without its styles, which are the same in all of them.
fn unstyled(html: &str) -> String {
    let (before, rest) = html.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let mut parts = after.split(" style=\"");
    let mut page = format!("{before}{}", parts.next().unwrap());
    for part in parts {
        page.push_str(part.split_once('"').unwrap().1);
    }
    page
}

fn compare(name: &str, shown: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("INVITE_UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, shown).unwrap();
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(shown, kept.replace("\r\n", "\n"), "{name} has changed; INVITE_UPDATE_SNAPSHOTS=1 writes it anew");
}
