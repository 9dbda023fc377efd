//! An organization's numbers.

use axum::extract::{RawQuery, State};
use serde_json::json;
use shared::{
    Role,
    pages::{
        stats::{Numbers, Question},
        view::roles,
    },
};

use super::page::{Answer, At, SignedIn};
use crate::{App, invitations::numbers, organizations};

pub(super) async fn show(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    RawQuery(query): RawQuery,
) -> Answer {
    let organization = organizations::heading(&app, &user, org).await?;
    let question = Question::read(query.as_deref().unwrap_or_default());
    let stats = numbers::stats(&app, &user, org, &question.query()).await?;
    let numbers = Numbers::new(&stats, question.in_weeks());
    page.show("statistics.html", json!({ "organization": organization, "question": question, "periods": Question::periods(), "roles": roles(Role::Owner), "numbers": numbers }))
}
