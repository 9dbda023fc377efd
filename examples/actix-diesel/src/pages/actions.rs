//! What may be done with one invitation on the inviting side: resend, cancel, make a link. The first
//! two ask before; their question is a page, which the script opens in place.

use actix_web::web::Data;
use invite_core::InvitationId;
use serde_json::json;
use shared::pages::{
    form::Form,
    input::Why,
    item::{confirm_cancel, confirm_resend, href},
};

use super::{
    inviting,
    page::{Answer, Sent, Shown, SignedIn},
};
use crate::{App, error::ApiError, extract::Named, invitations, organizations};

pub(super) async fn ask_resend(app: Data<App>, signed: SignedIn, named: Named) -> Answer {
    ask(&app, &signed, named.into_inner(), Question::Resend, Form::default(), None).await
}

pub(super) async fn resend(app: Data<App>, signed: SignedIn, named: Named) -> Answer {
    let (org, id) = named.into_inner();
    match invitations::resend(&app, &signed.user, org, id).await {
        Ok(invitation) => {
            let flash = format!("The invitation is sent to {} again.", invitation.email);
            Ok(signed.page.go(&format!("/organizations/{org}/invitations"), &flash))
        }
        Err(error) => {
            let form = Form::default().refused(&error);
            ask(&app, &signed, (org, id), Question::Resend, form, Some(&error)).await
        }
    }
}

pub(super) async fn ask_cancel(app: Data<App>, signed: SignedIn, named: Named) -> Answer {
    ask(&app, &signed, named.into_inner(), Question::Cancel, Form::default(), None).await
}

pub(super) async fn cancel(app: Data<App>, signed: SignedIn, named: Named, Sent(sent): Sent<Why>) -> Answer {
    let (org, id) = named.into_inner();
    match invitations::cancel(&app, &signed.user, org, id, sent.reason()).await {
        Ok(invitation) => {
            let flash = format!("The invitation of {} is cancelled.", invitation.email);
            Ok(signed.page.go(&format!("/organizations/{org}/invitations"), &flash))
        }
        Err(error) => {
            let form = Form::default().value("reason", sent.reason).refused(&error);
            ask(&app, &signed, (org, id), Question::Cancel, form, Some(&error)).await
        }
    }
}

#[derive(Clone, Copy)]
enum Question {
    Resend,
    Cancel,
}

async fn ask(
    app: &App,
    SignedIn { user, page }: &SignedIn,
    (org, id): (i64, InvitationId),
    question: Question,
    form: Form,
    error: Option<&ApiError>,
) -> Answer {
    let invitation = invitations::get_one(app, user, org, id).await?;
    let confirm = match question {
        Question::Resend => confirm_resend(org, id, &invitation.email),
        Question::Cancel => confirm_cancel(org, id, &invitation.email),
    };
    page.show_after(error, "confirm.html", json!({ "confirm": confirm, "form": form }))
}

/// A link is shown by the request that made it; its address shows the invitation.
pub(super) async fn show_no_link(named: Named) -> Shown {
    let (org, id) = named.into_inner();
    Shown::to(href(org, id))
}

pub(super) async fn link(app: Data<App>, SignedIn { user, page }: SignedIn, named: Named) -> Answer {
    let (org, id) = named.into_inner();
    let link = invitations::new_link(&app, &user, org, id).await?;
    let invitation = invitations::get_one(&app, &user, org, id).await?;
    let organization = organizations::heading(&app, &user, org).await?;
    Ok(inviting::show_link(&page, organization, &invitation.email, invitation.expires_at, &link)?)
}
