//! A server's description in one line.

use lettre::transport::smtp::SUBMISSIONS_PORT;
use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    error::SmtpError,
    password::Password,
    server::{Security, SmtpServer, is_this_machine},
};
use crate::return_path::ReturnPath;

/// A longer name is not shown.
const NAME: usize = 32;

pub(super) fn read(url: &str) -> Result<SmtpServer, SmtpError> {
    let url = Url::parse(url).map_err(|_| SmtpError::Url)?;
    let host = url.host_str().ok_or(SmtpError::Url)?.trim_matches(['[', ']']).to_owned();
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() || !matches!(url.scheme(), "smtp" | "smtps") {
        return Err(SmtpError::Url);
    }
    let parameters = Parameters::read(url.query().unwrap_or_default())?;
    let security = match parameters.tls.as_deref() {
        None | Some("required") if url.scheme() == "smtps" || url.port() == Some(SUBMISSIONS_PORT) => Security::Tls,
        None if is_this_machine(&host) => Security::None,
        None | Some("required") => Security::StartTls,
        Some("none") if url.scheme() == "smtp" => Security::None,
        Some(_) => return Err(SmtpError::Parameter("tls")),
    };
    let mut server = SmtpServer::new(host, security);
    if let Some(port) = url.port() {
        server = server.port(port);
    }
    let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| SmtpError::Url);
    match (url.username(), url.password()) {
        ("", None) => {}
        (user, Some(password)) if !user.is_empty() => {
            server = server.credentials(decoded(user)?, Password::from(decoded(password)?.into_owned()));
        }
        _ => return Err(SmtpError::Url),
    }
    if let Some(name) = parameters.hello {
        server = server.hello_name(name);
        server.hello()?;
    }
    if let Some(address) = parameters.return_path {
        server.return_path = Some(ReturnPath::fixed(&address).map_err(SmtpError::ReturnPath)?);
    }
    for header in parameters.headers {
        let (name, value) = header.split_once(':').ok_or(SmtpError::Parameter("header"))?;
        server.headers.set(name, value).map_err(SmtpError::Header)?;
    }
    Ok(server)
}

/// What stands after the `?`.
#[derive(Default)]
struct Parameters {
    tls: Option<String>,
    hello: Option<String>,
    return_path: Option<String>,
    headers: Vec<String>,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, SmtpError> {
        let mut parameters = Self::default();
        let mut unknown = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(SmtpError::Url)?;
            // Unlike in a form, `+` is itself: it stands in addresses.
            let decoded = |name| match percent_decode_str(value).decode_utf8() {
                Ok(value) => Ok(value.into_owned()),
                Err(_) => Err(SmtpError::Parameter(name)),
            };
            let once = |place: &mut Option<String>, name| match place.replace(decoded(name)?) {
                None => Ok(()),
                Some(_) => Err(SmtpError::Parameter(name)),
            };
            match name {
                "tls" => once(&mut parameters.tls, "tls")?,
                "hello" => once(&mut parameters.hello, "hello")?,
                "return_path" => once(&mut parameters.return_path, "return_path")?,
                "header" => parameters.headers.push(decoded("header")?),
                // A password with a `?` that is not encoded ends up here, with the host behind it.
                _ if !is_harmless(name) || value.contains('@') => return Err(SmtpError::Url),
                _ => unknown = Some(name.to_owned()),
            }
        }
        unknown.map_or(Ok(parameters), |name| Err(SmtpError::UnknownParameter(name)))
    }
}

/// Whether the name of an unknown parameter can be shown.
fn is_harmless(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= NAME && name.bytes().all(plain)
}
