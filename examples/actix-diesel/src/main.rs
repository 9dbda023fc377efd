//! Runs the example: `cargo run -p actix-diesel`.

use std::{error::Error, io, process::ExitCode};

use actix_diesel::Config;
use tracing_subscriber::EnvFilter;

// Not `actix_web::main`: that runtime has one thread, and diesel-async wants several for SQLite.
#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();

    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    actix_diesel::run(Config::from_env()?).await
}
