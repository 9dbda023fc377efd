fn main() { let t: invite_core::Token = "".parse().unwrap(); println!("{t}"); }
