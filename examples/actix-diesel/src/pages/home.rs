//! The start page, organizations and their members.

use actix_web::web::{Data, Path};
use serde_json::json;
use shared::{
    User,
    pages::{
        form::Form,
        input::Founding,
        view::{Belonging, Colleague, Heading},
    },
};

use super::page::{Answer, Page, Sent, Shown, SignedIn};
use crate::{App, answers, error::ApiError, organizations};

pub(super) async fn show(app: Data<App>, page: Page) -> Answer {
    match page.user.clone() {
        Some(user) => show_organizations(&app, &user, &page, Form::default(), None).await,
        None => page.show("home.html", json!({})),
    }
}

pub(super) async fn create(app: Data<App>, SignedIn { user, page }: SignedIn, Sent(new): Sent<Founding>) -> Answer {
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
        true => answers::received(app, user).await?.len(),
        false => 0,
    };
    page.show_after(
        error,
        "home.html",
        json!({ "nav": "home", "memberships": memberships, "waiting": waiting, "form": form }),
    )
}

/// Leads every member to what they can use.
pub(super) async fn organization(app: Data<App>, SignedIn { user, .. }: SignedIn, org: Path<i64>) -> Answer {
    let Heading { id, manages, .. } = organizations::heading(&app, &user, *org).await?;
    let part = if manages { "invitations" } else { "members" };
    Ok(Shown::to(format!("/organizations/{id}/{part}")))
}

pub(super) async fn members(app: Data<App>, SignedIn { user, page }: SignedIn, org: Path<i64>) -> Answer {
    let organization = organizations::heading(&app, &user, *org).await?;
    let members = organizations::members(&app, &user, *org).await?;
    let members: Vec<Colleague> = members.into_iter().map(|member| Colleague::new(member, &user)).collect();
    page.show("members.html", json!({ "organization": organization, "members": members }))
}
