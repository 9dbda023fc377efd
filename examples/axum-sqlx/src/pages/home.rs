//! The start page, organizations and their members.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde_json::json;
use shared::{
    User,
    pages::{
        form::Form,
        input::Founding,
        view::{Belonging, Colleague, Heading},
    },
};

use super::page::{Answer, At, Page, Sent, SignedIn};
use crate::{App, answers, error::ApiError, organizations};

pub(super) async fn show(State(app): State<App>, page: Page) -> Answer {
    match page.user.clone() {
        Some(user) => show_organizations(&app, &user, &page, Form::default(), None).await,
        None => page.show("home.html", json!({})),
    }
}

pub(super) async fn create(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    Sent(new): Sent<Founding>,
) -> Answer {
    match organizations::create(&app, &user, &new.name).await {
        Ok(organization) => {
            let path = format!("/organizations/{}/invitations", organization.id);
            Ok(page.go(&path, &format!("{} is created. Now invite somebody.", organization.name)))
        }
        Err(error) => {
            let form = Form::default().value("name", new.name).refused(&error);
            show_organizations(&app, &user, &page, form, Some(&error)).await
        }
    }
}

async fn show_organizations(app: &App, user: &User, page: &Page, form: Form, error: Option<&ApiError>) -> Answer {
    let memberships: Vec<Belonging> = organizations::of(app, user).await?.into_iter().map(Into::into).collect();
    let waiting = match user.email_verified {
        true => answers::received(app, user, None).await?.items.len(),
        false => 0,
    };
    page.show_after(
        error,
        "home.html",
        json!({ "nav": "home", "memberships": memberships, "waiting": waiting, "form": form }),
    )
}

/// Leads every member to what they can use.
pub(super) async fn organization(State(app): State<App>, SignedIn { user, .. }: SignedIn, At(org): At<i64>) -> Answer {
    let Heading { id, manages, .. } = organizations::heading(&app, &user, org).await?;
    let part = if manages { "invitations" } else { "members" };
    Ok(Redirect::to(&format!("/organizations/{id}/{part}")).into_response())
}

pub(super) async fn members(State(app): State<App>, SignedIn { user, page }: SignedIn, At(org): At<i64>) -> Answer {
    let organization = organizations::heading(&app, &user, org).await?;
    let members = organizations::members(&app, &user, org).await?;
    let members: Vec<Colleague> = members.into_iter().map(|member| Colleague::new(member, &user)).collect();
    page.show("members.html", json!({ "organization": organization, "members": members }))
}
