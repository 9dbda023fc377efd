//! The templates, the stylesheet and the script, compiled into the program.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::{error::ApiError, extract::Path};

macro_rules! asset {
    ($path:literal) => {
        include_str!(concat!("../../../assets/", $path))
    };
}

pub(super) const TEMPLATES: [(&str, &str); 14] = [
    ("layout.html", asset!("templates/layout.html")),
    ("parts.html", asset!("templates/parts.html")),
    ("home.html", asset!("templates/home.html")),
    ("login.html", asset!("templates/login.html")),
    ("signup.html", asset!("templates/signup.html")),
    ("members.html", asset!("templates/members.html")),
    ("invitations.html", asset!("templates/invitations.html")),
    ("invitation.html", asset!("templates/invitation.html")),
    ("link.html", asset!("templates/link.html")),
    ("confirm.html", asset!("templates/confirm.html")),
    ("landing.html", asset!("templates/landing.html")),
    ("me.html", asset!("templates/me.html")),
    ("mailbox.html", asset!("templates/mailbox.html")),
    ("error.html", asset!("templates/error.html")),
];

pub(super) async fn serve(Path(file): Path<String>) -> Result<Response, ApiError> {
    let (mime, body) = match file.as_str() {
        "style.css" => ("text/css; charset=utf-8", asset!("style.css")),
        "page.js" => ("text/javascript; charset=utf-8", asset!("page.js")),
        "icon.svg" => ("image/svg+xml", asset!("icon.svg")),
        _ => return Err(ApiError::not_found()),
    };
    // Not for long: a newer program may bring newer ones under the same names.
    let headers = [(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, body).into_response())
}
