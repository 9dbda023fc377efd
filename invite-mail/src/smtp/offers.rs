//! What a server offers in its answer to EHLO, and what is made of it.

use lettre::{
    Address,
    transport::smtp::extension::{MailParameter, RcptParameter},
};

use super::{auth::Mechanism, reply::Reply};

/// What of a server's offers is taken up.
#[derive(Default)]
pub(super) struct Offers {
    #[cfg(feature = "smtp-rustls")]
    pub(super) starttls: bool,
    /// Of all `AUTH` lines together: some servers send several.
    pub(super) mechanisms: Vec<Mechanism>,
    reports: bool,
    size: Size,
}

/// The largest letter (SIZE, RFC 1870).
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
enum Size {
    #[default]
    NotOffered,
    /// The server wants to know a letter's size and names no limit.
    Unlimited,
    Limited(u64),
}

impl Offers {
    pub(super) fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines().skip(1) {
            let line = line.to_ascii_uppercase();
            // `AUTH=PLAIN` is how servers wrote it before there was an RFC.
            let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            match words.next() {
                #[cfg(feature = "smtp-rustls")]
                Some("STARTTLS") => offers.starttls = true,
                Some("AUTH") => offers.mechanisms.extend(words.filter_map(Mechanism::named)),
                Some("DSN") => offers.reports = true,
                Some("SIZE") => {
                    let limit = words.next().and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
                    offers.size = limit.map_or(Size::Unlimited, Size::Limited);
                }
                Some(_) | None => {}
            }
        }
        offers
    }

    /// The limit that a letter of this size exceeds.
    pub(super) fn exceeded_by(&self, size: usize) -> Option<u64> {
        match self.size {
            Size::Limited(limit) if u64::try_from(size).is_ok_and(|size| size > limit) => Some(limit),
            Size::Limited(_) | Size::Unlimited | Size::NotOffered => None,
        }
    }

    /// The letter's size; and where the server knows of delivery reports (RFC 3461), that they
    /// shall name the delivery, and not return the body, which has the link.
    pub(super) fn mail_parameters(&self, delivery: &str, size: usize) -> Vec<MailParameter> {
        let mut parameters = Vec::new();
        if self.size != Size::NotOffered {
            parameters.push(MailParameter::Size(size));
        }
        if self.reports {
            let parameter = |keyword: &str, value: &str| MailParameter::Other {
                keyword: keyword.into(),
                value: Some(value.into()),
            };
            parameters.extend([parameter("RET", "HDRS"), parameter("ENVID", delivery)]);
        }
        parameters
    }

    /// Asks for a report when the letter comes back or waits, which shall name the recipient as we
    /// know it: it may have been forwarded since.
    pub(super) fn recipient_parameters(&self, to: &Address) -> Vec<RcptParameter> {
        let parameter =
            |keyword: &str, value: String| RcptParameter::Other { keyword: keyword.into(), value: Some(value) };
        let named = || parameter("ORCPT", format!("rfc822;{to}"));
        if self.reports { vec![parameter("NOTIFY", "FAILURE,DELAY".into()), named()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::reply::Reading, *};

    fn offers(lines: &str) -> Offers {
        match Reply::read(format!("250-scripted\r\n{lines}").as_bytes()) {
            Reading::Whole(reply, _) => Offers::read(&reply),
            Reading::Part | Reading::Garbage => panic!("{lines:?}"),
        }
    }

    #[test]
    fn every_auth_line_counts_in_both_spellings() {
        use Mechanism::{Login, OAuthBearer, Plain, XOAuth2};
        for (lines, expected) in [
            ("250-AUTH PLAIN\r\n250 AUTH GSSAPI NTLM\r\n", [Plain].as_slice()),
            ("250 AUTH=PLAIN LOGIN\r\n", &[Plain, Login]),
            ("250-AUTH=LOGIN\r\n250 AUTH CRAM-MD5\r\n", &[Login]),
            ("250 auth xoauth2 oauthbearer\r\n", &[XOAuth2, OAuthBearer]),
            ("250-AUTH\r\n250 AUTHENTICATE PLAIN\r\n", &[]),
        ] {
            assert_eq!(offers(lines).mechanisms, expected, "{lines:?}");
        }
    }

    #[test]
    fn a_size_without_a_number_or_of_zero_is_no_limit() {
        for (lines, size) in [
            ("250 DSN\r\n", Size::NotOffered),
            ("250 SIZE\r\n", Size::Unlimited),
            ("250 SIZE 0\r\n", Size::Unlimited),
            ("250 SIZE a lot\r\n", Size::Unlimited),
            ("250-SIZE 35882577\r\n250 DSN\r\n", Size::Limited(35_882_577)),
        ] {
            assert_eq!(offers(lines).size, size, "{lines:?}");
        }
        assert_eq!(offers("250 SIZE 1000\r\n").exceeded_by(1000), None);
        assert_eq!(offers("250 SIZE 1000\r\n").exceeded_by(1001), Some(1000));
        assert_eq!(offers("250 SIZE 0\r\n").exceeded_by(1001), None);
    }

    #[test]
    fn an_address_in_a_parameter_is_written_as_xtext() {
        let to = "ada+a=b@example.com".parse().unwrap();
        let shown: Vec<_> = offers("250 DSN\r\n").recipient_parameters(&to).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;ada+2Ba+3Db@example.com"]);
        assert!(offers("250 SIZE\r\n").recipient_parameters(&to).is_empty());
    }
}
