//! TLS, with certificates that are checked.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use invite_core::Outcome;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use super::{
    connection::{Fault, Stream, within},
    error::SmtpError,
};

/// Knows whom to trust, and under which name.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// For the server of this name or IP address; each of `trusted` is PEM.
    pub(super) fn new(host: &str, trusted: &[Vec<u8>]) -> Result<Self, SmtpError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for pem in trusted {
            let mut found = false;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| SmtpError::Certificate)?;
                roots.add(certificate).map_err(|_| SmtpError::Certificate)?;
                found = true;
            }
            if !found {
                return Err(SmtpError::Certificate);
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| SmtpError::Certificate)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).map_err(|_| SmtpError::Host)?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    pub(super) async fn handshake(
        &self,
        stream: impl Stream + 'static,
        limit: Duration,
    ) -> Result<impl Stream + 'static, Fault> {
        let shaken = async { Ok(self.connector.connect(self.name.clone(), stream).await) };
        within(limit, shaken).await?.map_err(|error| {
            // A certificate that is not trusted, or no TLS at all.
            if error.kind() == ErrorKind::InvalidData {
                Fault::Unusable(Outcome::sanitize(&spaced(&error.to_string())))
            } else {
                error.into()
            }
        })
    }
}

/// rustls names its reasons in one word each, which would be taken for an identifier.
fn spaced(reason: &str) -> String {
    let mut spaced = String::with_capacity(reason.len() + 8);
    let mut last = ' ';
    for next in reason.chars() {
        if last.is_lowercase() && next.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(next);
        last = next;
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_words() {
        let reason = "peer is incompatible: ServerDoesNotSupportTls12Or13";
        assert_eq!(Outcome::sanitize(&spaced(reason)), "peer is incompatible: Server Does Not Support Tls12Or13");
    }
}
