fn main() { let d = invite_core::TokenDigest::from_bytes([0; 32]); let _ = d == d; }
