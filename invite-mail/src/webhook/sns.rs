//! Amazon SNS, through which Amazon SES sends its events.

mod certificate;
mod url;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use invite_core::DeliveryReport;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters};
use serde_json::Value;

use self::certificate::Certificate;
use super::{WebhookError, ses, text};

/// SNS publishes messages of at most this size.
const LARGEST: usize = 256 * 1024;
/// SNS retries a request to an HTTP endpoint for up to an hour. Fifteen minutes are for clocks and slow connections.
const OLDEST: TimeDelta = TimeDelta::minutes(75);
/// How far the clocks of Amazon and of this machine may differ.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Reads the events of Amazon SES, sent to an HTTPS endpoint by the SNS topics that are configured here.
///
/// SNS signs each message, and the key is in a certificate that the host downloads:
///
/// ```
/// use chrono::{DateTime, Utc};
/// use invite_core::DeliveryReport;
/// use invite_mail::webhook::{SesWebhook, Verified, WebhookError};
///
/// # fn fetch(_url: &str) -> Vec<u8> { Vec::new() }
/// # fn visit(_url: &str) {}
/// fn handle(webhook: &SesWebhook, body: &[u8], now: DateTime<Utc>) -> Result<Vec<DeliveryReport>, WebhookError> {
///     let message = webhook.read(body)?;
///     let certificate = fetch(message.certificate_url()); // by HTTPS, and cached by its URL
///     match message.verify(&certificate, now)? {
///         Verified::Reports(reports) => return Ok(reports), // for `Worker::report`
///         Verified::Confirm { subscribe_url } => visit(&subscribe_url), // by a GET request, once
///         _ => {}
///     }
///     Ok(Vec::new())
/// }
/// # let webhook = SesWebhook::new("arn:aws:sns:eu-west-1:123456789012:mail").unwrap();
/// # assert!(handle(&webhook, b"{}", DateTime::UNIX_EPOCH).is_err());
/// ```
#[derive(Debug, Clone)]
pub struct SesWebhook {
    topics: Vec<String>,
}

impl SesWebhook {
    /// Accepts messages of this topic: `arn:aws:sns:<region>:<account>:<name>`.
    ///
    /// The topic must be your own. SNS signs the messages of every customer with the same keys, so that the signature
    /// alone proves nothing about the sender.
    ///
    /// # Errors
    /// [`WebhookError::Configuration`] if it is not the ARN of an SNS topic.
    pub fn new(topic_arn: &str) -> Result<Self, WebhookError> {
        Self { topics: Vec::new() }.topic(topic_arn)
    }

    /// Accepts messages of this topic too.
    ///
    /// # Errors
    /// [`WebhookError::Configuration`] if it is not the ARN of an SNS topic.
    pub fn topic(mut self, topic_arn: &str) -> Result<Self, WebhookError> {
        let parts: Vec<_> = topic_arn.split(':').collect();
        let is_plain = topic_arn.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-_.".contains(&byte));
        let [arn, partition, service, ref named @ ..] = parts[..] else { return Err(WebhookError::Configuration) };
        let is_topic = arn == "arn" && partition.starts_with("aws") && service == "sns";
        if !is_topic || named.len() != 3 || named.iter().any(|part| part.is_empty()) || !is_plain {
            return Err(WebhookError::Configuration);
        }
        self.topics.push(topic_arn.to_owned());
        Ok(self)
    }

    /// Reads the body of a request, without proof of who sent it. Only the address of the certificate can be taken from
    /// the result; everything else comes from [`SnsMessage::verify`].
    ///
    /// # Errors
    /// [`WebhookError::TooLarge`] for more than 256 KiB; [`WebhookError::Malformed`] if it is not a message of SNS;
    /// [`WebhookError::OtherTopic`] if no such topic is configured; [`WebhookError::CertificateUrl`] if the certificate
    /// is elsewhere than at SNS.
    pub fn read(&self, body: &[u8]) -> Result<SnsMessage, WebhookError> {
        if body.len() > LARGEST {
            return Err(WebhookError::TooLarge);
        }
        let body: Value = serde_json::from_slice(body).map_err(|_| WebhookError::Malformed)?;
        let field = |pointer| text(&body, pointer).ok_or(WebhookError::Malformed);
        let topic = field("/TopicArn")?;
        if !self.topics.iter().any(|pinned| pinned == topic) {
            return Err(WebhookError::OtherTopic);
        }
        let certificate_url = field("/SigningCertURL")?;
        if !url::is_certificate(certificate_url) {
            return Err(WebhookError::CertificateUrl);
        }
        let kind = Kind::read(field("/Type")?).ok_or(WebhookError::Malformed)?;
        let algorithm: &RsaParameters = match field("/SignatureVersion")? {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(WebhookError::Malformed),
        };
        let timestamp = DateTime::parse_from_rfc3339(field("/Timestamp")?).map_err(|_| WebhookError::Malformed)?;
        let signature = BASE64.decode(field("/Signature")?.as_bytes()).map_err(|_| WebhookError::Signature)?;
        Ok(SnsMessage {
            kind,
            certificate_url: certificate_url.to_owned(),
            timestamp: timestamp.to_utc(),
            algorithm,
            signature,
            signed: signed(&body, kind)?,
            message: field("/Message")?.to_owned(),
            subscribe_url: text(&body, "/SubscribeURL").map(str::to_owned),
        })
    }
}

/// A message of SNS that is not verified yet. It gives away nothing but the address of its certificate:
///
/// ```compile_fail
/// # fn reports(message: invite_mail::webhook::SnsMessage) {
/// let invite_mail::webhook::Verified::Reports(reports) = message;
/// # }
/// ```
#[must_use]
pub struct SnsMessage {
    kind: Kind,
    certificate_url: String,
    timestamp: DateTime<Utc>,
    algorithm: &'static RsaParameters,
    signature: Vec<u8>,
    signed: Vec<u8>,
    message: String,
    subscribe_url: Option<String>,
}

impl SnsMessage {
    /// Where the certificate is: `https://sns.<region>.amazonaws.com/<name>.pem`, or the same in China.
    ///
    /// Download it by HTTPS without following redirects, for the TLS connection is what proves that it is Amazon's. A
    /// certificate stays the same at its URL. Keep a few that verified a message, and no other: everybody can write a
    /// message with any name of a file.
    #[must_use]
    pub fn certificate_url(&self) -> &str {
        &self.certificate_url
    }

    /// Verifies the message with the certificate that was downloaded, in PEM, and tells what it says.
    ///
    /// The chain above the certificate is not looked at, because SNS does not send it.
    ///
    /// # Errors
    /// [`WebhookError::Stale`] if the message is more than 75 minutes old at `now`, or more than 5 minutes ahead;
    /// [`WebhookError::Certificate`] if the certificate cannot be read, is not valid at `now` or holds no RSA key;
    /// [`WebhookError::Signature`] if this is not what SNS signed; [`WebhookError::Malformed`] if the address that
    /// confirms a subscription is missing or not one of SNS.
    pub fn verify(self, certificate_pem: &[u8], now: DateTime<Utc>) -> Result<Verified, WebhookError> {
        let age = now.signed_duration_since(self.timestamp);
        if age > OLDEST || age < -AHEAD {
            return Err(WebhookError::Stale);
        }
        Certificate::read(certificate_pem, now)?.verify(self.algorithm, &self.signed, &self.signature)?;
        Ok(match self.kind {
            Kind::Notification => Verified::Reports(ses::reports(&self.message)),
            Kind::Unsubscribe => Verified::Unsubscribed,
            Kind::Subscribe => {
                let subscribe_url = self.subscribe_url.filter(|url| url::is_at_sns(url));
                Verified::Confirm { subscribe_url: subscribe_url.ok_or(WebhookError::Malformed)? }
            }
        })
    }
}

impl fmt::Debug for SnsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnsMessage").field("certificate_url", &self.certificate_url).finish_non_exhaustive()
    }
}

/// What a message says whose signature is right.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Verified {
    /// The reports of one event: often one. None for an event that says nothing of the delivery, such as an opening,
    /// and for the message with which SES tries a new topic.
    Reports(Vec<DeliveryReport>),
    /// One of the configured topics asks whether it may send to this endpoint.
    Confirm {
        /// The address at SNS to visit with a GET request, which says yes. It holds a secret: do not log it.
        subscribe_url: String,
    },
    /// The endpoint was unsubscribed, and hears no more of the topic.
    Unsubscribed,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reports(reports) => f.debug_tuple("Reports").field(reports).finish(),
            Self::Confirm { .. } => f.debug_struct("Confirm").finish_non_exhaustive(),
            Self::Unsubscribed => f.write_str("Unsubscribed"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Notification,
    Subscribe,
    Unsubscribe,
}

impl Kind {
    fn read(word: &str) -> Option<Self> {
        match word {
            "Notification" => Some(Self::Notification),
            "SubscriptionConfirmation" => Some(Self::Subscribe),
            "UnsubscribeConfirmation" => Some(Self::Unsubscribe),
            _ => None,
        }
    }
}

/// What SNS signs: names and values, each with a line feed behind it.
///
/// The lines are not escaped, so only `Message` may hold a line feed: with one in another field, the same text could be
/// split into other fields than those that were signed. `TopicArn` and `Type` stand last and are compared with known
/// values, so the topic of a message cannot be changed that way, and neither by a collision of SHA-1 before it.
fn signed(body: &Value, kind: Kind) -> Result<Vec<u8>, WebhookError> {
    let names: &[&str] = match kind {
        Kind::Notification => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        Kind::Subscribe | Kind::Unsubscribe => {
            &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        }
    };
    let mut signed = Vec::new();
    for name in names {
        let value = match body.get(name) {
            Some(Value::String(value)) => value,
            None | Some(Value::Null) if *name == "Subject" => continue,
            _ => return Err(WebhookError::Malformed),
        };
        if *name != "Message" && value.contains('\n') {
            return Err(WebhookError::Malformed);
        }
        for line in [name, value.as_str()] {
            signed.extend_from_slice(line.as_bytes());
            signed.push(b'\n');
        }
    }
    Ok(signed)
}
