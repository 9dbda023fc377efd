//! Names that run the other way than the line around them.

use minijinja::Value;

/// First strong isolate, and its end.
pub(super) const ISOLATE: char = '\u{2068}';
pub(super) const END: char = '\u{2069}';

/// Puts a name between the marks that keep it from reordering the line, if it could: where it has
/// letters that run from right to left, or the line does. Core lets nobody write such marks.
pub(super) fn isolated(value: &Value, line_is_rtl: Option<bool>) -> Value {
    let text = value.to_string();
    if line_is_rtl.unwrap_or(false) || text.chars().any(runs_from_right_to_left) {
        let text = format!("{ISOLATE}{text}{END}");
        if value.is_safe() { Value::from_safe_string(text) } else { text.into() }
    } else {
        value.clone()
    }
}

/// The blocks of Hebrew, Arabic, Syriac and the other scripts that Unicode sets aside for this.
fn runs_from_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_could_reorder_the_line_are_put_between_marks() {
        let shown = |name: &str, is_rtl| isolated(&name.into(), is_rtl).to_string();
        assert_eq!(shown("Ada", None), "Ada");
        assert_eq!(shown("Ada", Some(false)), "Ada");
        assert_eq!(shown("Ada", Some(true)), "\u{2068}Ada\u{2069}");
        assert_eq!(shown("שלום", None), "\u{2068}שלום\u{2069}");
    }
}
