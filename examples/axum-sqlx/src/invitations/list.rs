//! The list of an organization's invitations, and what may be asked of it.

use axum::{
    Json as Reply,
    extract::{RawQuery, State},
};
use invite_core::{Actor, Query, Sort, Status};
use serde::Serialize;
use url::form_urlencoded;

use super::InvitationView;
use crate::{App, accounts::User, error::ApiError, extract::Path, session::CurrentUser};

const MOST: u32 = 200;

#[derive(Serialize)]
pub(crate) struct InvitationPage {
    pub(crate) items: Vec<InvitationView>,
    pub(crate) next_cursor: Option<String>,
}

pub(crate) async fn list(app: &App, user: &User, org: i64, query: &Query) -> Result<InvitationPage, ApiError> {
    let mut conn = app.pool.acquire().await?;
    let page = app.members.scope(org).list(&mut conn, &Actor::new(user.id), query).await?;
    Ok(InvitationPage {
        items: page.items.iter().map(InvitationView::new).collect::<Result<_, _>>()?,
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    })
}

/// Reads `status=&q=&sort=&limit=&cursor=`; what is empty counts as not asked.
pub(crate) fn parse(raw: &str) -> Result<Query, ApiError> {
    let mut query = Query::new();
    for (key, value) in form_urlencoded::parse(raw.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        query = match &*key {
            "status" => query.status(Status::from_word(&value).ok_or_else(|| invalid("status"))?),
            "q" => query.address(value),
            "sort" => query.sort(sort(&value).ok_or_else(|| invalid("sort"))?),
            "limit" => query.limit(limit(&value).ok_or_else(|| invalid("limit"))?),
            "cursor" => query.after(value.parse()?),
            other => return Err(ApiError::unknown_parameter(other)),
        };
    }
    Ok(query)
}

fn sort(word: &str) -> Option<Sort> {
    match word {
        "-created_at" => Some(Sort::NewestFirst),
        "created_at" => Some(Sort::OldestFirst),
        "expires_at" => Some(Sort::ExpiresFirst),
        "email" => Some(Sort::Address),
        _ => None,
    }
}

fn limit(text: &str) -> Option<u32> {
    text.parse().ok().filter(|limit| (1..=MOST).contains(limit))
}

fn invalid(field: &'static str) -> ApiError {
    ApiError::invalid(field, format!("{field} has no such value"))
}

pub(super) async fn get_list(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    RawQuery(raw): RawQuery,
) -> Result<Reply<InvitationPage>, ApiError> {
    let query = parse(raw.as_deref().unwrap_or_default())?;
    list(&app, &user, org, &query).await.map(Reply)
}
