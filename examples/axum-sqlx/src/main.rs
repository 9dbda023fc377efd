//! Runs the example: `cargo run -p axum-sqlx`.

use std::{error::Error, io};

use axum_sqlx::Config;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();

    axum_sqlx::run(Config::from_env()?).await
}
