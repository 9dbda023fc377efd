//! What a letter says: three templates, checked before the first letter.

use std::{collections::BTreeMap, fmt};

use invite_core::Letter;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde};

use crate::{inline::inline_styles, link::Link};

/// Far more than a letter with the longest message needs; a template that loops for ever ends.
const FUEL: u64 = 500_000;
/// What the engine brings along.
const FUNCTIONS: [&str; 3] = ["dict", "namespace", "range"];

/// The words of the letters: subject, text and HTML, as [MiniJinja] templates.
///
/// [`Templates::default`] invites in English. Each part can be replaced, and is checked when it
/// is: a template that names a variable which cannot exist never meets a letter.
///
/// | variable | is | defined |
/// |---|---|---|
/// | `organization`, `inviter` | these strings of [`Letter::display`] | unless missing or blank |
/// | `display` | the host's words, whole: `{{ display.team }}` | always |
/// | `message` | the inviter's own words, several lines | when there are any |
/// | `recipient` | the invited address, as given | always |
/// | `expires_at` | such as `8 June 2030, 12:00 UTC` | always |
/// | `locale` | the invitation's language tag | when it has one |
/// | `subject` | the finished subject | in text and HTML |
/// | `link` | the link | in text and HTML |
///
/// Undefined variables are refused: ask with `{% if organization is defined %}`. In HTML every
/// value is escaped. Styles in `<style>` are moved to the elements they match once, when the
/// template is set; media queries stay. Show `message` so that nobody takes it for yours: quoted,
/// and never as the subject, which for that reason cannot see it.
///
/// ```
/// use invite_mail::{TemplateError, Templates};
///
/// let templates = Templates::default()
///     .subject("{{ inviter }} invites you to {{ display.team }}")?
///     .text("Please come: {{ link }}\n\nUntil {{ expires_at }}.")?;
///
/// let typo = Templates::default().text("Until {{ expiers_at }}: {{ link }}");
/// assert!(matches!(typo, Err(TemplateError::UnknownVariable { part: "text", .. })));
/// # Ok::<(), TemplateError>(())
/// ```
///
/// [MiniJinja]: https://docs.rs/minijinja
#[derive(Clone)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// Replaces the subject. It must come out as one line, and sees neither `link` nor `message`.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn subject(self, template: impl Into<String>) -> Result<Self, TemplateError> {
        self.with(Part::Subject, template.into())
    }

    /// Replaces the text part. It must show `link`.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn text(self, template: impl Into<String>) -> Result<Self, TemplateError> {
        self.with(Part::Text, template.into())
    }

    /// Replaces the HTML part: a whole document. It must show `link`.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn html(self, template: impl Into<String>) -> Result<Self, TemplateError> {
        self.with(Part::Html, template.into())
    }

    fn with(mut self, part: Part, source: String) -> Result<Self, TemplateError> {
        let name = part.name();
        // A checkout on Windows may have changed the line ends.
        let source = source.replace("\r\n", "\n");
        let source = match part {
            Part::Html => inline_styles(&source).ok_or(TemplateError::Layout)?,
            Part::Subject | Part::Text => source,
        };
        self.environment
            .add_template_owned(name, source)
            .map_err(|error| TemplateError::Syntax { part: name, line: error.line() })?;
        let template = self.environment.get_template(name).map_err(|error| refused(part, &error))?;
        let used = template.undeclared_variables(false);
        let known = |name: &str| part.variables().contains(&name) || FUNCTIONS.contains(&name);
        if let Some(unknown) = used.iter().find(|name| !known(name.as_str())) {
            return Err(TemplateError::UnknownVariable { part: name, variable: unknown.clone() });
        }
        if part != Part::Subject && !used.contains("link") {
            return Err(TemplateError::NoLink { part: name });
        }
        self.rehearse(part)?;
        Ok(self)
    }

    /// Finds misspelt filters and tests, other templates, and endless loops. Nothing is known of the host's words
    /// yet, so whatever their absence may cause does not count.
    fn rehearse(&self, part: Part) -> Result<(), TemplateError> {
        let mut rehearsal = self.clone();
        rehearsal.environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        let every = part.variables().iter().map(|name| (*name, Value::from("a\nb")));
        for values in [BTreeMap::new(), every.collect()] {
            let Err(error) = rehearsal.evaluate(part, &values) else { continue };
            if matches!(
                error.kind(),
                ErrorKind::UnknownFilter
                    | ErrorKind::UnknownTest
                    | ErrorKind::UnknownFunction
                    | ErrorKind::TemplateNotFound
                    | ErrorKind::OutOfFuel
            ) {
                return Err(refused(part, &error));
            }
        }
        Ok(())
    }

    /// Subject, text and HTML of one letter.
    pub(crate) fn render(&self, letter: &Letter, link: &Link) -> Result<Rendered, TemplateError> {
        let mut values = values(letter);
        let subject = self.part(Part::Subject, &values)?.trim().to_owned();
        values.insert("subject", subject.clone().into());
        if let Some(message) = letter.message() {
            values.insert("message", message.into());
        }
        values.insert("link", link.expose_secret().into());
        let text = self.part(Part::Text, &values)?;
        values.insert("link", Value::from_safe_string(escaped(link.expose_secret())));
        let html = self.part(Part::Html, &values)?;
        Ok(Rendered { subject, text: format!("{}\n", text.trim()), html })
    }

    fn part(&self, part: Part, values: &BTreeMap<&'static str, Value>) -> Result<String, TemplateError> {
        self.evaluate(part, values).map_err(|error| refused(part, &error))
    }

    fn evaluate(&self, part: Part, values: &BTreeMap<&'static str, Value>) -> Result<String, minijinja::Error> {
        self.environment.get_template(part.name())?.render(values)
    }
}

impl Default for Templates {
    fn default() -> Self {
        let mut environment = Environment::new();
        // Both would show values: the function in the letter, debugging in errors.
        environment.remove_global("debug");
        environment.set_debug(false);
        // Each part stands alone: HTML that included the text would show it unescaped.
        environment.set_path_join_callback(|_, _| "".into());
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|name| if name == "html" { AutoEscape::Html } else { AutoEscape::None });
        // Tags on lines of their own leave no empty lines behind.
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            environment.set_syntax(syntax);
        }
        Self { environment }
            .subject(include_str!("../templates/invitation.subject.txt"))
            .and_then(|templates| templates.text(include_str!("../templates/invitation.txt")))
            .and_then(|templates| templates.html(include_str!("../templates/invitation.html")))
            .expect("the templates that come with the crate are valid")
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}

pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// What is wrong with a template, or with a letter for it. Names the part, never what it would
/// have said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It cannot be parsed.
    #[error("the {part} template is malformed at line {}", line.unwrap_or(0))]
    Syntax {
        /// `subject`, `text` or `html`.
        part: &'static str,
        /// Where, when that is known.
        line: Option<usize>,
    },
    /// It names a variable that no letter has.
    #[error("the {part} template uses the unknown variable `{variable}`")]
    UnknownVariable {
        /// `subject`, `text` or `html`.
        part: &'static str,
        /// The name.
        variable: String,
    },
    /// It never shows the link.
    #[error("the {part} template does not show the link")]
    NoLink {
        /// `text` or `html`.
        part: &'static str,
    },
    /// Its tags stand where HTML cannot hold them, such as text between the cells of a table, or
    /// inside `<style>`.
    #[error("the html template has tags where HTML cannot hold them")]
    Layout,
    /// A value this letter does not have: ask for it with `is defined`.
    #[error("the {part} template uses an undefined value at line {}", line.unwrap_or(0))]
    Undefined {
        /// `subject`, `text` or `html`.
        part: &'static str,
        /// Where, when that is known.
        line: Option<usize>,
    },
    /// It failed while being rendered: an unknown filter, a type that does not fit, no end.
    #[error("the {part} template failed at line {}", line.unwrap_or(0))]
    Failed {
        /// `subject`, `text` or `html`.
        part: &'static str,
        /// Where, when that is known.
        line: Option<usize>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
        }
    }

    const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Subject => &["display", "expires_at", "inviter", "locale", "organization", "recipient"],
            Self::Text | Self::Html => &[
                "display",
                "expires_at",
                "inviter",
                "link",
                "locale",
                "message",
                "organization",
                "recipient",
                "subject",
            ],
        }
    }
}

/// What every part sees.
fn values(letter: &Letter) -> BTreeMap<&'static str, Value> {
    let mut values = BTreeMap::new();
    for name in ["organization", "inviter"] {
        let word = letter.display().get(name).and_then(|value| value.as_str()).map(str::trim);
        if let Some(word) = word.filter(|word| !word.is_empty()) {
            values.insert(name, word.into());
        }
    }
    if let Some(locale) = letter.locale() {
        values.insert("locale", locale.into());
    }
    let expires_at = letter.invitation().expires_at.format("%-d %B %Y, %H:%M UTC");
    values.insert("expires_at", expires_at.to_string().into());
    values.insert("recipient", letter.recipient().as_given().into());
    values.insert("display", Serde(letter.display()).into());
    values
}

/// A link for an attribute or for text. The engine would turn its slashes into references, which
/// is valid but hides the link from whatever looks for it in a mail's source.
fn escaped(link: &str) -> String {
    link.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Drops the engine's own words: they may quote values.
fn refused(part: Part, error: &minijinja::Error) -> TemplateError {
    let (part, line) = (part.name(), error.line());
    if error.kind() == ErrorKind::UndefinedError {
        TemplateError::Undefined { part, line }
    } else {
        TemplateError::Failed { part, line }
    }
}
