//! The tests of links, letters and mailers, in one program so that it links once.

#[cfg(feature = "smtp")]
mod aiosmtpd;
mod files;
mod letters;
mod links;
#[cfg(feature = "smtp")]
mod script;
mod secrets;
#[cfg(feature = "smtp")]
mod smtp;
mod support;
mod templates;
