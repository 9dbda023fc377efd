//! What may be done with one invitation on the inviting side: resend, cancel, make a link. The first
//! two ask before; their question is a page, which the script opens in place.

use axum::{extract::State, response::Redirect};
use invite_core::InvitationId;
use serde_json::json;

use super::{
    form::Form,
    inviting,
    item::href,
    landing::Decline,
    page::{Answer, At, Named, Sent, SignedIn},
    view::{Confirm, Heading},
};
use crate::{App, error::ApiError, invitations};

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
    Sent(sent): Sent<Decline>,
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

#[derive(Clone, Copy)]
enum Question {
    Resend,
    Cancel,
}

impl Question {
    fn confirm(self, org: i64, id: InvitationId, email: &str) -> Confirm {
        let here = href(org, id);
        let back = format!("/organizations/{org}/invitations");
        match self {
            Self::Resend => Confirm {
                title: "Send it again?".into(),
                text: format!(
                    "A new mail with a new link goes to {email}. Links made before stop working, and the time to answer begins anew."
                ),
                action: format!("{here}/resend"),
                reason: None,
                danger: false,
                button: "Send again",
                dismiss: "Not now",
                back,
            },
            Self::Cancel => Confirm {
                title: "Cancel this invitation?".into(),
                text: format!("{email} can no longer accept it: all its links stop working at once."),
                action: format!("{here}/cancel"),
                reason: Some("Reason"),
                danger: true,
                button: "Cancel invitation",
                dismiss: "Keep it",
                back,
            },
        }
    }
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
    let confirm = question.confirm(org, id, &invitation.email);
    page.show_after(error, "confirm.html", json!({ "confirm": confirm, "form": form }))
}

/// A link is shown by the request that made it; its address shows the invitation.
pub(super) async fn show_no_link(At((org, id)): Named) -> Redirect {
    Redirect::to(&href(org, id))
}

pub(super) async fn link(State(app): State<App>, SignedIn { user, page }: SignedIn, At((org, id)): Named) -> Answer {
    let link = invitations::new_link(&app, &user, org, id).await?;
    let invitation = invitations::get_one(&app, &user, org, id).await?;
    let organization = Heading::load(&app, &user, org).await?;
    Ok(inviting::show_link(&page, organization, &invitation.email, invitation.expires_at, &link)?)
}
