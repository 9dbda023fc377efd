//! The development mailbox, to look at.

use axum::{extract::State, http::header, response::IntoResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::page::{Answer, Asked, At, Page};
use crate::{App, error::ApiError, mailbox::Mail};

#[derive(Deserialize)]
pub(super) struct Choice {
    mail: Option<usize>,
}

#[derive(Serialize)]
struct Numbered {
    number: usize,
    #[serde(flatten)]
    mail: Mail,
}

pub(super) async fn show(State(app): State<App>, page: Page, Asked(choice): Asked<Choice>) -> Answer {
    let mails = app.mailbox.ok_or_else(ApiError::not_found)?.mails();
    let mut mails: Vec<Numbered> = mails.into_iter().zip(1..).map(|(mail, number)| Numbered { number, mail }).collect();
    mails.reverse();
    let chosen = choice.mail;
    let open = mails.iter().find(|mail| Some(mail.number) == chosen).or(mails.first());
    page.show("mailbox.html", json!({ "nav": "mailbox", "mails": mails, "mail_open": open }))
}

/// The HTML part of one mail, for a frame: it may bring its own styles, and nothing else.
pub(super) async fn html(State(app): State<App>, At(number): At<usize>) -> Answer {
    let mut mails = app.mailbox.ok_or_else(ApiError::not_found)?.mails();
    let index = number.checked_sub(1).filter(|index| *index < mails.len()).ok_or_else(ApiError::not_found)?;
    // Its links leave the frame, as they would leave a mail program.
    let html = mails.swap_remove(index).html.replacen("<head>", "<head><base target=\"_top\">", 1);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; \
                  sandbox allow-top-navigation-by-user-activation";
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, policy)];
    Ok((headers, html).into_response())
}
