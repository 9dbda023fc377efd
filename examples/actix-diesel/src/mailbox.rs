//! The development mailbox, for programs.

use actix_web::web::{Data, Json as Reply, ServiceConfig};
use shared::{Letter, Problem};

use crate::{App, error::ApiError, get, resource};

pub(crate) fn routes(to: &mut ServiceConfig) {
    to.service(resource("/dev/mailbox.json").route(get().to(get_mailbox)));
}

async fn get_mailbox(app: Data<App>) -> Result<Reply<Vec<Letter>>, ApiError> {
    Ok(Reply(app.mailbox.as_ref().ok_or_else(Problem::not_found)?.mails()))
}
