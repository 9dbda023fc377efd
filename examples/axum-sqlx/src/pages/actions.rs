//! What may be done with one invitation on the inviting side: resend, cancel, renew, delete, make a link. All but the last
//! ask before; their question is a page, which the script opens in place.

use axum::{extract::State, response::Redirect};
use invite_core::InvitationId;
use serde_json::json;
use shared::pages::{
    form::Form,
    input::Why,
    item::{confirm_cancel, confirm_delete, confirm_renew, confirm_resend, href},
};

use super::{
    inviting,
    page::{Answer, At, Named, Sent, SignedIn},
};
use crate::{App, error::ApiError, invitations, organizations};

pub(super) async fn ask_resend(State(app): State<App>, signed: SignedIn, At(named): Named) -> Answer {
    ask(&app, &signed, named, Question::Resend, Form::default(), None).await
}

pub(super) async fn resend(State(app): State<App>, signed: SignedIn, At((org, id)): Named) -> Answer {
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

pub(super) async fn ask_cancel(State(app): State<App>, signed: SignedIn, At(named): Named) -> Answer {
    ask(&app, &signed, named, Question::Cancel, Form::default(), None).await
}

pub(super) async fn cancel(
    State(app): State<App>,
    signed: SignedIn,
    At((org, id)): Named,
    Sent(sent): Sent<Why>,
) -> Answer {
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

pub(super) async fn ask_renew(State(app): State<App>, signed: SignedIn, At(named): Named) -> Answer {
    ask(&app, &signed, named, Question::Renew, Form::default(), None).await
}

pub(super) async fn renew(State(app): State<App>, signed: SignedIn, At((org, id)): Named) -> Answer {
    match invitations::renew(&app, &signed.user, org, id).await {
        Ok(invitation) => {
            let flash = format!("{} is invited once more. The mail is on its way.", invitation.email);
            Ok(signed.page.go(&href(org, invitation.id), &flash))
        }
        Err(error) => {
            let form = Form::default().refused(&error);
            ask(&app, &signed, (org, id), Question::Renew, form, Some(&error)).await
        }
    }
}

pub(super) async fn ask_delete(State(app): State<App>, signed: SignedIn, At(named): Named) -> Answer {
    ask(&app, &signed, named, Question::Delete, Form::default(), None).await
}

pub(super) async fn delete(State(app): State<App>, signed: SignedIn, At((org, id)): Named) -> Answer {
    match invitations::delete(&app, &signed.user, org, id).await {
        Ok(()) => Ok(signed.page.go(&format!("/organizations/{org}/invitations"), "The invitation is deleted.")),
        Err(error) => {
            let form = Form::default().refused(&error);
            ask(&app, &signed, (org, id), Question::Delete, form, Some(&error)).await
        }
    }
}

#[derive(Clone, Copy)]
enum Question {
    Resend,
    Cancel,
    Renew,
    Delete,
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
        Question::Renew => confirm_renew(org, id, &invitation.email),
        Question::Delete => confirm_delete(org, id, &invitation.email),
    };
    page.show_after(error, "confirm.html", json!({ "confirm": confirm, "form": form }))
}

/// A link is shown by the request that made it; its address shows the invitation.
pub(super) async fn show_no_link(At((org, id)): Named) -> Redirect {
    Redirect::to(&href(org, id))
}

pub(super) async fn link(State(app): State<App>, SignedIn { user, page }: SignedIn, At((org, id)): Named) -> Answer {
    let link = invitations::new_link(&app, &user, org, id).await?;
    let invitation = invitations::get_one(&app, &user, org, id).await?;
    let organization = organizations::heading(&app, &user, org).await?;
    Ok(inviting::show_link(&page, organization, &invitation.email, invitation.expires_at, &link)?)
}
