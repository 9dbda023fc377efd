//! Request bodies and path parameters, refused in the words of this API.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request},
    http::{StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;
use shared::{Problem, json};

use crate::error::ApiError;

/// A JSON body. As `Option<Json<T>>` the body may be missing.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Ok(Self(read(request, state).await?.ok_or_else(json::malformed)?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        Ok(read(request, state).await?.map(Self))
    }
}

async fn read<T: DeserializeOwned, S: Send + Sync>(request: Request, state: &S) -> Result<Option<T>, ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).cloned();
    let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        status => Problem::new(status.as_u16(), "bad_request", "The body could not be read."),
    })?;
    Ok(json::read(content_type.as_ref().and_then(|value| value.to_str().ok()), &body)?)
}

/// Path parameters; what does not parse is as unknown as an id nobody has.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(parameters)| Self(parameters)).map_err(|_| Problem::not_found().into())
    }
}
