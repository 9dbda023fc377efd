//! The certificate whose key signs messages of SNS.

use chrono::{DateTime, Utc};
use ring::signature::{RsaParameters, UnparsedPublicKey};
use x509_parser::{
    certificate::X509Certificate, oid_registry::OID_PKCS1_RSAENCRYPTION, pem::parse_x509_pem, prelude::FromDer as _,
    time::ASN1Time,
};

use crate::webhook::WebhookError;

/// Certificates have about two kilobytes.
const LARGEST: usize = 64 * 1024;

/// The RSA key of a certificate that is valid now.
pub(super) struct Certificate {
    key: Vec<u8>,
}

impl Certificate {
    pub(super) fn read(pem: &[u8], now: DateTime<Utc>) -> Result<Self, WebhookError> {
        if pem.len() > LARGEST {
            return Err(WebhookError::Certificate);
        }
        Self::parse(pem, now).ok_or(WebhookError::Certificate)
    }

    fn parse(pem: &[u8], now: DateTime<Utc>) -> Option<Self> {
        let (_, pem) = parse_x509_pem(pem).ok()?;
        if pem.label != "CERTIFICATE" {
            return None;
        }
        let (rest, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
        let is_valid = certificate.validity().is_valid_at(ASN1Time::from_timestamp(now.timestamp()).ok()?);
        let key = certificate.public_key();
        let is_rsa = key.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION;
        (rest.is_empty() && is_valid && is_rsa).then(|| Self { key: key.subject_public_key.data.to_vec() })
    }

    pub(super) fn verify(
        &self,
        algorithm: &'static RsaParameters,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), WebhookError> {
        UnparsedPublicKey::new(algorithm, &self.key).verify(signed, signature).map_err(|_| WebhookError::Signature)
    }
}
