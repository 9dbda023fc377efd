//! What holds for every request and every answer.

use actix_web::{
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use shared::security::{HEADERS, check};

use crate::{App, error::ApiError};

pub(crate) async fn guard(
    app: Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let (method, path) = (request.method().as_str(), request.path());
    let checked = check(&app.own_origins, &app.public_url, method, path, header);
    let mut response = match checked {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(refusal) => request.error_response(ApiError::from(refusal)).map_into_boxed_body(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}
