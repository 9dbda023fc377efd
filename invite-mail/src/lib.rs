#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod branding;
mod console;
mod design;
mod domain_filter;
mod file;
mod inline;
mod language;
mod link;
mod message;
mod report;
mod return_path;
#[cfg(feature = "smtp")]
mod smtp;
mod template;
#[cfg(feature = "webhooks")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhooks")))]
pub mod webhook;

#[cfg(feature = "smtp")]
#[cfg_attr(docsrs, doc(cfg(feature = "smtp")))]
pub use crate::smtp::{
    AccessToken, AccessTokenError, AccessTokens, Password, Security, SmtpError, SmtpMailer, SmtpServer,
};
pub use crate::{
    branding::{Branding, BrandingError},
    console::ConsoleMailer,
    design::Design,
    domain_filter::DomainFilter,
    file::FileMailer,
    language::{Language, LanguageError},
    link::{Link, LinkBuilder, LinkError, LinkStyle},
    message::{ComposeError, Composer, Email, HeaderError, Sender, SenderError},
    report::{Action, RecipientStatus, ReportReader, StatusReport},
    return_path::{ReturnPath, ReturnPathError},
    template::{Details, TemplateError, Templates},
};
