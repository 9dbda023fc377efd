//! What the pages are made with.

use actix_web::{HttpResponse, http::header, web::Path};
use shared::{
    Problem,
    pages::templates::{ASSET_CACHING, asset},
};

use crate::error::ApiError;

pub(super) async fn serve(file: Path<String>) -> Result<HttpResponse, ApiError> {
    let (mime, body) = asset(&file).ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().content_type(mime).insert_header((header::CACHE_CONTROL, ASSET_CACHING)).body(body))
}
