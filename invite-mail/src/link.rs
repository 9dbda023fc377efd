//! Where an invitation's link leads.

use std::{fmt, sync::Arc};

use invite_core::{Record, Token};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::{Host, Url, form_urlencoded};
use zeroize::Zeroizing;

/// Where in the link the token stands.
///
/// A browser sends paths and queries to the server, where access logs keep them; it never sends a
/// fragment, but then the page needs a script to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkStyle {
    /// `https://example.com/invite/<token>`
    Path,
    /// `https://example.com/invitation?token=<token>`
    Query,
    /// `https://example.com/#token=<token>`
    Fragment,
    /// `https://example.com/#accept-invite?token=<token>`, for the router of a single-page
    /// application; it holds the route, without `#` and `?`.
    FragmentRoute(String),
}

/// Builds the links in letters, from configuration alone: nothing of a request can move them to
/// another host.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/letter.rs"));
/// use invite_mail::{LinkBuilder, LinkStyle};
///
/// # fn main() -> Result<(), invite_mail::LinkError> {
/// # let letter = letter();
/// # let (invitation, token) = (letter.invitation(), letter.token());
/// let links = LinkBuilder::new("https://example.com/register", LinkStyle::Query)?
///     .parameter_from("org", |invitation| invitation.scope.as_str().to_owned())?;
/// let link = links.link(invitation, token);
///
/// let expected = format!("https://example.com/register?token={}&org=org%3A7", token.expose_secret());
/// assert_eq!(link.expose_secret(), expected);
/// assert_eq!(format!("{link:?}"), "Link(..)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LinkBuilder {
    base: Url,
    style: LinkStyle,
    token_name: String,
    parameters: Vec<(String, Parameter)>,
    page: Option<(Url, Arc<OfInvitation>)>,
}

type OfInvitation = dyn Fn(&Record) -> String + Send + Sync;

#[derive(Clone)]
enum Parameter {
    Fixed(String),
    From(Arc<OfInvitation>),
}

impl LinkBuilder {
    /// Links below `base`, an `https` URL without user name, query and fragment. Plain `http` is
    /// accepted for this machine alone: `localhost`, `127.0.0.0/8` and `[::1]`.
    ///
    /// # Errors
    /// [`LinkError`] says which of these does not hold.
    pub fn new(base: &str, style: LinkStyle) -> Result<Self, LinkError> {
        if let LinkStyle::FragmentRoute(route) = &style
            && !is_plain(route, b"-._~!/")
        {
            return Err(LinkError::Route);
        }
        Ok(Self { base: checked(base)?, style, token_name: "token".into(), parameters: Vec::new(), page: None })
    }

    /// Calls the token's parameter something else than `token`. A path has none.
    ///
    /// # Errors
    /// [`LinkError::Parameter`] when the name is taken, empty, or holds anything but ASCII
    /// letters, digits and `-._~`.
    pub fn token_name(mut self, name: &str) -> Result<Self, LinkError> {
        if name != self.token_name {
            self.free(name)?;
        }
        self.token_name = name.into();
        Ok(self)
    }

    /// Adds a parameter that is the same in every link, after the token.
    ///
    /// # Errors
    /// As [`token_name`](Self::token_name).
    pub fn parameter(mut self, name: &str, value: impl Into<String>) -> Result<Self, LinkError> {
        self.free(name)?;
        self.parameters.push((name.into(), Parameter::Fixed(value.into())));
        Ok(self)
    }

    /// Adds a parameter taken from the invitation, after the token. Its value is encoded and so
    /// cannot add another. Links end up in logs and histories: leave addresses out of them.
    ///
    /// # Errors
    /// As [`token_name`](Self::token_name).
    pub fn parameter_from(
        mut self,
        name: &str,
        value: impl Fn(&Record) -> String + Send + Sync + 'static,
    ) -> Result<Self, LinkError> {
        self.free(name)?;
        self.parameters.push((name.into(), Parameter::From(Arc::new(value))));
        Ok(self)
    }

    /// A page for inviters, such as the one that lists the members: letters that tell them of an
    /// invitation's end show it as a button. `rest` is what follows `base` for an invitation: a path,
    /// and a query if there is one. It cannot lead to another host, and characters that have no place
    /// in a URL are encoded. It carries no token, so a person who follows it
    /// has to log in.
    ///
    /// ```
    /// use invite_mail::{LinkBuilder, LinkStyle};
    ///
    /// let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query)?
    ///     .inviter_page("https://example.com/members", |invitation| format!("?in={}", invitation.scope.as_str()))?;
    /// # Ok::<(), invite_mail::LinkError>(())
    /// ```
    ///
    /// # Errors
    /// [`LinkError`], as for [`new`](Self::new).
    pub fn inviter_page(
        mut self,
        base: &str,
        rest: impl Fn(&Record) -> String + Send + Sync + 'static,
    ) -> Result<Self, LinkError> {
        self.page = Some((checked(base)?, Arc::new(rest)));
        Ok(self)
    }

    pub(crate) fn page(&self, invitation: &Record) -> Option<String> {
        let (base, rest) = self.page.as_ref()?;
        let rest = rest(invitation);
        // A base without a path ends in a slash, so that nothing can be added to its host.
        let rest = if base.as_str().ends_with('/') { rest.strip_prefix('/').unwrap_or(&rest) } else { &rest };
        Some(format!("{base}{}", utf8_percent_encode(rest, IN_URL)))
    }

    /// The link that opens this invitation with this token.
    #[must_use]
    pub fn link(&self, invitation: &Record, token: &Token) -> Link {
        let name = &self.token_name;
        let base = self.base.as_str();
        let (before, mut separator) = match &self.style {
            LinkStyle::Path => (format!("{}/", base.trim_end_matches('/')), '?'),
            LinkStyle::Query => (format!("{base}?{name}="), '&'),
            LinkStyle::Fragment => (format!("{base}#{name}="), '&'),
            LinkStyle::FragmentRoute(route) => (format!("{base}#{route}?{name}="), '&'),
        };
        let mut after = String::new();
        for (name, parameter) in &self.parameters {
            let from;
            let value = match parameter {
                Parameter::Fixed(value) => value,
                Parameter::From(of) => {
                    from = of(invitation);
                    &from
                }
            };
            after.push(separator);
            after.push_str(name);
            after.push('=');
            after.extend(form_urlencoded::byte_serialize(value.as_bytes()));
            separator = '&';
        }
        // Both spellings of a token are safe in a URL as they stand. One allocation, so that
        // growing leaves no copy of the secret behind.
        let secret = token.expose_secret();
        let mut link = Zeroizing::new(String::with_capacity(before.len() + secret.len() + after.len()));
        link.push_str(&before);
        link.push_str(secret);
        link.push_str(&after);
        Link(link)
    }

    fn free(&self, name: &str) -> Result<(), LinkError> {
        let taken = name == self.token_name || self.parameters.iter().any(|(other, _)| other == name);
        if taken || !is_plain(name, b"-._~") {
            return Err(LinkError::Parameter);
        }
        Ok(())
    }
}

/// What cannot stand in a URL as it is; `%` can, since a host may have encoded a part already.
const IN_URL: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

impl fmt::Debug for LinkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        f.debug_struct("LinkBuilder")
            .field("base", &self.base.as_str())
            .field("style", &self.style)
            .field("parameters", &names)
            .finish()
    }
}

/// A finished link. Whoever has it can answer the invitation, so it is kept like its token: no
/// `Display`, `Serialize`, `Clone` or `PartialEq`, a `Debug` that says nothing, and memory that is
/// cleared when it is dropped.
pub struct Link(Zeroizing<String>);

impl Link {
    /// The link as text: for the letter, or for the inviter who asked for a link to copy. Never
    /// for a log or a table.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(..)")
    }
}

/// Why no links can be built from a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The base is not an absolute URL with a host, written out: `https://host/path`.
    #[error("the base of the links is not an absolute URL")]
    Base,
    /// The base is neither `https` nor `http` on this machine.
    #[error("the base of the links must be https; plain http serves only localhost")]
    Insecure,
    /// The base carries a user name or a password.
    #[error("the base of the links carries user information")]
    UserInfo,
    /// The base already has a query or a fragment; use parameters.
    #[error("the base of the links already has a query or a fragment")]
    Tail,
    /// The route is empty or holds anything but ASCII letters, digits and `-._~!/`.
    #[error("the fragment route of the links is malformed")]
    Route,
    /// A parameter's name is taken, empty or malformed.
    #[error("a parameter name of the links is taken or malformed")]
    Parameter,
}

fn checked(base: &str) -> Result<Url, LinkError> {
    // The URL standard forgives much of what only a mistake or an attack would write, such as
    // backslashes, line breaks inside and missing slashes: none of that is accepted here.
    let suspicious = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    let (scheme, rest) = base.split_once("://").ok_or(LinkError::Base)?;
    if base.contains(suspicious) || rest.starts_with('/') {
        return Err(LinkError::Base);
    }
    let url = Url::parse(base).map_err(|_| LinkError::Base)?;
    let host = url.host().ok_or(LinkError::Base)?;
    let secure = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        },
        _ => false,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        Err(LinkError::UserInfo)
    } else if !secure {
        Err(LinkError::Insecure)
    } else if url.query().is_some() || url.fragment().is_some() {
        Err(LinkError::Tail)
    } else {
        Ok(url)
    }
}

fn is_plain(text: &str, also: &[u8]) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
}
