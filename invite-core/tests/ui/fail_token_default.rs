fn main() { let _ = invite_core::Token::default(); }
