//! Acting on many invitations of the list. `GET` asks, the button of its page does it.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use invite_core::{Actor, InvitationId};
use serde_json::json;
use shared::{
    User,
    pages::{
        form::Form,
        selected::{Act, Selected},
    },
    selection::DoneView,
};

use super::page::{Answer, Asked, At, Page, Sent, SignedIn};
use crate::{
    App,
    error::ApiError,
    invitations::{self, bulk},
    organizations,
};

/// How many of those that were left are named by their address.
const NAMED: usize = 20;

/// A field may occur many times.
type Fields = Vec<(String, String)>;

pub(super) async fn ask(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    Asked(asked): Asked<Fields>,
) -> Answer {
    let selected = Selected::read(&asked)?;
    organizations::managed(&app, &user, org).await?;
    if selected.is_empty() {
        return Ok(page.go(&selected.list(org), "Nothing is done: no invitation was ticked."));
    }
    confirm(&app, &user, &page, org, &selected, None).await
}

async fn confirm(
    app: &App,
    user: &User,
    page: &Page,
    org: i64,
    selected: &Selected,
    error: Option<&ApiError>,
) -> Answer {
    let (mut found, mut more) = (0, false);
    if let Some(query) = selected.query()? {
        let mut conn = app.pool.acquire().await?;
        let rows = app.members.scope(org).list_rows(&mut conn, &Actor::new(user.id), &query).await?;
        (found, more) = (rows.items.len(), rows.next.is_some());
    }
    let form = Form::default().value("reason", selected.reason().unwrap_or_default());
    let form = if let Some(error) = error { form.refused(error) } else { form };
    page.show_after(error, "confirm.html", json!({ "confirm": selected.confirm(org, found, more), "form": form }))
}

/// Whoever comes back to the address of the answer finds the list.
pub(super) async fn act(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    Sent(sent): Sent<Fields>,
) -> Answer {
    let selected = Selected::read(&sent)?;
    let organization = organizations::managed(&app, &user, org).await?;
    if selected.is_empty() {
        return Ok(Redirect::to(&selected.list(org)).into_response());
    }
    let done = match run(&app, &user, org, &selected).await {
        Ok(done) => done,
        Err(error) => return confirm(&app, &user, &page, org, &selected, Some(&error)).await,
    };
    let mut addresses = BTreeMap::new();
    for id in left(&done) {
        if let Ok(invitation) = invitations::get_one(&app, &user, org, id).await {
            addresses.insert(id, invitation.email);
        }
    }
    let report = selected.report(org, done, &addresses);
    page.show("done.html", json!({ "organization": organization, "report": report }))
}

async fn run(app: &App, user: &User, org: i64, selected: &Selected) -> Result<DoneView, ApiError> {
    let meant = selected.meant()?;
    let done = match selected.act {
        Act::Resend => bulk::resend(app, user, org, &meant).await?,
        Act::Cancel => bulk::cancel(app, user, org, &meant, selected.reason()).await?,
        Act::Delete => bulk::delete(app, user, org, &meant).await?,
    };
    Ok(done.into())
}

/// The first of those that were left as they were.
fn left(done: &DoneView) -> Vec<InvitationId> {
    done.items.iter().filter(|item| !item.done).map(|item| item.id).take(NAMED).collect()
}
