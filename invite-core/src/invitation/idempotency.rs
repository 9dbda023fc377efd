//! What makes a creation safe to repeat.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{actor::Scope, email_address::EmailAddress};

/// The host's key for a creation, and what that creation asked for, both as SHA-256.
///
/// Hosts put file names, row numbers and addresses into such keys, so the key itself is never stored. Kind and scope are
/// hashed with it: the same key in another scope is another key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Idempotency {
    key: [u8; 32],
    request: Option<[u8; 32]>,
}

impl Idempotency {
    pub(crate) fn new(kind: &str, scope: &Scope, key: &str, recipient: &EmailAddress, payload: &Value) -> Self {
        // No part can hold a NUL, so no two sets of parts run together.
        let key = hash(["invite/key/v1", kind, scope.as_str(), key]);
        let request = hash(["invite/request/v1", recipient.canonical(), &sorted(payload).to_string()]);
        Self { key, request: Some(request) }
    }

    /// From the columns of a row.
    #[must_use]
    pub const fn from_stored(key: [u8; 32], request: Option<[u8; 32]>) -> Self {
        Self { key, request }
    }

    /// The digest of kind, scope and key. Unique in the database.
    #[must_use]
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The digest of the address and the payload that were asked for. `None` where it is not known any more.
    #[must_use]
    pub const fn request(&self) -> Option<&[u8; 32]> {
        self.request.as_ref()
    }

    /// Whether this creation, which has the same key, asks for the same. What is not known any more is not held against
    /// it.
    pub(crate) fn asks_the_same(&self, other: &Self) -> bool {
        match (self.request, other.request) {
            (Some(this), Some(that)) => this == that,
            (None, _) | (_, None) => true,
        }
    }
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Idempotency(..)")
    }
}

fn hash<const N: usize>(parts: [&str; N]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().into()
}

/// With the fields of every object in one order: a payload with a `HashMap` in it writes them in any.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(scope: u32, key: &str, email: &str, payload: &Value) -> Idempotency {
        Idempotency::new("member", &Scope::new(scope), key, &email.parse().unwrap(), payload)
    }

    #[test]
    fn a_key_counts_in_its_scope_and_a_request_for_what_it_asks() {
        let payload = json!({ "role": "admin", "limits": { "b": 1, "a": 2 } });
        let first = of(7, "row-1", "ada@example.com", &payload);
        let turned = json!({ "limits": { "a": 2, "b": 1 }, "role": "admin" });
        assert_eq!(first, of(7, "row-1", "Ada@Example.com", &turned));
        assert_ne!(first.key(), of(8, "row-1", "ada@example.com", &payload).key());
        assert_ne!(first.key(), of(7, "row-2", "ada@example.com", &payload).key());
        let other = of(7, "row-1", "bob@example.com", &payload);
        assert!(first.key() == other.key() && !first.asks_the_same(&other));
        assert!(!first.asks_the_same(&of(7, "row-1", "ada@example.com", &json!({}))));
        assert!(Idempotency::from_stored(*first.key(), None).asks_the_same(&other));
    }
}
