//! The inviting side.

mod bulk;
mod explain;
mod numbers;
mod routes;

use invite_core::{Actor, InvitationId, InvitationQuery, Linked, NewInvitation};
use invite_diesel::Connections;
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
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let new = new_invitation(conn, user, org, input).await?;
            Ok(app.members.scope(org).create(conn, &Actor::new(user.id), new).await?)
        })
        .await
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
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let new = new_invitation(conn, user, org, input).await?;
            Ok(app.members.scope(org).create_with_link(conn, &Actor::new(user.id), new).await?)
        })
        .await
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
    let mut conn = app.pool.lend().await?;
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
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let (scoped, actor) = (app.members.scope(org), Actor::new(user.id));
            let before = scoped.get(conn, &actor, id).await?.payload()?;
            Ok(scoped.amend(conn, &actor, id, &input.amendment(before)?).await?)
        })
        .await
    })
    .await?;
    Ok(InvitationView::new(&invitation)?)
}

/// Has it mailed again; earlier links die.
pub(crate) async fn resend(app: &App, user: &User, org: i64, id: InvitationId) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            Ok(app.members.scope(org).resend(conn, &Actor::new(user.id), id).await?)
        })
        .await
    })
    .await?;
    app.notifier.notify();
    Ok(InvitationView::new(&invitation)?)
}

/// Invites the person of an ended one once more, by mail.
pub(crate) async fn renew(app: &App, user: &User, org: i64, id: InvitationId) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            Ok(app.members.scope(org).renew(conn, &Actor::new(user.id), id).await?)
        })
        .await
    })
    .await?;
    app.notifier.notify();
    Ok(InvitationView::new(&invitation)?)
}

/// Makes one more link to hand over; earlier links live.
pub(crate) async fn new_link(app: &App, user: &User, org: i64, id: InvitationId) -> Result<String, ApiError> {
    let Linked { invitation, token, .. } = retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            Ok(app.members.scope(org).new_link(conn, &Actor::new(user.id), id).await?)
        })
        .await
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
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            Ok(app.members.scope(org).cancel(conn, &Actor::new(user.id), id, reason).await?)
        })
        .await
    })
    .await?;
    Ok(InvitationView::new(&invitation)?)
}

/// Everything that happened to it, oldest first.
pub(crate) async fn events(app: &App, user: &User, org: i64, id: InvitationId) -> Result<Vec<EventView>, ApiError> {
    let mut conn = app.pool.lend().await?;
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
    let mut conn = app.pool.lend().await?;
    let page = app.members.scope(org).list(&mut conn, &Actor::new(user.id), query).await?;
    Ok(InvitationPage::new(&page)?)
}
