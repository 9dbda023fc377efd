//! A whole backend with invitations as a JSON API: Actix and diesel-async, on SQLite, PostgreSQL or MariaDB.
//!
//! Accounts, organizations and sessions are this example's own; everything about invitations is
//! the library's. Read `invitations.rs` for the inviting side, `answers.rs` for the invited side,
//! `authority.rs` for the rule who may invite, [`run`] for how it is put together, `runtime.rs` for
//! where an Actix handler works with the database, and `database.rs` for what differs between the
//! databases.

#![expect(clippy::future_not_send, reason = "a request never leaves the thread it came to")]

mod accounts;
mod answers;
mod authority;
mod database;
mod error;
mod extract;
mod invitations;
mod mailbox;
mod organizations;
mod retry;
mod runtime;
mod security;
mod session;

use std::{
    error::Error,
    io,
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use actix_web::{
    App as Service, HttpResponse, HttpServer, Resource, Route, dev, guard,
    middleware::from_fn,
    web::{self, Data, PayloadConfig},
};
use chrono::TimeDelta;
use invite_core::{Invitations, Notifier, Policy, Worker};
use invite_mail::{Branding, Composer, Design, LinkBuilder, LinkStyle, Sender, SmtpMailer};
pub use shared::Config;
use shared::{
    Mail, Mailbox, Membership, Problem, causes,
    security::{MAX_BODY, own_origins},
    shutdown_signal,
};
use tokio::sync::oneshot;
use url::Url;

use crate::{
    authority::OrgRoles,
    database::{Pool, Store},
    error::ApiError,
    runtime::Runtime,
    session::Sessions,
};

/// How long running requests may take to finish once the program is to end. Whoever never finishes
/// theirs must not keep the worker from finishing its letters.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every handler gets.
pub(crate) struct App {
    pub(crate) runtime: Runtime,
    pub(crate) pool: Pool,
    pub(crate) members: Invitations<Store, Membership>,
    pub(crate) links: LinkBuilder,
    /// To be called after a commit that queued a letter.
    pub(crate) notifier: Notifier,
    /// There is one only while mail goes nowhere else.
    pub(crate) mailbox: Option<Mailbox>,
    pub(crate) public_url: Url,
    /// Where requests that change something may come from.
    pub(crate) own_origins: Vec<String>,
    /// Whether people come by HTTPS, so that cookies must not travel without.
    pub(crate) https: bool,
}

/// Serves until Ctrl-C or SIGTERM, then finishes the requests and the letters in hand. To be run on a
/// runtime of several threads.
///
/// # Errors
/// Whatever keeps it from starting: the configuration, the database, the port.
pub async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let pool = database::connect(config.database_url).await;
    let pool = pool.map_err(|error| format!("DATABASE_URL: {}", causes(&*error)))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
    let address = listener.local_addr()?;
    // Links are built from this, never from what a request says about its host.
    let public_url = config.public_url.unwrap_or_else(|| format!("http://{address}"));
    let links = LinkBuilder::new(&format!("{}/invitation", public_url.trim_end_matches('/')), LinkStyle::Query)?;

    let policy = Policy::default().resend_cooldown(TimeDelta::seconds(30));
    let members = Invitations::new(Store, policy, OrgRoles { invites_per_minute: config.invites_per_minute });
    // The name and the colour of the letters.
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
    let own_origins = own_origins(&public_url);
    let (runtime, notifier) = (Runtime::current(), worker.notifier());
    let app = App { runtime, pool, members, links, notifier, mailbox, public_url, own_origins, https };

    let serving = serve(listener, app)?;
    let (stop, stopped) = oneshot::channel();
    let worker = tokio::spawn(async move { worker.run(async { stopped.await.unwrap_or(()) }).await });
    println!("listening on http://{address}");
    serving.await?;

    // The last requests may have queued letters: the worker goes after them.
    let _ = stop.send(());
    worker.await??;
    Ok(())
}

fn serve(listener: TcpListener, app: App) -> io::Result<dev::Server> {
    let (app, sessions) = (Data::new(app), Sessions::new());
    // Called once for each of the workers.
    let service = move || {
        let on = app.runtime.clone();
        Service::new()
            .app_data(app.clone())
            .app_data(extract::paths())
            .app_data(PayloadConfig::new(MAX_BODY))
            .wrap(from_fn(security::guard))
            // Outside the sessions: what a proxy may keep must neither hand one out nor take one away.
            .service(resource("/healthz").route(get().to(async || "ok")))
            .service(
                web::scope("")
                    .wrap(sessions.layer(app.https))
                    .configure(|to| accounts::routes(to, &on))
                    .configure(|to| organizations::routes(to, &on))
                    .configure(|to| invitations::routes(to, &on))
                    .configure(|to| answers::routes(to, &on))
                    .configure(mailbox::routes)
                    .default_service(web::to(async || refused(Problem::not_found()))),
            )
    };
    let server = HttpServer::new(service)
        .shutdown_signal(shutdown_signal())
        .shutdown_timeout(PATIENCE.as_secs())
        // So that a request whose client has hung up is dropped: see `runtime.rs`.
        .h1_allow_half_closed(false)
        .listen(listener)?;
    Ok(server.run())
}

/// An address of ours, which says in our words what cannot be asked of it.
pub(crate) fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(async || refused(Problem::method_not_allowed())))
}

/// `GET`, and `HEAD`, which Actix tells apart.
pub(crate) fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn refused(problem: Problem) -> Result<HttpResponse, ApiError> {
    Err(problem.into())
}
