fn main() { let t: invite_core::Token = "".parse().unwrap(); std::collections::HashSet::new().insert(t); }
