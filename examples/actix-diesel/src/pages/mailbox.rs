//! The development mailbox, to look at.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use shared::{
    Problem,
    pages::{
        input::WhichLetter,
        mailbox::{HTML_POLICY, context},
    },
};

use super::{
    error::PageError,
    page::{Answer, Asked, Page},
};
use crate::App;

pub(super) async fn show(app: Data<App>, page: Page, Asked(which): Asked<WhichLetter>) -> Answer {
    let mailbox = app.mailbox.as_ref().ok_or_else(Problem::not_found)?;
    page.show("mailbox.html", context(mailbox, which.mail))
}

/// The HTML part of one mail, for a frame: it may bring its own styles, and nothing else.
pub(super) async fn html(app: Data<App>, number: Path<usize>) -> Result<HttpResponse, PageError> {
    let html = app.mailbox.as_ref().and_then(|mailbox| mailbox.html(*number)).ok_or_else(Problem::not_found)?;
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((header::CONTENT_SECURITY_POLICY, HTML_POLICY));
    Ok(response.body(html))
}
