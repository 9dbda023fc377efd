//! Request bodies and path parameters, refused in the words of this API.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{StatusCode, header},
    web::{self, Bytes, PathConfig},
};
use serde::de::DeserializeOwned;
use shared::{Problem, json};

use crate::error::ApiError;

/// A future of an extractor's. Requests never leave their worker's thread.
pub(crate) type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = MaybeJson::from_request(request, payload);
        Box::pin(async move { Ok(Self(body.await?.0.ok_or_else(json::malformed)?)) })
    }
}

/// A JSON body that may be missing.
pub(crate) struct MaybeJson<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for MaybeJson<T> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.headers().get(header::CONTENT_TYPE).cloned();
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            let body = body.await.map_err(|error| unreadable(&error))?;
            Ok(Self(json::read(content_type.as_ref().and_then(|value| value.to_str().ok()), &body)?))
        })
    }
}

/// What Actix says of a body, in the words of this API.
fn unreadable(error: &actix_web::Error) -> Problem {
    match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        status => Problem::new(status.as_u16(), "bad_request", "The body could not be read."),
    }
}

/// For `web::Path`: what does not parse is as unknown as an id nobody has.
pub(crate) fn paths() -> PathConfig {
    PathConfig::default().error_handler(|_, _| ApiError::from(Problem::not_found()).into())
}

/// An organization and one of its invitations.
pub(crate) type Named = web::Path<(i64, invite_core::InvitationId)>;

/// What stands behind the question mark, to be read by whoever knows what it may say.
pub(crate) struct RawQuery(pub(crate) String);

impl FromRequest for RawQuery {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.query_string().into())))
    }
}
