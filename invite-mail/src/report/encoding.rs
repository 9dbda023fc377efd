//! The transfer encodings of RFC 2045. Damage stays as it is, or ends what is decoded.

use std::borrow::Cow;

pub(super) fn decoded<'m>(encoding: &str, body: &'m [u8]) -> Cow<'m, [u8]> {
    let encoding = encoding.trim();
    if encoding.eq_ignore_ascii_case("quoted-printable") {
        quoted_printable(body).into()
    } else if encoding.eq_ignore_ascii_case("base64") {
        base64(body).into()
    } else {
        body.into()
    }
}

fn base64(body: &[u8]) -> Vec<u8> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    // Behind the digits there may be words that a server on the way added.
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let digits: Vec<u8> = lines.take_while(|line| line.iter().all(is_digit)).flatten().copied().collect();
    // One text may be several, each with its own padding.
    let mut decoded = Vec::with_capacity(digits.len() / 4 * 3);
    for chunk in digits.chunks_exact(4 * 256) {
        decoded.extend(chunk_of(chunk));
    }
    decoded.extend(chunk_of(digits.chunks_exact(4 * 256).remainder()));
    decoded
}

fn chunk_of(digits: &[u8]) -> Vec<u8> {
    let whole = &digits[..digits.len() / 4 * 4];
    match data_encoding::BASE64.decode(whole) {
        Ok(decoded) => decoded,
        Err(_) => whole.chunks_exact(4).filter_map(|four| data_encoding::BASE64.decode(four).ok()).flatten().collect(),
    }
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'=' {
            decoded.push(*byte);
            continue;
        }
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match after {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => rest = after,
            [high, low, after @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                decoded.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest = after;
            }
            _ => decoded.push(b'='),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_encoded_is_decoded_and_damage_ends_nothing() {
        let decoded = |encoding: &str, body: &str| {
            String::from_utf8(super::decoded(encoding, body.as_bytes()).into_owned()).unwrap()
        };
        assert_eq!(decoded("Quoted-Printable", "a=3Db=\r\nc=\nd=zz=4"), "a=bcd=zz=4");
        assert_eq!(decoded("base64", "aGVs\r\nbG8=\r\n"), "hello");
        assert_eq!(decoded("base64", "aGVsbG8=\naGVs\n\n-- \na footer"), "hellohel");
        assert_eq!(decoded("base64", "aGVsb"), "hel");
        assert_eq!(decoded("base64", "?!?!"), "");
        assert_eq!(decoded("8bit", "a=3D"), "a=3D");
        let long = "hello, world; ".repeat(1_000);
        assert_eq!(decoded(" BASE64 ", &data_encoding::BASE64.encode(long.as_bytes())), long);
    }
}
