//! The pages: HTML rendered on the server, and the routes their forms post to.
//!
//! They call the same functions as the JSON API. `GET` changes nothing but cookies; what changes
//! something is posted by a button.

mod account;
mod actions;
mod assets;
mod cookies;
mod error;
mod home;
mod inviting;
mod landing;
mod mailbox;
mod manage;
mod me;
mod page;

use actix_web::web::{ServiceConfig, post};

use crate::{get, resource, runtime::Runtime};

pub(crate) use self::{cookies::Cookies, error::refuse_by_page};

/// All pages. The development mailbox answers 404 where it is switched off.
pub(crate) fn routes(to: &mut ServiceConfig, on: &Runtime) {
    to.service(resource("/").route(get().to(on.run(home::show))))
        .service(resource("/organizations").route(post().to(on.run(home::create))))
        .service(resource("/login").route(get().to(on.run(account::show_log_in))).route(post().to(account::log_in)))
        .service(resource("/signup").route(get().to(on.run(account::show_sign_up))).route(post().to(account::sign_up)))
        .service(resource("/logout").route(post().to(account::log_out)))
        .service(resource("/organizations/{org}").route(get().to(on.run(home::organization))))
        .service(resource("/organizations/{org}/members").route(get().to(on.run(home::members))))
        .service(
            resource("/organizations/{org}/invitations")
                .route(get().to(on.run(inviting::list)))
                .route(post().to(on.run(inviting::create))),
        )
        .service(
            resource("/organizations/{org}/invitations/{id}")
                .route(get().to(on.run(manage::show)))
                .route(post().to(on.run(manage::amend))),
        )
        .service(
            resource("/organizations/{org}/invitations/{id}/resend")
                .route(get().to(on.run(actions::ask_resend)))
                .route(post().to(on.run(actions::resend))),
        )
        .service(
            resource("/organizations/{org}/invitations/{id}/link")
                .route(get().to(actions::show_no_link))
                .route(post().to(on.run(actions::link))),
        )
        .service(
            resource("/organizations/{org}/invitations/{id}/cancel")
                .route(get().to(on.run(actions::ask_cancel)))
                .route(post().to(on.run(actions::cancel))),
        )
        .service(resource("/invitation").route(get().to(on.run(landing::show))))
        .service(resource("/invitation/open").route(post().to(landing::open)))
        .service(resource("/invitation/accept").route(post().to(on.run(landing::accept))))
        .service(
            resource("/invitation/decline")
                .route(get().to(on.run(landing::ask_decline)))
                .route(post().to(on.run(landing::decline))),
        )
        .service(resource("/me").route(get().to(on.run(me::show))))
        .service(resource("/me/invitations/{id}/accept").route(post().to(on.run(me::accept))))
        .service(
            resource("/me/invitations/{id}/decline")
                .route(get().to(on.run(me::ask_decline)))
                .route(post().to(on.run(me::decline))),
        )
        .service(resource("/dev/mailbox").route(get().to(mailbox::show)))
        .service(resource("/dev/mailbox/{number}/html").route(get().to(mailbox::html)));
}

/// What the pages are made with.
pub(crate) fn assets(to: &mut ServiceConfig) {
    to.service(resource("/assets/{file}").route(get().to(assets::serve)));
}
