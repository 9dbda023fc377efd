//! Secrets, however they are written.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use mailparse::parse_mail;

/// What is searched.
pub(crate) struct Haystack {
    text: String,
    /// Without the ends of lines that quoted-printable adds.
    unfolded: String,
}

impl Haystack {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let unfolded = text.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
        Self { text, unfolded }
    }

    /// In which writing this secret occurs, if it does.
    pub(crate) fn writing_of(&self, secret: &str) -> Option<&'static str> {
        let occurs = |needle: &str| self.text.contains(needle) || self.unfolded.contains(needle);
        writings(secret).into_iter().find(|(_, needle)| occurs(needle)).map(|(writing, _)| writing)
    }
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

fn writings(secret: &str) -> Vec<(&'static str, String)> {
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
    writings
}

#[test]
fn a_secret_is_found_in_every_writing_and_nothing_else_is() {
    let secret = "inv1_abcdefghijklmnopqrstuvwxyz-0123456789_ABCDEFGHIJK";
    let base64 = |before: &str| BASE64_NOPAD.encode(format!("{before}{secret}.").as_bytes());
    for (writing, text) in [
        ("plain", format!("see {secret}!")),
        ("plain", format!("{}=\r\n{}", &secret[..20], &secret[20..])),
        ("plain", format!("{}=\n{}", &secret[..50], &secret[50..])),
        ("hex", HEXLOWER.encode(secret.as_bytes())),
        ("hex", HEXUPPER.encode(secret.as_bytes())),
        ("percent-encoded", secret.replace('_', "%5F").replace('-', "%2D")),
        ("a list of bytes", format!("{:?}", secret.as_bytes())),
        ("a list of bytes", format!("{:#?}", secret.as_bytes())),
        ("base64", base64("")),
        ("base64", base64("x")),
        ("base64", base64("xx")),
        ("base64", base64("xxx")),
        ("base64", BASE64URL_NOPAD.encode(format!("~~{secret}").as_bytes())),
    ] {
        assert_eq!(Haystack::new(text.as_bytes()).writing_of(secret), Some(writing), "{text}");
    }
    let other = secret.replace('k', "x");
    for text in ["", "inv1_", &other, &HEXLOWER.encode(other.as_bytes()), &BASE64_NOPAD.encode(other.as_bytes())] {
        assert_eq!(Haystack::new(text.as_bytes()).writing_of(secret), None, "{text}");
    }
}
