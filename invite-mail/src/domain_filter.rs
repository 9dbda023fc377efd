//! Letters to named domains only, for systems that are not in production.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use invite_core::{EmailAddress, Letter, Mailer, Outcome};

/// Hands over letters to named domains, and holds all others: for a staging system, whose database may be a copy of the one
/// in production.
///
/// A letter that is held stays in the queue, and is looked at again and again until its invitation ends. So it is mailed
/// as soon as its domain is named here. **It is also mailed by every worker that uses the same database without this
/// filter.** A held letter makes no invitation fail, and it holds up no other letter.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/letter.rs"));
/// use invite_core::{Mailer, Outcome};
/// use invite_mail::DomainFilter;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mailer = DomainFilter::new(CapturingMailer::default(), ["example.com"]);
/// let (colleague, customer) = (letter_at("ada@example.com").await, letter_at("ada@example.org").await);
/// assert_eq!(mailer.deliver(&colleague).await, Outcome::accepted());
/// assert_ne!(mailer.deliver(&customer).await, Outcome::accepted());
/// # }
/// ```
pub struct DomainFilter<M> {
    mailer: M,
    domains: Vec<String>,
}

impl<M: Mailer> DomainFilter<M> {
    /// Lets letters through to these domains, and not to their subdomains. Names that are no domain let nothing through.
    pub fn new<D: AsRef<str>>(mailer: M, domains: impl IntoIterator<Item = D>) -> Self {
        // As an address has it: in ASCII and lower case.
        let domain = |name: D| {
            let address: EmailAddress = format!("a@{}", name.as_ref()).parse().ok()?;
            Some(address.domain().to_owned())
        };
        Self { mailer, domains: domains.into_iter().filter_map(domain).collect() }
    }
}

#[async_trait]
impl<M: Mailer> Mailer for DomainFilter<M> {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        if self.domains.iter().any(|domain| domain == letter.addressee().domain()) {
            self.mailer.deliver(letter).await
        } else {
            Outcome::ComposeFailed { text: "held back: this system mails to named domains only".into() }
        }
    }

    fn time_limit(&self) -> Option<Duration> {
        self.mailer.time_limit()
    }
}

impl<M> fmt::Debug for DomainFilter<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DomainFilter").field("domains", &self.domains).finish_non_exhaustive()
    }
}
