//! The tests of links, letters and mailers, in one program so that it links once.

#[cfg(feature = "smtp")]
mod aiosmtpd;
#[cfg(feature = "smtp-rustls")]
mod certificates;
#[cfg(feature = "smtp")]
mod connections;
#[cfg(feature = "smtp-rustls")]
mod exim;
mod files;
mod letters;
mod links;
#[cfg(feature = "smtp-rustls")]
mod matrix;
#[cfg(feature = "smtp")]
mod programs;
mod reports;
#[cfg(feature = "smtp")]
mod script;
mod secrets;
#[cfg(feature = "smtp")]
mod smtp;
mod support;
mod templates;
#[cfg(feature = "smtp-rustls")]
mod tls;
