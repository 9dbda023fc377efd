//! What a server answers.

use invite_core::{EnhancedCode, store::DeliveryId};

/// A longer answer is none, whatever it says. RFC 5321 (4.5.3.1.5) allows 512 bytes to a line, and
/// no server has more than a few lines to say.
pub(super) const LONGEST: usize = 16 * 1024;

/// One whole answer: a code, and one or more lines of text. It has no `Debug`, because a server may
/// quote the letter.
pub(super) struct Reply {
    code: u16,
    lines: Vec<String>,
}

/// What the bytes that came so far are.
pub(super) enum Reading {
    /// An answer, and how many of the bytes it took.
    Whole(Reply, usize),
    /// The beginning of one.
    Part,
    /// Nothing that belongs to SMTP.
    Garbage,
}

impl Reply {
    pub(super) fn read(received: &[u8]) -> Reading {
        let (mut code, mut lines, mut used) = (None, Vec::new(), 0);
        for line in received.split_inclusive(|byte| *byte == b'\n') {
            let Some(text) = line.strip_suffix(b"\n") else { break };
            used += line.len();
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let Some((number, rest)) = numbered(text) else { return Reading::Garbage };
            // All lines of an answer say the same.
            if *code.get_or_insert(number) != number {
                return Reading::Garbage;
            }
            // The text is optional, and then so is the blank before it.
            let (more, text) = match rest.split_first() {
                None => (false, rest),
                Some((b' ', text)) => (false, text),
                Some((b'-', text)) => (true, text),
                Some(_) => return Reading::Garbage,
            };
            lines.push(String::from_utf8_lossy(text).into_owned());
            if !more {
                return Reading::Whole(Self { code: number, lines }, used);
            }
        }
        Reading::Part
    }

    pub(super) fn code(&self) -> u16 {
        self.code
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// The enhanced code it begins with, if that agrees with the code (RFC 2034, 4).
    pub(super) fn enhanced(&self) -> Option<EnhancedCode> {
        let code = EnhancedCode::parse(self.lines.first()?.split_whitespace().next()?)?;
        (u16::from(code.class()) == self.code / 100).then_some(code)
    }

    /// The words without the codes, in one line. Not yet fit to be shown.
    pub(super) fn text(&self) -> String {
        let repeated = self.enhanced().map(|code| code.to_string()).unwrap_or_default();
        let bare = self.lines().map(|line| line.strip_prefix(&repeated).unwrap_or(line).trim());
        bare.collect::<Vec<_>>().join(" ")
    }

    /// The same codes with other words.
    pub(super) fn saying(self, words: &str) -> Self {
        let enhanced = self.enhanced().map(|code| format!("{code} ")).unwrap_or_default();
        Self { code: self.code, lines: vec![format!("{enhanced}{words}")] }
    }

    /// Under which name the server took the letter, as far as it says so in a way that is known:
    /// `queued as 4XyZ`, `id=1abc-2d`, `[InternalId=42, …]`, `x12 Message accepted`, `Ok 0100-ab`,
    /// `<0100-ab@host> Queued`. Of a Message-ID the part before the `@`, by which reports name it too; ours is none of the
    /// server's.
    pub(super) fn queue_id(&self) -> Option<String> {
        let text = self.text();
        let words: Vec<_> = text.split_whitespace().collect();
        let is = |word: &str, other: &str| word.trim_end_matches(':').eq_ignore_ascii_case(other);
        let queued = words.windows(3).find(|three| is(three[0], "queued") && is(three[1], "as")).map(|three| three[2]);
        let named = || words.iter().find_map(|word| word.strip_prefix("id=").or(word.strip_prefix("[InternalId=")));
        let accepted = || match words.as_slice() {
            [id, message, accepted, ..] if is(message, "message") && is(accepted, "accepted") => Some(*id),
            [ok, id] if is(ok, "ok") && id.contains(|c: char| c.is_ascii_digit()) => Some(*id),
            [id, queued, ..] if is(queued, "queued") && id.starts_with('<') => Some(*id),
            _ => None,
        };
        let id = queued.or_else(named).or_else(accepted)?.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let own = DeliveryId::from_message_id(id).is_none().then_some(id)?;
        let id = own.split_once('@').map_or(own, |(local, _)| local);
        (!id.is_empty()).then(|| id.to_owned())
    }
}

/// The code at the start of a line, from 200 to 599, and what follows it.
fn numbered(line: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let code = digits.iter().try_fold(0, |code, byte| Some(code * 10 + digit(byte)?))?;
    (200..600).contains(&code).then_some((code, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Reply {
        match Reply::read(text.as_bytes()) {
            Reading::Whole(reply, used) if used == text.len() => reply,
            Reading::Whole(..) | Reading::Part | Reading::Garbage => panic!("not one whole answer: {text:?}"),
        }
    }

    #[test]
    fn an_answer_is_read_as_far_as_it_goes_and_no_further() {
        for (text, code, words) in [
            ("250\r\n", 250, ""),
            ("250 \r\n", 250, ""),
            ("250 ok\n", 250, "ok"),
            ("250-one\r\n250-\r\n250 three\r\n", 250, "one  three"),
            ("550-5.7.1 two\r\n550 5.7.1 lines\r\n", 550, "two lines"),
            ("550 4.7.1 disagrees\r\n", 550, "4.7.1 disagrees"),
        ] {
            assert_eq!((whole(text).code(), whole(text).text().as_str()), (code, words), "{text:?}");
            for end in 0..text.len() {
                assert!(matches!(Reply::read(&text.as_bytes()[..end]), Reading::Part), "{:?}", &text[..end]);
            }
        }
        assert!(matches!(Reply::read(b"250 ok\r\n421 bye\r\n"), Reading::Whole(_, 8)));
    }

    #[test]
    fn what_is_not_smtp_is_no_answer() {
        for text in ["\r\n", "hello\r\n", "25\r\n", "2500 ok\r\n", "150 wait\r\n", "600 what\r\n", "+50 ok\r\n"] {
            assert!(matches!(Reply::read(text.as_bytes()), Reading::Garbage), "{text:?}");
        }
        for text in ["250-one\r\n550 two\r\n", "\u{1}\u{2}\n", "250-one\r\nHTTP/1.1 200 OK\r\n"] {
            assert!(matches!(Reply::read(text.as_bytes()), Reading::Garbage), "{text:?}");
        }
    }

    #[test]
    fn an_enhanced_code_is_kept_when_it_agrees() {
        let enhanced = |text| whole(text).enhanced().map(|code| code.to_string());
        assert_eq!(enhanced("550 5.1.1 no such user\r\n").as_deref(), Some("5.1.1"));
        assert_eq!(enhanced("451-4.7.1 try\r\n451 4.7.1 later\r\n").as_deref(), Some("4.7.1"));
        for text in ["550 no such user\r\n", "550 4.1.1 no\r\n", "550\r\n", "550 15.1.1 no\r\n", "550 see 5.1.1\r\n"] {
            assert_eq!(enhanced(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_name_the_server_gave_the_letter_is_found() {
        for (text, id) in [
            ("250 2.0.0 Ok: queued as 4XyZ12abc\r\n", Some("4XyZ12abc")),
            ("250 OK id=1qLxQ2-0003bT-2C\r\n", Some("1qLxQ2-0003bT-2C")),
            ("250 2.0.0 3AB4cd5e012345 Message accepted for delivery\r\n", Some("3AB4cd5e012345")),
            ("250 2.6.0 <x@y.example> [InternalId=123456, Hostname=A.B] Queued mail for delivery\r\n", Some("123456")),
            ("250 Ok 010001764b1f4c5e-9cd5ac0e-000000\r\n", Some("010001764b1f4c5e-9cd5ac0e-000000")),
            ("250 2.0.0 queued as <0102-ab@provider.example>\r\n", Some("0102-ab")),
            ("250 Ok: queued as: <0102-ab@provider.example>.\r\n", Some("0102-ab")),
            ("250 ok id=<0102-ab@provider.example>\r\n", Some("0102-ab")),
            ("250 2.6.0 <0102-ab@provider.example> Queued mail for delivery\r\n", Some("0102-ab")),
            ("250 Ok 0102-ab@provider.example\r\n", Some("0102-ab")),
            // Our own Message-ID is no name that the server gave.
            ("250 queued <0192f0c1-7d3e-7a4b-8c2d-1e2f3a4b5c6d@example.com>\r\n", None),
            ("250 2.1.5 <ada@example.com> accepted\r\n", None),
            ("250 OK\r\n", None),
            ("250 2.0.0 Ok: queued as\r\n", None),
            ("250 great success\r\n", None),
            ("250 queued as <>\r\n", None),
        ] {
            assert_eq!(whole(text).queue_id().as_deref(), id, "{text:?}");
        }
    }
}
