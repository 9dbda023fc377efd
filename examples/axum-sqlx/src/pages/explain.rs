//! Why somebody cannot get in.

use axum::extract::{RawQuery, State};
use invite_core::About;
use serde_json::json;
use shared::{
    Explained, User,
    pages::explain::{Answered, Asked},
};

use super::page::{Answer, At, SignedIn};
use crate::{App, error::ApiError, invitations::explain::explain, organizations};

pub(super) async fn show(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    RawQuery(query): RawQuery,
) -> Answer {
    let organization = organizations::heading(&app, &user, org).await?;
    let asked = Asked::read(query.as_deref().unwrap_or_default());
    let (found, error) = match found(&app, &user, org, &asked).await {
        Ok(found) => (found, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let form = error.as_ref().map_or_else(|| asked.form(), |error| asked.form().refused(error));
    let found: Vec<Answered> = found.into_iter().map(Into::into).collect();
    let context = json!({ "organization": organization, "asked": asked, "found": found, "form": form });
    page.show_after(error.as_ref(), "explain.html", context)
}

async fn found(app: &App, user: &User, org: i64, asked: &Asked) -> Result<Vec<Explained>, ApiError> {
    if asked.email.is_empty() {
        return Ok(Vec::new());
    }
    explain(app, user, org, About::Address(&asked.email)).await
}
