//! The development mailbox, for programs.

use axum::{Json as Reply, Router, extract::State, routing::get};
use shared::{Letter, Problem};

use crate::{App, error::ApiError};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/dev/mailbox.json", get(get_mailbox))
}

async fn get_mailbox(State(app): State<App>) -> Result<Reply<Vec<Letter>>, ApiError> {
    Ok(Reply(app.mailbox.ok_or_else(Problem::not_found)?.mails()))
}
