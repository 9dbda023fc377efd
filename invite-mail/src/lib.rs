#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod console;
mod file;
mod inline;
mod link;
mod message;
mod report;
#[cfg(feature = "smtp")]
mod smtp;
mod template;

#[cfg(feature = "smtp")]
#[cfg_attr(docsrs, doc(cfg(feature = "smtp")))]
pub use crate::smtp::{Password, Security, SmtpError, SmtpMailer, SmtpServer};
pub use crate::{
    console::ConsoleMailer,
    file::FileMailer,
    link::{Link, LinkBuilder, LinkError, LinkStyle},
    message::{ComposeError, Composer, Email, Sender, SenderError},
    report::{Action, RecipientStatus, StatusReport},
    template::{TemplateError, Templates},
};
