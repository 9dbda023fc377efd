//! Request bodies, refused in the words of this API.

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::Problem;

/// A body's JSON; `None` where there is no body.
///
/// What is not JSON is a bad request; JSON that does not fit is the client's data, with a field to blame.
pub fn read<T: DeserializeOwned>(content_type: Option<&str>, body: &[u8]) -> Result<Option<T>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    if !is_json(content_type) {
        let detail = "The body must be JSON, with `Content-Type: application/json`.";
        return Err(Problem::new(415, "unsupported_media_type", detail));
    }
    serde_json::from_slice::<IgnoredAny>(body).map_err(|_| malformed())?;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut deserializer).map(Some).map_err(|error| {
        let field = error.path().iter().next().map(ToString::to_string);
        let detail = error.into_inner().to_string();
        match field {
            Some(field) => Problem::invalid(field, detail),
            None => Problem::unprocessable(detail),
        }
    })
}

pub fn malformed() -> Problem {
    Problem::new(400, "malformed_json", "The body is not JSON.")
}

fn is_json(content_type: Option<&str>) -> bool {
    let mime = content_type.and_then(|value| value.split(';').next());
    mime.is_some_and(|mime| mime.trim().eq_ignore_ascii_case("application/json"))
}

/// The body of a call that takes none: missing, or an object without fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// The answer to every question for several.
#[derive(serde::Serialize)]
pub struct Items<T> {
    pub items: Vec<T>,
}
