fn main() { let t: invite_core::Token = "".parse().unwrap(); let _ = t.clone(); }
