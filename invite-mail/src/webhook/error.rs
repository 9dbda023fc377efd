//! Why a request is not accepted.

/// Why the body of a webhook gives no reports. No variant holds anything of the request.
///
/// Answer the request with a status of 400 or 403. Most providers then send the same request again later, which helps
/// with [`Stale`](Self::Stale) only if the clock of this machine was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The configured topic, key or secret has not the form that the provider documents.
    #[error("the configuration of the webhook is not in the provider's format")]
    Configuration,
    /// The body is larger than the provider sends.
    #[error("the body of the webhook is too large")]
    TooLarge,
    /// The body is not in the provider's format, or a field that is needed is missing.
    #[error("the body of the webhook is not in the provider's format")]
    Malformed,
    /// The message belongs to a topic that is not configured.
    #[error("the message is from another topic")]
    OtherTopic,
    /// The certificate's address is not one of Amazon SNS.
    #[error("the certificate's address is not one of Amazon SNS")]
    CertificateUrl,
    /// The certificate cannot be read, has expired or is not valid yet, or holds no RSA key.
    #[error("the certificate cannot be used")]
    Certificate,
    /// The request was signed too long ago, or in the future.
    #[error("the webhook was signed too long ago, or in the future")]
    Stale,
    /// The signature is missing or wrong: somebody else wrote the request, or changed it.
    #[error("the signature of the webhook is wrong")]
    Signature,
}
