//! The inviting side.

pub(crate) mod bulk;
pub(crate) mod explain;
pub(crate) mod numbers;
mod routes;

use invite_core::{Actor, InvitationId, InvitationQuery, Linked, NewInvitation};
use shared::{Amend, EventView, InvitationPage, InvitationView, Invite, Membership, Refusal, User};

use crate::{
    App,
    database::{self, Conn},
    error::ApiError,
    retry::retry,
};

pub(crate) use self::routes::routes;

/// Invites by mail. The letter is queued in the same transaction, and sent after the commit.
pub(crate) async fn create(app: &App, user: &User, org: i64, input: &Invite) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let new = new_invitation(&mut tx, user, org, input).await?;
        let invitation = app.members.scope(org).create(&mut tx, &Actor::new(user.id), new).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    app.notifier.notify();
    Ok(InvitationView::new(&invitation)?)
}

/// Invites without a mail; the link is the caller's to hand over.
pub(crate) async fn create_with_link(
    app: &App,
    user: &User,
    org: i64,
    input: &Invite,
) -> Result<(InvitationView, String), ApiError> {
    let Linked { invitation, token, .. } = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let new = new_invitation(&mut tx, user, org, input).await?;
        let created = app.members.scope(org).create_with_link(&mut tx, &Actor::new(user.id), new).await?;
        tx.commit().await?;
        Ok(created)
    })
    .await?;
    let link = app.links.link(&invitation, &token).expose_secret().to_owned();
    Ok((InvitationView::new(&invitation)?, link))
}

async fn new_invitation(
    conn: &mut Conn,
    user: &User,
    org: i64,
    input: &Invite,
) -> Result<NewInvitation<Membership>, ApiError> {
    let organization = database::find_organization(conn, org).await?.ok_or(Refusal::Outsider)?;
    Ok(input.of(&organization, user)?)
}

pub(crate) async fn get_one(app: &App, user: &User, org: i64, id: InvitationId) -> Result<InvitationView, ApiError> {
    let mut conn = app.pool.acquire().await?;
    let invitation = app.members.scope(org).get(&mut conn, &Actor::new(user.id), id).await?;
    Ok(InvitationView::new(&invitation)?)
}

/// Changes an open invitation.
pub(crate) async fn amend(
    app: &App,
    user: &User,
    org: i64,
    id: InvitationId,
    input: &Amend,
) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let (scoped, actor) = (app.members.scope(org), Actor::new(user.id));
        let before = scoped.get(&mut tx, &actor, id).await?.payload()?;
        let invitation = scoped.amend(&mut tx, &actor, id, &input.amendment(before)?).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    Ok(InvitationView::new(&invitation)?)
}

/// Has it mailed again; earlier links die.
pub(crate) async fn resend(app: &App, user: &User, org: i64, id: InvitationId) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let invitation = app.members.scope(org).resend(&mut tx, &Actor::new(user.id), id).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    app.notifier.notify();
    Ok(InvitationView::new(&invitation)?)
}

/// Invites the person of an ended one once more, by mail.
pub(crate) async fn renew(app: &App, user: &User, org: i64, id: InvitationId) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let invitation = app.members.scope(org).renew(&mut tx, &Actor::new(user.id), id).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    app.notifier.notify();
    Ok(InvitationView::new(&invitation)?)
}

/// Makes one more link to hand over; earlier links live.
pub(crate) async fn new_link(app: &App, user: &User, org: i64, id: InvitationId) -> Result<String, ApiError> {
    let Linked { invitation, token, .. } = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let made = app.members.scope(org).new_link(&mut tx, &Actor::new(user.id), id).await?;
        tx.commit().await?;
        Ok(made)
    })
    .await?;
    Ok(app.links.link(&invitation, &token).expose_secret().to_owned())
}

/// Takes it back.
pub(crate) async fn cancel(
    app: &App,
    user: &User,
    org: i64,
    id: InvitationId,
    reason: Option<&str>,
) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let invitation = app.members.scope(org).cancel(&mut tx, &Actor::new(user.id), id, reason).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    Ok(InvitationView::new(&invitation)?)
}

/// Deletes an ended one, with all that is known of it.
pub(crate) async fn delete(app: &App, user: &User, org: i64, id: InvitationId) -> Result<(), ApiError> {
    retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        app.members.scope(org).delete(&mut tx, &Actor::new(user.id), id).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Everything that happened to it, oldest first.
pub(crate) async fn events(app: &App, user: &User, org: i64, id: InvitationId) -> Result<Vec<EventView>, ApiError> {
    let mut conn = app.pool.acquire().await?;
    let events = app.members.scope(org).history(&mut conn, &Actor::new(user.id), id).await?;
    Ok(events.into_iter().map(EventView::new).collect())
}

/// One page of the organization's.
pub(crate) async fn list(
    app: &App,
    user: &User,
    org: i64,
    query: &InvitationQuery,
) -> Result<InvitationPage, ApiError> {
    let mut conn = app.pool.acquire().await?;
    let page = app.members.scope(org).list(&mut conn, &Actor::new(user.id), query).await?;
    Ok(InvitationPage::new(&page)?)
}
