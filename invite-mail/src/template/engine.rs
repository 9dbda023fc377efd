//! How templates are evaluated.

use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, escape_formatter, syntax::SyntaxConfig,
    value::ValueKind,
};

use super::{
    Part,
    isolated::isolated,
    plain_places,
    unlinked::{unlinked, unlinked_without_elements},
};

/// Far more than a letter with the longest message needs; a template that loops for ever ends.
const FUEL: u64 = 500_000;
/// What the engine brings along.
pub(super) const FUNCTIONS: [&str; 3] = ["dict", "namespace", "range"];

pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // Both would show values: the function in the letter, debugging in errors.
    environment.remove_global("debug");
    environment.set_debug(false);
    // Each part stands alone: HTML that included the text would show it unescaped.
    environment.set_path_join_callback(|_, _| "".into());
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|name| if is(name, Part::Html) { AutoEscape::Html } else { AutoEscape::None });
    environment.set_formatter(write);
    // What is written is escaped in any case; marked as safe by these it would be left a link.
    for name in ["e", "escape"] {
        environment.add_filter(name, |value: Value| value);
    }
    environment.add_filter("isolated", isolated);
    environment.add_filter("linkable", linkable);
    environment.add_filter(plain_places::FILTER, in_plain_place);
    // Tags on lines of their own leave no empty lines behind.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment
}

fn is(template: &str, part: Part) -> bool {
    template == part.name()
}

/// Writes a value: escaped in HTML, and not as a link.
fn write(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let holds_words = holds_words(value);
    let is_html = is(state.name(), Part::Html);
    // A subject is shown as it is, and a detail will be written by a text or an HTML part.
    let is_body = is_html || is(state.name(), Part::Text);
    if value.is_safe() || !holds_words || !is_body {
        return escape_formatter(output, state, value);
    }
    let text = value.to_string();
    output.write_str(&unlinked(&text, is_html)).map_err(Error::from)
}

fn holds_words(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable)
}

/// For a value in an attribute or a title, where no element can stand.
fn in_plain_place(value: &Value) -> Value {
    if value.is_safe() || !holds_words(value) {
        value.clone()
    } else {
        Value::from_safe_string(escaped(&unlinked_without_elements(&value.to_string())))
    }
}

/// Leaves alone what looks like a link.
fn linkable(state: &State<'_, '_>, value: &Value) -> Value {
    if value.is_safe() {
        value.clone()
    } else if is(state.name(), Part::Html) {
        Value::from_safe_string(escaped(&value.to_string()))
    } else {
        Value::from_safe_string(value.to_string())
    }
}

/// For an attribute or for text. The engine would turn slashes into references, which is valid but
/// hides a link from whatever looks for it in a mail's source.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
