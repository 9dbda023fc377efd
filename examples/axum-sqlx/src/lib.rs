//! A whole backend with invitations: Axum and sqlx, on SQLite, PostgreSQL or MariaDB.
//!
//! Accounts, organizations and sessions are this example's own; everything about invitations is
//! the library's. Read `invitations.rs` for the inviting side, `answers.rs` for the invited side,
//! `authority.rs` for the rule who may invite, [`run`] for how it is put together, and `database.rs`
//! for what differs between the databases.

mod accounts;
mod answers;
mod authority;
mod database;
mod error;
mod extract;
mod invitations;
mod mailbox;
mod organizations;
mod pages;
mod retry;
mod security;
mod session;

use std::{error::Error, io, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use chrono::TimeDelta;
use invite_core::{Invitations, Notifier, Policy, Worker};
use invite_mail::{Branding, Composer, Design, LinkBuilder, LinkStyle, Sender, SmtpMailer};
pub use shared::Config;
use shared::{
    Mail, Mailbox, Membership, Problem, causes,
    security::{MAX_BODY, own_origins},
    shutdown_signal,
};
use tokio::{net::TcpListener, sync::oneshot};
use url::Url;

use crate::{
    authority::OrgRoles,
    database::{Pool, Store},
    error::ApiError,
};

/// How long running requests may take to finish once the program is to end. Whoever never finishes
/// theirs must not keep the worker from finishing its letters.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every handler gets.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) pool: Pool,
    pub(crate) members: Invitations<Store, Membership>,
    pub(crate) links: LinkBuilder,
    /// To be called after a commit that queued a letter.
    pub(crate) notifier: Notifier,
    /// There is one only while mail goes nowhere else.
    pub(crate) mailbox: Option<Mailbox>,
    pub(crate) public_url: Url,
    /// Where requests that change something may come from.
    pub(crate) own_origins: Arc<[String]>,
    /// Whether people come by HTTPS, so that cookies must not travel without.
    pub(crate) https: bool,
}

/// Serves until Ctrl-C or SIGTERM, then finishes the requests and the letters in hand.
///
/// # Errors
/// Whatever keeps it from starting: the configuration, the database, the port.
pub async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let pool = database::connect(config.database_url).await;
    let pool = pool.map_err(|error| format!("DATABASE_URL: {}", causes(&*error)))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
    let address = listener.local_addr()?;
    // Links are built from this, never from what a request says about its host.
    let public_url = config.public_url.unwrap_or_else(|| format!("http://{address}"));
    let links = LinkBuilder::new(&format!("{}/invitation", public_url.trim_end_matches('/')), LinkStyle::Query)?;

    let policy = Policy::default().resend_cooldown(TimeDelta::seconds(30));
    let members = Invitations::new(Store, policy, OrgRoles { invites_per_minute: config.invites_per_minute });
    // The name and the colour of the pages.
    let design = Design::default().branding(Branding::default().name("Invitations")?.color("#2f4fb5")?);
    let sender = Sender::new("invitations@example.com")?.name("Example")?;
    let composer = Composer::new(sender, links.clone()).design(design);
    let (mailbox, worker) = match config.mail {
        Mail::Smtp(server) => {
            // Must be over well within the lease, or another worker sends the same letter.
            let server = server.within(config.lease / 3);
            (None, Worker::new(Store, pool.clone(), SmtpMailer::new(composer, server)?))
        }
        Mail::DevelopmentMailbox => {
            let mailbox = Mailbox::new(composer);
            (Some(mailbox.clone()), Worker::new(Store, pool.clone(), mailbox))
        }
    };
    let worker = worker.serve(&members).lease(config.lease);
    let public_url: Url = public_url.parse()?;
    let https = public_url.scheme() == "https";
    let own_origins = own_origins(&public_url).into();
    let app = App { pool, members, links, notifier: worker.notifier(), mailbox, public_url, own_origins, https };

    let (stop, stopped) = oneshot::channel();
    let worker = tokio::spawn(async move { worker.run(async { stopped.await.unwrap_or(()) }).await });
    println!("listening on http://{address}");
    serve(listener, router(app)).await?;

    // The last requests may have queued letters: the worker goes after them.
    let _ = stop.send(());
    worker.await??;
    Ok(())
}

async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    let (ending, ended) = oneshot::channel();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async {
        shutdown_signal().await;
        let _ = ending.send(());
    });
    let out_of_patience = async {
        let _ = ended.await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        served = serving.into_future() => served,
        () = out_of_patience => Ok(()),
    }
}

fn router(app: App) -> Router {
    Router::new()
        .merge(accounts::routes())
        .merge(organizations::routes())
        .merge(invitations::routes())
        .merge(answers::routes())
        .merge(mailbox::routes())
        .merge(pages::router())
        .layer(session::layer(app.https))
        // Outside the sessions: what a proxy may keep must neither hand one out nor take one away.
        .merge(pages::assets())
        .route("/healthz", get(async || "ok"))
        .fallback(async || ApiError::from(Problem::not_found()))
        .method_not_allowed_fallback(async || ApiError::from(Problem::method_not_allowed()))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), security::guard))
        .layer(middleware::from_fn(pages::refuse_by_page))
        .with_state(app)
}
