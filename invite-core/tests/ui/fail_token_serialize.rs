fn main() { let t: invite_core::Token = "".parse().unwrap(); let _ = serde_json::to_string(&t); }
