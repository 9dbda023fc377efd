//! The development mailbox, to look at.

use axum::{extract::State, http::header, response::IntoResponse};
use shared::{
    Problem,
    pages::{
        input::WhichLetter,
        mailbox::{HTML_POLICY, context},
    },
};

use super::page::{Answer, Asked, At, Page};
use crate::App;

pub(super) async fn show(State(app): State<App>, page: Page, Asked(which): Asked<WhichLetter>) -> Answer {
    let mailbox = app.mailbox.ok_or_else(Problem::not_found)?;
    page.show("mailbox.html", context(&mailbox, which.mail))
}

/// The HTML part of one mail, for a frame: it may bring its own styles, and nothing else.
pub(super) async fn html(State(app): State<App>, At(number): At<usize>) -> Answer {
    let html = app.mailbox.and_then(|mailbox| mailbox.html(number)).ok_or_else(Problem::not_found)?;
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, HTML_POLICY)];
    Ok((headers, html).into_response())
}
