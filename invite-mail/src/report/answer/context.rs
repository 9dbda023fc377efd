//! What stands around a number in a text, and whether that makes it the code of an answer.

use super::{Answer, WORDS, cut, plausible, reply_code};

/// How much a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    None,
    /// A code where answers have one, and where a house number may stand as well.
    Code,
    /// An enhanced code in such a place, which a date may be as well.
    Enhanced,
    /// A code behind the name of a server or a recipient.
    CertainCode,
    /// An enhanced code in such a place, or behind a number sign.
    CertainEnhanced,
    /// The one directly behind the other, which nothing else looks like.
    Both,
}

/// Words behind which the code of an answer comes.
const INTRODUCTIONS: [&str; 21] = [
    "said",
    "says",
    "answered",
    "responded",
    "replied",
    "error",
    "error code",
    "error_code",
    "error was",
    "code was",
    "failed with",
    "status",
    "status code",
    "smtp code",
    "reply code",
    "response",
    "reply",
    "reason",
    "smtp",
    "returned",
    "returned was",
];
/// Words in front of a colon, behind which an answer comes.
const SERVERS: [&str; 4] = ["smtp ", "remote server", "mail server", "remote host"];
/// Words of a line that announces the answer in the next one.
const HEADINGS: [&str; 3] = ["transcript of session", "server message", "server response"];
/// How transcripts mark what the server said.
const ARROWS: [&str; 3] = ["<<<", "<-", "<="];

/// What a line tells, with the line before it that is not blank.
pub(super) fn of_line(line: &str, line_before: &str) -> (Rank, Answer) {
    let mut best = (Rank::None, Answer::default());
    if !line.bytes().any(|byte| matches!(byte, b'4' | b'5')) {
        return best;
    }
    let mut code_before: Option<(usize, u16)> = None;
    let mut digits_end = None;
    for (begin, word) in words(line) {
        let end = begin + word.len();
        let before = &line[..begin];
        let behind = || cut(&line[end..], WORDS).trim_start_matches([' ', '-', ')', ':', ';', ']', '>']).to_owned();
        if let Some(enhanced) = plausible(word.trim_end_matches('.')) {
            // Directly behind the code, with a dash, a colon or a number sign between them at most.
            let is_joined = |end: usize| line[end..begin].trim_matches([' ', '-', '#', ':', '(', '\'']).is_empty();
            let code = code_before.filter(|(end, _)| is_joined(*end)).map(|(_, code)| code);
            let rank = if code.is_some() { Rank::Both } else { of_enhanced(before, &enhanced.to_string()) };
            if rank > best.0 {
                let certain = rank > Rank::Enhanced;
                best = (rank, Answer { code, enhanced: Some(enhanced), words: behind(), certain });
            }
        } else if let Some(code) = reply_code(word) {
            code_before = Some((end, code));
            let rank = if is_telephone(&line[..begin], digits_end) || goes_on_in_digits(&line[end..]) {
                Rank::None
            } else {
                of_code(line, begin, end, line_before)
            };
            if rank > best.0 {
                let certain = rank > Rank::Code;
                best = (rank, Answer { code: Some(code), enhanced: None, words: behind(), certain });
            }
        }
        digits_end = word.bytes().all(|byte| byte.is_ascii_digit()).then_some(end);
    }
    best
}

/// Whether the word behind a code is a number: the next group of a telephone number.
pub(super) fn goes_on_in_digits(behind: &str) -> bool {
    let behind = behind.trim_start_matches([' ', '-', '.', '/', ')']);
    let end = behind.find(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | ',' | ')')).unwrap_or(behind.len());
    end > 0 && behind[..end].bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a number stands directly before.
fn is_telephone(before: &str, digits_end: Option<usize>) -> bool {
    digits_end.is_some_and(|end| before[end..].trim_matches([' ', '-', '/', ')']).is_empty())
}

fn of_enhanced(before: &str, code: &str) -> Rank {
    // A date of two digits looks like one. The registry has such details for security only, and Exchange those above.
    let detail = code.rsplit('.').next().and_then(|detail| detail.parse::<u16>().ok()).unwrap_or(0);
    let is_known = !(11..100).contains(&detail) || (code[1..].starts_with(".7.") && detail <= 30);
    let before = before.trim_end();
    let introduction = Introduction::around(before);
    if before.ends_with('#') || introduction == Introduction::Server {
        Rank::CertainEnhanced
    } else if introduction == Introduction::Words
        || is_known && (before.is_empty() || before.ends_with([';', '(', '[', '<', '"', '\'']))
    {
        Rank::Enhanced
    } else {
        Rank::None
    }
}

fn of_code(line: &str, begin: usize, end: usize, line_before: &str) -> Rank {
    let follows = |also: &[char]| line[end..].chars().next().is_none_or(|c| c == ' ' || also.contains(&c));
    if !follows(&['-', ';', ':', ',']) {
        return Rank::None;
    }
    let before = line[..begin].trim_end();
    // Many repeat the address, in its brackets.
    let repeats = line[end..].trim_start_matches([' ', '-']).split_whitespace().next();
    let repeats = repeats.is_some_and(|word| word.starts_with('<') && word.contains('@'));
    let introduction = Introduction::around(before);
    if introduction == Introduction::Server || repeats {
        return Rank::CertainCode;
    }
    let is_announced = if introduction == Introduction::Words {
        true
    } else if !follows(&['-', ';', ':']) {
        false
    } else if before.is_empty() {
        announces(line_before, line)
    } else {
        // In brackets or quotes, behind an address.
        before.ends_with(['(', '[', '"', '\'']) && before.contains('@')
    };
    if is_announced { Rank::Code } else { Rank::None }
}

/// What stands before a number, up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Introduction {
    Nothing,
    /// Words behind which the code of an answer comes, and other numbers as well: `Response: 550`.
    Words,
    /// A server, a recipient, or how a transcript marks what a server said.
    Server,
}

impl Introduction {
    fn of(before: &str) -> Self {
        if ARROWS.iter().any(|arrow| before.ends_with(arrow)) {
            return Self::Server;
        }
        let bare = before.trim_end_matches([':', ';', ' ', '=']);
        let has_colon = bare.len() < before.len();
        let last = bare.split_whitespace().next_back().unwrap_or_default();
        // `mx.example.org[192.0.2.25]:`, `<ada@example.org>:`.
        let is_named = has_colon && (last.contains('@') || (last.ends_with(']') && last.contains('[')));
        let has_words = INTRODUCTIONS.iter().any(|words| ends_with_words(bare, words));
        let is_server = (has_colon || has_words) && (contains(bare, &SERVERS) || ends_with_words(bare, "smtp"));
        match has_words {
            _ if is_named || is_server => Self::Server,
            true => Self::Words,
            false => Self::Nothing,
        }
    }

    /// The better one of what stands directly before, and before brackets and quotation marks.
    fn around(before: &str) -> Self {
        let unbracketed = before.trim_end_matches(['(', '[', '<', '"', '\'', '#', ' ']);
        match (Self::of(before), Self::of(unbracketed)) {
            (Self::Server, _) | (_, Self::Server) => Self::Server,
            (Self::Words, _) | (_, Self::Words) => Self::Words,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}

/// Whether a line announces that the next one begins with an answer.
fn announces(line: &str, next: &str) -> bool {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let begin = line.trim();
    let names = begin.contains('@');
    begin.starts_with(">>>")
        || Introduction::of(begin) != Introduction::Nothing
        || contains(begin, &HEADINGS)
        || (names && (begin.ends_with([':', '>']) || depth(next) > depth(line)))
}

fn contains(text: &str, any: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    any.iter().any(|words| text.contains(words))
}

/// Whether these are its last words, whole.
fn ends_with_words(text: &str, end: &str) -> bool {
    let Some(at) = text.len().checked_sub(end.len()) else { return false };
    text.get(at..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        && text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric())
}

/// Each word, and where it begins.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_edge = |c: char| {
        c.is_whitespace() || matches!(c, ';' | '-' | '(' | ')' | '<' | '>' | '[' | ']' | '#' | '"' | '\'' | ',' | ':')
    };
    let mut at = 0;
    line.split(is_edge).filter_map(move |word| {
        let begin = at;
        at += word.len() + line[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        (!word.is_empty()).then_some((begin, word))
    })
}
