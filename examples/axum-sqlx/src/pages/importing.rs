//! Inviting a whole list: a form, a plan to confirm, and steps of some people each.

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    routing::get,
};
use serde_json::json;
use shared::{
    Problem, User,
    pages::{
        filter::Filter,
        form::Form,
        import_href,
        importing::{Outcome, Progress, SentList},
        input::ImportName,
        stats::Letters,
        view::{Heading, list_name, roles},
    },
    security::MAX_BULK_BODY,
};

use super::page::{Answer, Asked, At, Page, Sent, SignedIn};
use crate::{
    App,
    error::ApiError,
    invitations::{bulk, numbers},
    organizations,
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/organizations/{org}/invite-many", get(show).post(plan))
        .route("/organizations/{org}/imports/{import}", get(progress).post(step))
        .layer(DefaultBodyLimit::max(MAX_BULK_BODY))
}

/// With the name of a list that is to go on, or a new one.
async fn show(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    Asked(ImportName { import }): Asked<ImportName>,
) -> Answer {
    let form = Form::default().value("list", "").value("role", "member").value("message", "");
    let form = form.value("import", import.unwrap_or_else(list_name));
    show_form(&page, organizations::managed(&app, &user, org).await?, form, None)
}

fn show_form(page: &Page, organization: Heading, form: Form, error: Option<&ApiError>) -> Answer {
    let roles = roles(organization.role);
    page.show_after(error, "many.html", json!({ "organization": organization, "roles": roles, "form": form }))
}

async fn plan(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    Sent(sent): Sent<SentList>,
) -> Answer {
    let organization = organizations::managed(&app, &user, org).await?;
    if !sent.edit.is_empty() {
        return show_form(&page, organization, sent.form(), None);
    }
    match planned(&app, &user, org, &sent).await {
        Ok(outcome) => {
            let action = import_href(org, sent.import.trim());
            let sent = sent.form();
            page.show(
                "plan.html",
                json!({ "organization": organization, "outcome": outcome, "sent": sent, "action": action }),
            )
        }
        Err(error) => show_form(&page, organization, sent.form().refused(&error), Some(&error)),
    }
}

async fn planned(app: &App, user: &User, org: i64, sent: &SentList) -> Result<Outcome, ApiError> {
    let lines = sent.lines()?;
    let mut outcomes = Vec::new();
    for part in sent.parts(&lines)? {
        outcomes.push(part.outcome(&bulk::plan(app, user, org, &part.invites).await?));
    }
    Ok(Outcome::of(outcomes))
}

/// Invites the next of the list. Sent again, as after a restart, it invites nobody twice: each row has a key.
async fn step(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At((org, import)): At<(i64, String)>,
    Sent(mut sent): Sent<SentList>,
) -> Answer {
    sent.import = import;
    let organization = organizations::managed(&app, &user, org).await?;
    match invited(&app, &user, org, &sent).await {
        Ok(progress) => show_progress(&app, &user, &page, organization, &sent.import, Some((&sent, progress))).await,
        Err(error) => show_form(&page, organization, sent.form().refused(&error), Some(&error)),
    }
}

async fn invited(app: &App, user: &User, org: i64, sent: &SentList) -> Result<Progress, ApiError> {
    let lines = sent.lines()?;
    let part = sent.next(&lines)?;
    let views = bulk::create(app, user, org, &part.invites).await?;
    Ok(sent.progress(lines.len(), &part, &views))
}

async fn progress(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At((org, import)): At<(i64, String)>,
) -> Answer {
    let organization = organizations::managed(&app, &user, org).await?;
    show_progress(&app, &user, &page, organization, &import, None).await
}

async fn show_progress(
    app: &App,
    user: &User,
    page: &Page,
    organization: Heading,
    import: &str,
    step: Option<(&SentList, Progress)>,
) -> Answer {
    let org = organization.id;
    let stats = numbers::import(app, user, org, import).await?;
    let letters = Letters::of(&stats);
    if letters.is_none() && step.is_none() {
        return Err(Problem::not_found().into());
    }
    let (sent, progress) = step.map(|(sent, progress)| (sent.form(), progress)).unzip();
    let filter = Filter::of_import(import);
    let list = filter.href(org, "", "");
    page.show("import.html", json!({ "organization": organization, "import": import, "letters": letters, "progress": progress, "sent": sent, "list": list, "named": filter.as_field(), "action": import_href(org, import) }))
}
