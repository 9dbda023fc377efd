//! What every page needs to know of its request, and what it answers.

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    cookie::Cookie,
    dev::Payload,
    error::UrlencodedError,
    http::{Method, StatusCode, header},
    web::{Data, Form, Query},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::{Problem, User, pages::templates::render};

use super::{cookies::Cookies, error::PageError};
use crate::{
    App,
    error::ApiError,
    extract::{Extracting, unreadable},
    session::AnyUser,
};

pub(super) type Answer = Result<Shown, PageError>;

/// What is to be answered. Actix's own responses cannot leave their thread; this becomes one when it is
/// back where the request came in.
pub(super) struct Shown {
    status: StatusCode,
    cookies: Vec<Cookie<'static>>,
    content: Content,
}

enum Content {
    Html(String),
    To(String),
    Nothing,
}

impl Shown {
    /// Sends the browser on.
    pub(super) fn to(path: impl Into<String>) -> Self {
        Self { status: StatusCode::SEE_OTHER, cookies: Vec::new(), content: Content::To(path.into()) }
    }

    pub(super) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, cookies: Vec::new(), content: Content::Nothing }
    }

    pub(super) fn cookies(mut self, cookies: impl IntoIterator<Item = Cookie<'static>>) -> Self {
        self.cookies.extend(cookies);
        self
    }
}

impl Responder for Shown {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for cookie in self.cookies {
            response.cookie(cookie);
        }
        match self.content {
            Content::Html(html) => response.content_type("text/html; charset=utf-8").body(html),
            Content::To(path) => response.insert_header((header::LOCATION, path)).finish(),
            Content::Nothing => response.finish(),
        }
    }
}

/// The request, as far as every page shows something of it.
pub(super) struct Page {
    pub(super) user: Option<User>,
    pub(super) cookies: Cookies,
    /// The token this browser was opened with, as sent: not parsed, never shown.
    pub(super) token: Option<String>,
    flash: Option<String>,
    mailbox: bool,
}

impl FromRequest for Page {
    type Error = PageError;
    type Future = Extracting<Self, PageError>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let user = AnyUser::from_request(&request, payload);
        Box::pin(async move {
            let AnyUser(user) = user.await?;
            let app = request.app_data::<Data<App>>().ok_or_else(|| Problem::internal("there is no application"))?;
            let cookies = Cookies { https: app.https };
            let (token, flash) = (cookies.invitation(request.headers()), cookies.flash(request.headers()));
            Ok(Self { user, cookies, token, flash, mailbox: app.mailbox.is_some() })
        })
    }
}

impl Page {
    pub(super) fn show(&self, template: &'static str, context: Value) -> Answer {
        self.show_after(None, template, context)
    }

    /// The same page again after a refusal, with its status.
    pub(super) fn show_after(&self, error: Option<&ApiError>, template: &'static str, context: Value) -> Answer {
        let status = error.map_or(StatusCode::OK, actix_web::ResponseError::status_code);
        Ok(Shown { status, ..self.html(template, context)? })
    }

    pub(super) fn html(&self, template: &'static str, mut context: Value) -> Result<Shown, ApiError> {
        context["viewer"] = self.user.as_ref().map_or(
            Value::Null,
            |user| json!({ "name": user.full_name, "email": user.email, "verified": user.email_verified }),
        );
        context["flash"] = json!(self.flash);
        context["mailbox"] = json!(self.mailbox);
        let html = Content::Html(render(template, context)?);
        let read = self.flash.as_ref().map(|_| self.cookies.forget_flash());
        Ok(Shown { status: StatusCode::OK, cookies: read.into_iter().collect(), content: html })
    }

    /// Sends the browser on, with something to say when it arrives.
    pub(super) fn go(&self, path: &str, flash: &str) -> Shown {
        Shown::to(path).cookies([self.cookies.set_flash(flash)])
    }

    /// As [`go`](Self::go), once the invitation this browser was opened with is answered.
    pub(super) fn go_answered(&self, path: &str, flash: &str) -> Shown {
        self.go(path, flash).cookies([self.cookies.forget_invitation()])
    }
}

/// A page only for people who are signed in.
pub(super) struct SignedIn {
    pub(super) user: User,
    pub(super) page: Page,
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Extracting<Self, PageError>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let page = Page::from_request(request, payload);
        let back = (request.method() == Method::GET).then(|| request.uri().path_and_query().map(ToString::to_string));
        Box::pin(async move {
            let page = page.await?;
            match page.user.clone() {
                Some(user) => Ok(Self { user, page }),
                None => Err(PageError::LogIn { next: back.flatten() }),
            }
        })
    }
}

/// What the address asks for.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for Asked<T> {
    type Error = PageError;
    type Future = Extracting<Self, PageError>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = Query::<T>::from_query(request.query_string());
        Box::pin(async move {
            let detail = "This address asks for something that is not there.";
            Ok(Self(query.map_err(|error| unreadable(&error.into(), detail))?.into_inner()))
        })
    }
}

/// What a form sent.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for Sent<T> {
    type Error = PageError;
    type Future = Extracting<Self, PageError>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = Form::<T>::from_request(request, payload);
        Box::pin(async move {
            let detail = "This is not what the form sends.";
            let form = form.await.map_err(|error| match error.as_error() {
                Some(UrlencodedError::Parse(_)) => Problem::new(422, "bad_request", detail),
                _ => unreadable(&error, detail),
            })?;
            Ok(Self(form.into_inner()))
        })
    }
}
