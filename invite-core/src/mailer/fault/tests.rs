use super::*;

/// `fault | answer | source`, one a line; `-` where the answer does not tell.
const ANSWERS: &str = include_str!("answers.txt");

/// The fault of an answer as a server gives it: code, enhanced code if there is one, words.
fn fault_of(answer: &str) -> Option<Fault> {
    let (code, rest) = answer.split_once(' ').unwrap_or((answer, ""));
    let (first, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let enhanced = EnhancedCode::parse(first);
    let words = if enhanced.is_some() { words } else { rest };
    Fault::of(code.parse().ok(), enhanced, &crate::mailer::Outcome::sanitize(words))
}

/// An answer that is not understood is one that may be anybody's fault: then the worker waits for what becomes of other
/// letters. So that is no mistake, unless it happens often. To take one for another is.
#[test]
fn the_answers_of_real_servers_are_told_apart() {
    let (mut mistaken, mut not_understood, mut lines) = (Vec::new(), Vec::new(), 0);
    for line in ANSWERS.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let mut parts = line.split('|').map(str::trim);
        let (Some(wanted), Some(answer), Some(_source)) = (parts.next(), parts.next(), parts.next()) else {
            panic!("not three parts: {line}");
        };
        lines += 1;
        match fault_of(answer).map_or("-", Fault::as_str) {
            seen if seen == wanted => {}
            "-" => not_understood.push(format!("{answer}: {wanted}")),
            seen => mistaken.push(format!("{answer}: {seen}, should be {wanted}")),
        }
    }
    assert!(lines >= 300, "{lines} answers");
    assert!(mistaken.is_empty(), "mistaken are {} of {lines}:\n{}", mistaken.len(), mistaken.join("\n"));
    let not_understood = (not_understood.len(), not_understood.join("\n"));
    assert!(
        not_understood.0 * 20 <= lines,
        "not understood are {} of {lines}:\n{}",
        not_understood.0,
        not_understood.1
    );
}

#[test]
fn a_specific_code_decides_whatever_the_words() {
    for (code, fault) in [("5.1.1", Fault::Recipient), ("5.7.26", Fault::Sender), ("5.2.3", Fault::Content)] {
        for words in ["", "user unknown", "sender not verified", "spam", "blocked using a list"] {
            assert_eq!(Fault::of(Some(550), EnhancedCode::parse(code), words), Some(fault), "{code} {words}");
        }
    }
}

#[test]
fn words_are_read_whole() {
    for (words, fault) in [
        ("No Such User", Some(Fault::Recipient)),
        ("nosuch user", None),
        ("SPF-fail", Some(Fault::Sender)),
        ("spfx", None),
        ("the doesn\u{2019}t matter", None),
        ("user doesn\u{2019}t exist", Some(Fault::Recipient)),
    ] {
        assert_eq!(Fault::of(Some(550), None, words), fault, "{words}");
    }
}

#[test]
fn a_stored_word_is_read_back() {
    for fault in Fault::ALL {
        assert_eq!(Fault::from_word(fault.as_str()), Some(fault));
    }
    assert_eq!(Fault::from_word("nobody"), None);
}
