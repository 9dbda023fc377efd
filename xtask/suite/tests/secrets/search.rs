//! Secrets, however they are written.

use std::collections::{BTreeSet, HashMap};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use mailparse::parse_mail;

/// So many bytes of a needle are looked for first; none is shorter.
const START: usize = 4;

/// What is searched for, all at once: a database is too large to be read again for every writing of every secret.
pub(crate) struct Sought {
    needles: HashMap<[u8; START], Vec<Needle>>,
    /// Whether a needle begins with these two bytes.
    pairs: Vec<bool>,
}

struct Needle {
    what: String,
    writing: &'static str,
    bytes: Vec<u8>,
}

impl Default for Sought {
    fn default() -> Self {
        Self { needles: HashMap::new(), pairs: vec![false; 1 << 16] }
    }
}

impl Sought {
    /// Looks for this in every writing.
    pub(crate) fn secret(self, what: &str, secret: &str) -> Self {
        writings(secret).into_iter().fold(self, |sought, (writing, bytes)| sought.needle(what, writing, bytes))
    }

    /// Looks for this as it is.
    pub(crate) fn bytes(self, what: &str, bytes: &[u8]) -> Self {
        self.needle(what, "plain", bytes.to_vec())
    }

    fn needle(mut self, what: &str, writing: &'static str, bytes: Vec<u8>) -> Self {
        let start: [u8; START] = *bytes.first_chunk().expect("no needle is so short");
        self.pairs[usize::from(u16::from_be_bytes([start[0], start[1]]))] = true;
        self.needles.entry(start).or_default().push(Needle { what: what.to_owned(), writing, bytes });
        self
    }

    /// What of it is there, and in which writing.
    pub(crate) fn found_in(&self, haystack: &Haystack) -> BTreeSet<(String, &'static str)> {
        let mut found = BTreeSet::new();
        for bytes in [&haystack.bytes, &haystack.unfolded] {
            let mut pair = 0;
            for (at, &byte) in bytes.iter().enumerate() {
                pair = (pair << 8) | u16::from(byte);
                if self.pairs[usize::from(pair)] && at > 0 {
                    let rest = &bytes[at - 1..];
                    let needles = rest.first_chunk().and_then(|start: &[u8; START]| self.needles.get(start));
                    let there = needles.into_iter().flatten().filter(|needle| rest.starts_with(&needle.bytes));
                    found.extend(there.map(|needle| (needle.what.clone(), needle.writing)));
                }
            }
        }
        found
    }
}

/// What is searched.
pub(crate) struct Haystack {
    bytes: Vec<u8>,
    /// Without the ends of lines that quoted-printable adds; empty where that is the same.
    unfolded: Vec<u8>,
}

impl Haystack {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut unfolded = unfold(bytes);
        if unfolded.len() == bytes.len() {
            unfolded.clear();
        }
        Self { bytes: bytes.to_vec(), unfolded }
    }

    /// In which writing this secret occurs, if it does.
    pub(crate) fn writing_of(&self, secret: &str) -> Option<&'static str> {
        Sought::default().secret("it", secret).found_in(self).pop_first().map(|(_, writing)| writing)
    }
}

fn unfold(bytes: &[u8]) -> Vec<u8> {
    let mut pieces = bytes.split(|&byte| byte == b'=');
    let mut unfolded = pieces.next().unwrap_or_default().to_vec();
    for piece in pieces {
        match piece {
            [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => unfolded.extend(rest),
            [b'3', b'D', rest @ ..] => {
                unfolded.push(b'=');
                unfolded.extend(rest);
            }
            _ => {
                unfolded.push(b'=');
                unfolded.extend(piece);
            }
        }
    }
    unfolded
}

/// The secrets in the text of a letter.
pub(crate) fn tokens_in(mail: &str) -> Vec<String> {
    let mail = parse_mail(mail.as_bytes()).unwrap();
    let texts = mail.subparts.iter().map(|part| part.get_body().unwrap());
    let tokens = texts.flat_map(|text| {
        let starts: Vec<_> = text.match_indices("inv1_").map(|(at, _)| at).collect();
        let end = |rest: &str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        starts
            .into_iter()
            .map(|at| text[at..][..end(&text[at..]).unwrap_or(text.len() - at)].to_owned())
            .collect::<Vec<_>>()
    });
    tokens.collect()
}

fn writings(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let listed = |separator: &str| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(separator);
    let percent = |escape: &dyn Fn(u8) -> bool| -> String {
        let written = |&byte: &u8| if escape(byte) { format!("%{byte:02X}") } else { char::from(byte).to_string() };
        bytes.iter().map(written).collect()
    };
    let mut writings = vec![
        ("plain", secret.to_owned()),
        ("hex", HEXLOWER.encode(bytes)),
        ("hex", HEXUPPER.encode(bytes)),
        ("percent-encoded", percent(&|_| true)),
        ("percent-encoded", percent(&|byte| !byte.is_ascii_alphanumeric())),
        ("a list of bytes", listed(", ")),
        ("a list of bytes", listed(",\n    ")),
        ("UTF-16", secret.chars().flat_map(|c| [c, '\0']).collect()),
    ];
    // Whatever stands before it; the digits at the ends depend on the neighbours.
    for offset in 0..3 {
        let padded = [&vec![0; offset][..], bytes].concat();
        for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
            let digits = encoding.encode(&padded);
            writings.push(("base64", digits[4..digits.len() - 4].to_owned()));
        }
    }
    let mut writings: Vec<_> = writings.into_iter().map(|(writing, text)| (writing, text.into_bytes())).collect();
    // A token is a text for random bytes and their checksum, and the bytes open as much.
    if let Some(random) = secret.strip_prefix("inv1_").and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok()) {
        let random = &random[..random.len() - 4];
        writings.push(("what it encodes", random.to_vec()));
        writings.push(("what it encodes", HEXLOWER.encode(random).into_bytes()));
    }
    writings
}

#[test]
fn a_secret_is_found_in_every_writing_and_nothing_else_is() {
    let secret = "inv1_abcdefghijklmnopqrstuvwxyz-0123456789_ABCDEFGHIJ";
    let base64 = |before: &str| BASE64_NOPAD.encode(format!("{before}{secret}.").as_bytes());
    let random = BASE64URL_NOPAD.decode(&secret.as_bytes()["inv1_".len()..]).unwrap();
    for (writing, text) in [
        ("plain", format!("see {secret}!")),
        ("plain", format!("{}=\r\n{}", &secret[..20], &secret[20..])),
        ("plain", format!("{}=\n{}", &secret[..50], &secret[50..])),
        ("hex", HEXLOWER.encode(secret.as_bytes())),
        ("hex", HEXUPPER.encode(secret.as_bytes())),
        ("percent-encoded", secret.replace('_', "%5F").replace('-', "%2D")),
        ("a list of bytes", format!("{:?}", secret.as_bytes())),
        ("a list of bytes", format!("{:#?}", secret.as_bytes())),
        ("UTF-16", secret.chars().flat_map(|c| [c, '\0']).collect()),
        ("base64", base64("")),
        ("base64", base64("x")),
        ("base64", base64("xx")),
        ("base64", base64("xxx")),
        ("base64", BASE64URL_NOPAD.encode(format!("~~{secret}").as_bytes())),
        ("what it encodes", HEXLOWER.encode(&random)),
    ] {
        assert_eq!(Haystack::new(text.as_bytes()).writing_of(secret), Some(writing), "{text}");
    }
    assert_eq!(Haystack::new(&random).writing_of(secret), Some("what it encodes"));
    let other = secret.replace('k', "x");
    for text in ["", "inv1_", &other, &HEXLOWER.encode(other.as_bytes()), &BASE64_NOPAD.encode(other.as_bytes())] {
        assert_eq!(Haystack::new(text.as_bytes()).writing_of(secret), None, "{text}");
    }
}

#[test]
fn of_many_things_each_that_is_there_is_found() {
    let sought =
        Sought::default().bytes("one", b"needle 1").bytes("two", b"needle 22").bytes("three", &[0, 0, 0xfe, 0xff]);
    let found =
        |bytes: &[u8]| sought.found_in(&Haystack::new(bytes)).into_iter().map(|(what, _)| what).collect::<Vec<_>>();
    assert_eq!(found(b"needle 1, needle 2"), ["one"]);
    assert_eq!(found(b"\xff=needle 22\0\0\0\xfe\xff"), ["three", "two"]);
    assert_eq!(found(b"needle"), [""; 0]);
}
