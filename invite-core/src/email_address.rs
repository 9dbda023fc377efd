//! An e-mail address: as given, and as compared.

mod domain;

use std::{fmt, str::FromStr};

use crate::error::{Error, Field, Problem};

/// RFC 5321, section 4.5.3.1: a path of 256 octets holds an address of 254.
const MAX: usize = 254;

/// An e-mail address: the invited one, the inviter's, or that of a user of the host.
///
/// Kept twice: as given, for people, and canonical, for comparing. Canonical means the part before the `@` in ASCII
/// lower case and the domain in its ASCII form, as UTS 46 maps it: `info@MÜLLER.example` becomes
/// `info@xn--mller-kva.example`. Dots and `+tags` in the local part are significant.
///
/// The mapping may change the case of a domain, compose its accents and encode its labels. A domain is refused if the
/// mapping would change more, as it does with fullwidth letters, `。` in place of a dot and soft hyphens: otherwise two
/// spellings of an address could pass one check and fail another. Nothing is trimmed.
///
/// Refused although RFC 5322 knows them: quoted local parts, comments, display names, IP literals, domains of one
/// label, a dot at the end, `%` and `!` routes, non-ASCII local parts, a leading `-`.
///
/// ```
/// use invite_core::EmailAddress;
///
/// let address: EmailAddress = "Ada@Example.COM".parse()?;
/// assert_eq!(address.as_given(), "Ada@Example.COM");
/// assert_eq!(address.canonical(), "ada@example.com");
/// assert_eq!(address.masked(), "a***@example.com");
/// assert!("ada@example.com,eve@example.com".parse::<EmailAddress>().is_err());
/// # Ok::<(), invite_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    given: String,
    canonical: String,
}

impl EmailAddress {
    /// An address as read from a database; `None` when the two forms do not belong together.
    ///
    /// The grammar was checked before the address was stored and is not checked again.
    #[must_use]
    pub fn from_stored(given: &str, canonical: &str) -> Option<Self> {
        let (given_local, given_domain) = given.rsplit_once('@')?;
        let (local, domain) = canonical.rsplit_once('@')?;
        let belong = given_local.eq_ignore_ascii_case(local)
            && !canonical.bytes().any(|byte| byte.is_ascii_uppercase())
            && domain::spells(given_domain, domain);
        belong.then(|| Self { given: given.into(), canonical: canonical.into() })
    }

    /// An address of which only the given form was stored; `None` when it is none.
    ///
    /// As [`from_stored`](Self::from_stored), it does not check the grammar again.
    #[must_use]
    pub fn from_given(given: &str) -> Option<Self> {
        let (local, domain) = given.rsplit_once('@')?;
        let canonical = format!("{}@{}", local.to_ascii_lowercase(), domain::to_ascii(domain)?);
        Some(Self { given: given.into(), canonical })
    }

    /// The address as the inviter wrote it.
    #[must_use]
    pub fn as_given(&self) -> &str {
        &self.given
    }

    /// The form that is unique and compared, byte by byte.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The domain, canonical.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.canonical.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address for the mail's envelope: the local part as given, because only the receiving
    /// server may judge its case, and the domain in ASCII.
    #[must_use]
    pub fn deliverable(&self) -> String {
        let local = self.given.rsplit_once('@').map_or("", |(local, _)| local);
        format!("{local}@{}", self.domain())
    }

    /// Enough to recognise one's own address by, for pages that strangers may see.
    #[must_use]
    pub fn masked(&self) -> String {
        let first = self.canonical.get(..1).unwrap_or_default();
        format!("{first}***@{}", self.domain())
    }
}

impl FromStr for EmailAddress {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        Self::parse(given).map_err(|problem| Error::invalid(Field::Recipient, problem))
    }
}

impl EmailAddress {
    pub(crate) fn parse(given: &str) -> Result<Self, Problem> {
        let malformed = || Problem::Malformed;

        if given.is_empty() {
            return Err(Problem::Empty);
        }
        if given.len() > MAX {
            return Err(Problem::TooLong { max: MAX });
        }
        let (local, domain) = given.rsplit_once('@').ok_or_else(malformed)?;
        if local.starts_with('-') || !local.bytes().all(is_plain_local) {
            return Err(malformed());
        }
        let ascii = domain::to_ascii(domain).ok_or_else(malformed)?;
        let canonical = format!("{}@{ascii}", local.to_ascii_lowercase());
        if canonical.len() > MAX {
            return Err(Problem::TooLong { max: MAX });
        }
        // The grammar proper (dots, lengths of parts and labels, a top-level domain) is the
        // crate's, applied to the very form that will be stored and compared.
        let options =
            ::email_address::Options::default().with_required_tld().without_domain_literal().without_display_text();
        ::email_address::EmailAddress::parse_with_options(&canonical, options).map_err(|_| malformed())?;

        Ok(Self { given: given.into(), canonical })
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

/// The characters of an RFC 5322 dot-atom, less the two that once meant routing.
fn is_plain_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".#$&'*+-/=?^_`{|}~".contains(&byte)
}
