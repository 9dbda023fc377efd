//! What the pages are made with.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use shared::{
    Problem,
    pages::templates::{ASSET_CACHING, asset},
};

use crate::{error::ApiError, extract::Path};

pub(super) async fn serve(Path(file): Path<String>) -> Result<Response, ApiError> {
    let (mime, body) = asset(&file).ok_or_else(Problem::not_found)?;
    Ok(([(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, ASSET_CACHING)], body).into_response())
}
