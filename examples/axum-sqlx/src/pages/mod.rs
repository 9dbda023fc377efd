//! The pages: HTML rendered on the server, and the routes their forms post to.
//!
//! They call the same functions as the JSON API. `GET` changes nothing but cookies; what changes
//! something is posted by a button.

mod account;
mod actions;
mod assets;
mod error;
mod explain;
mod home;
mod importing;
mod inviting;
mod landing;
mod mailbox;
mod manage;
mod me;
mod page;
mod selected;
mod statistics;

use axum::{
    Router,
    routing::{get, post},
};

use crate::App;

pub(crate) use self::error::refuse_by_page;

/// All pages. The development mailbox answers 404 where it is switched off.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(home::show))
        .route("/organizations", post(home::create))
        .route("/login", get(account::show_log_in).post(account::log_in))
        .route("/signup", get(account::show_sign_up).post(account::sign_up))
        .route("/logout", post(account::log_out))
        .route("/organizations/{org}", get(home::organization))
        .route("/organizations/{org}/members", get(home::members))
        .route("/organizations/{org}/statistics", get(statistics::show))
        .route("/organizations/{org}/invitations", get(inviting::list).post(inviting::create))
        .route("/organizations/{org}/invitations/selected", get(selected::ask).post(selected::act))
        .route("/organizations/{org}/invitations/explain", get(explain::show))
        .route("/organizations/{org}/invitations/{id}", get(manage::show).post(manage::amend))
        .route("/organizations/{org}/invitations/{id}/resend", get(actions::ask_resend).post(actions::resend))
        .route("/organizations/{org}/invitations/{id}/link", get(actions::show_no_link).post(actions::link))
        .route("/organizations/{org}/invitations/{id}/cancel", get(actions::ask_cancel).post(actions::cancel))
        .route("/organizations/{org}/invitations/{id}/renew", get(actions::ask_renew).post(actions::renew))
        .route("/organizations/{org}/invitations/{id}/delete", get(actions::ask_delete).post(actions::delete))
        .route("/invitation", get(landing::show))
        .route("/invitation/open", post(landing::open))
        .route("/invitation/accept", post(landing::accept))
        .route("/invitation/decline", get(landing::ask_decline).post(landing::decline))
        .route("/me", get(me::show))
        .route("/me/invitations/{id}/accept", post(me::accept))
        .route("/me/invitations/{id}/decline", get(me::ask_decline).post(me::decline))
        .merge(importing::routes())
        .route("/dev/mailbox", get(mailbox::show))
        .route("/dev/mailbox/{number}/html", get(mailbox::html))
}

/// What the pages are made with.
pub(crate) fn assets() -> Router<App> {
    Router::new().route("/assets/{file}", get(assets::serve))
}
