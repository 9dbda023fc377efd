//! The tests of links, letters and mailers, in one program so that it links once.

#[cfg(feature = "smtp")]
mod aiosmtpd;
mod bounces;
#[cfg(feature = "smtp-rustls")]
mod certificates;
#[cfg(feature = "smtp")]
mod connections;
mod designs;
mod details;
mod domain_filters;
#[cfg(feature = "smtp-rustls")]
mod exim;
mod files;
mod headers;
mod hostile;
mod languages;
mod letters;
mod links;
#[cfg(feature = "smtp")]
mod log_in;
#[cfg(feature = "smtp-rustls")]
mod matrix;
mod page;
// Needs Chromium, as those over SMTP need their servers: not part of a bare `cargo test`.
#[cfg(feature = "smtp")]
mod pictures;
#[cfg(feature = "smtp")]
mod programs;
mod reports;
mod return_paths;
mod samples;
#[cfg(feature = "smtp")]
mod script;
mod secrets;
#[cfg(feature = "smtp")]
mod servers;
#[cfg(feature = "smtp")]
mod smtp;
mod snapshots;
mod support;
mod templates;
#[cfg(feature = "smtp-rustls")]
mod tls;
#[cfg(feature = "smtp")]
mod urls;
#[cfg(feature = "webhooks")]
mod webhooks_ses;
#[cfg(feature = "webhooks")]
mod webhooks_sns;
