//! What every page needs to know of its request, and how it is rendered.

use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Path, Query, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use invite_core::InvitationId;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::{Cookies, Problem, User, pages::templates::render};

use super::error::PageError;
use crate::{App, error::ApiError, session::CurrentUser};

pub(super) type Answer = Result<Response, PageError>;

/// The request, as far as every page shows something of it.
pub(super) struct Page {
    pub(super) user: Option<User>,
    pub(super) cookies: Cookies,
    /// The token this browser was opened with, as sent: not parsed, never shown.
    pub(super) token: Option<String>,
    flash: Option<String>,
    mailbox: bool,
}

impl FromRequestParts<App> for Page {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let user = <CurrentUser as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        let cookies = Cookies { https: app.https };
        Ok(Self {
            user: user.map(|CurrentUser(user)| user),
            cookies,
            token: cookies.invitation(sent(&parts.headers)),
            flash: cookies.flash(sent(&parts.headers)),
            mailbox: app.mailbox.is_some(),
        })
    }
}

impl Page {
    pub(super) fn show(&self, template: &'static str, context: Value) -> Answer {
        self.show_as(StatusCode::OK, template, context)
    }

    /// The same page again after a refusal, with its status.
    pub(super) fn show_after(&self, error: Option<&ApiError>, template: &'static str, context: Value) -> Answer {
        self.show_as(error.map_or(StatusCode::OK, ApiError::status), template, context)
    }

    pub(super) fn show_as(&self, status: StatusCode, template: &'static str, context: Value) -> Answer {
        Ok(self.html(status, template, context)?)
    }

    pub(super) fn html(
        &self,
        status: StatusCode,
        template: &'static str,
        mut context: Value,
    ) -> Result<Response, ApiError> {
        context["viewer"] = self.user.as_ref().map_or(
            Value::Null,
            |user| json!({ "name": user.full_name, "email": user.email, "verified": user.email_verified }),
        );
        context["flash"] = json!(self.flash);
        context["mailbox"] = json!(self.mailbox);
        let html = render(template, context)?;
        let read = self.flash.as_ref().map(|_| self.cookies.forget_flash());
        Ok((status, set_cookies(read), Html(html)).into_response())
    }

    /// Sends the browser on, with something to say when it arrives.
    pub(super) fn go(&self, path: &str, flash: &str) -> Response {
        (set_cookies([self.cookies.set_flash(flash)]), Redirect::to(path)).into_response()
    }

    /// As [`go`](Self::go), once the invitation this browser was opened with is answered.
    pub(super) fn go_answered(&self, path: &str, flash: &str) -> Response {
        let cookies = set_cookies([self.cookies.set_flash(flash), self.cookies.forget_invitation()]);
        (cookies, Redirect::to(path)).into_response()
    }
}

/// A page only for people who are signed in.
pub(super) struct SignedIn {
    pub(super) user: User,
    pub(super) page: Page,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let page = Page::from_request_parts(parts, app).await?;
        match page.user.clone() {
            Some(user) => Ok(Self { user, page }),
            None => {
                let path = parts.uri.path_and_query().map(ToString::to_string);
                Err(PageError::LogIn { next: path.filter(|_| parts.method == Method::GET) })
            }
        }
    }
}

/// Path parameters; what does not parse is as unknown as an id nobody has.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let path = <Path<T> as FromRequestParts<App>>::from_request_parts(parts, app).await;
        path.map(|Path(parameters)| Self(parameters)).map_err(|_| Problem::not_found().into())
    }
}

/// An organization and one of its invitations.
pub(super) type Named = At<(i64, InvitationId)>;

/// What the address asks for.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let query = Query::from_request_parts(parts, app).await;
        query.map(|Query(asked)| Self(asked)).map_err(|rejection| {
            let detail = "This address asks for something that is not there.";
            Problem::new(rejection.status().as_u16(), "bad_request", detail).into()
        })
    }
}

/// What a form sent.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let form = Form::from_request(request, app).await;
        form.map(|Form(sent)| Self(sent)).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large().into(),
            status => Problem::new(status.as_u16(), "bad_request", "This is not what the form sends.").into(),
        })
    }
}

/// The cookies that the browser sent.
fn sent(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok())
}

pub(super) fn set_cookies(cookies: impl IntoIterator<Item = String>) -> HeaderMap {
    let values = cookies.into_iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok());
    values.map(|value| (header::SET_COOKIE, value)).collect()
}
