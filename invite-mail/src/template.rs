//! What a letter says: three templates, checked before the first letter.

mod details;
mod engine;
mod isolated;
mod plain_places;
mod unlinked;
mod values;

use std::{collections::HashSet, fmt, sync::Arc};

use invite_core::store::Purpose;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};

pub use self::details::Details;
use self::{engine::environment, values::PROBE};
pub(crate) use self::{
    engine::escaped,
    values::{Moment, Told, word},
};
use crate::{inline::inline_styles, language::english};

/// The words of one letter: subject, text and HTML, as [MiniJinja] templates.
///
/// [`Templates::default`] invites, [`Templates::of`] serves every purpose, in English, and
/// [`Language::templates`](crate::Language::templates) in other languages. Each part can be
/// replaced, and is checked when it is: a template that names a variable which this letter cannot
/// have never meets one.
///
/// | variable | is | defined |
/// |---|---|---|
/// | `organization`, `inviter` | these strings of [`Letter::display`] | unless missing or blank |
/// | `display` | the host's words, whole: `{{ display.team }}` | always |
/// | `payload` | what the invitation grants, as it is now, also after an amendment: `{{ payload.role }}` | always |
/// | `details` | the lines of [`Details`] that have a value, each with `label` and `value` | in text and HTML |
/// | `may_decline` | whether the policy lets people decline | always |
/// | `recipient` | the invited address, as given | always |
/// | `locale` | the invitation's language tag | when it has one |
/// | `brand` | of the [`Branding`]: `brand.name`, `brand.logo`; `brand.color`, `brand.text_color`, `brand.edge_color` | the colours always |
/// | `expires_at` | until when it can be answered: `Saturday, 8 June 2030, 12:00 (UTC), in 7 days`; in notices of an expiry without `in 7 days` | always |
/// | `subject` | the finished subject | in text and HTML |
/// | `link` | the link | in text and HTML of invitations and reminders |
/// | `page` | the [page for inviters](crate::LinkBuilder::inviter_page), if there is one | in text and HTML of what tells the inviter |
/// | `message` | the inviter's own words, several lines | there, when there are any |
/// | `answered_at` | when it was accepted or declined | in what tells the inviter so |
/// | `reason` | why it was declined, in that person's words, or why it could not be delivered, in the mail server's | in what tells the inviter so, when given |
///
/// Undefined variables are refused: ask with `{% if organization is defined %}`. In HTML every
/// value is escaped. Styles in `<style>` are moved to the elements they match once, when the
/// template is set; media queries stay. Show `message` and `reason` so that nobody takes them for
/// yours: quoted, and never as the subject, which for that reason cannot see them. The character
/// set is declared at the start of `<head>`, where mail programs look for it.
///
/// What people wrote is no link. Mail programs make links of whatever looks like one, so that a
/// name such as `evil.example/claim` would be one to click in your mail. Text therefore shows
/// `evil[.]example/claim`, and so does HTML, where a mere `booking.example` looks as it is and has
/// its dot in an element of its own. In an attribute or a `<title>`, where no element can stand, it stays
/// as it is. For words of yours there is a filter:
/// `{{ display.website|linkable }}` leaves them alone. Another one, `{{ organization|isolated }}`,
/// keeps a name in Arabic or Hebrew from reordering the line around it. Use it in HTML too, inside
/// `<bdi>`: some mail programs drop that element. In a letter that runs from right to left write
/// `isolated(true)`.
///
/// Core checks the strings of `display`, but not those of `payload`. Control characters and marks
/// that turn the reading direction are therefore left out of `payload` here.
///
/// ```
/// use invite_core::store::Purpose;
/// use invite_mail::{TemplateError, Templates};
///
/// let templates = Templates::default()
///     .subject("{{ inviter }} invites you to {{ display.team }}")?
///     .text("Please come: {{ link }}\n\nUntil {{ expires_at }}.")?;
///
/// let typo = Templates::default().text("Until {{ expiers_at }}: {{ link }}");
/// assert!(matches!(typo, Err(TemplateError::UnknownVariable { part: "text", .. })));
///
/// // What tells the inviter has no link.
/// let accepted = Templates::of(Purpose::Accepted).text("{{ recipient }} came: {{ link }}");
/// assert!(matches!(accepted, Err(TemplateError::UnknownVariable { part: "text", .. })));
/// # Ok::<(), TemplateError>(())
/// ```
///
/// [MiniJinja]: https://docs.rs/minijinja
/// [`Branding`]: crate::Branding
/// [`Letter::display`]: invite_core::Letter::display
#[derive(Clone)]
pub struct Templates {
    purpose: Purpose,
    environment: Arc<Environment<'static>>,
}

impl Templates {
    /// The letter of this purpose, in English.
    #[must_use]
    pub fn of(purpose: Purpose) -> Self {
        english().templates(purpose)
    }

    /// Without any words yet.
    pub(crate) fn bare(purpose: Purpose) -> Self {
        Self { purpose, environment: Arc::new(environment()) }
    }

    /// Which letter they are for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Replaces the subject. It must come out as one line, and sees neither `link` nor `message`
    /// nor `reason`.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn subject(self, template: impl Into<String>) -> Result<Self, TemplateError> {
        self.with(Part::Subject, template.into())
    }

    /// Replaces the text part. It must show `link` as it is, if the letter has one.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn text(self, template: impl Into<String>) -> Result<Self, TemplateError> {
        self.with(Part::Text, template.into())
    }

    /// Replaces the HTML part: a whole document. It must show `link` as it is, if the letter has
    /// one.
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
            Part::Html => plain_places::marked(&inline_styles(&source).ok_or(TemplateError::Layout)?),
            Part::Subject | Part::Text | Part::Detail => source,
        };
        Arc::make_mut(&mut self.environment)
            .add_template_owned(name, source)
            .map_err(|error| TemplateError::Syntax { part: name, line: error.line() })?;
        let template = self.environment.get_template(name).map_err(|error| refused(part, &error))?;
        let shows_link = self.check_names(part, &template.undeclared_variables(true))?;
        if part != Part::Subject && self.purpose.has_link() && !shows_link {
            return Err(TemplateError::NoLink { part: name });
        }
        self.rehearse(part)?;
        Ok(self)
    }

    /// Whether `link` is among the names, all of which must be known.
    fn check_names(&self, part: Part, used: &HashSet<String>) -> Result<bool, TemplateError> {
        let known = values::names(self.purpose, part);
        for name in used {
            let (variable, field) = name.split_once('.').unwrap_or((name, ""));
            let is_known = match variable {
                "brand" => field.is_empty() || values::BRAND.contains(&field),
                _ => known.contains(&variable) || engine::FUNCTIONS.contains(&variable),
            };
            if !is_known {
                return Err(TemplateError::UnknownVariable { part: part.name(), variable: name.clone() });
            }
        }
        Ok(used.iter().any(|name| name == "link"))
    }

    /// Finds misspelt filters and tests, other templates, and endless loops. Nothing is known of the host's words
    /// yet, so whatever their absence may cause does not count.
    fn rehearse(&self, part: Part) -> Result<(), TemplateError> {
        let mut rehearsal = (*self.environment).clone();
        rehearsal.set_undefined_behavior(UndefinedBehavior::Chainable);
        for values in values::rehearsals(self.purpose, part) {
            let rendered = rehearsal.get_template(part.name()).and_then(|template| template.render(values));
            match rendered {
                Ok(text) if part != Part::Subject && self.purpose.has_link() && !text.contains(PROBE) => {
                    return Err(TemplateError::NoLink { part: part.name() });
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::UnknownFilter
                            | ErrorKind::UnknownTest
                            | ErrorKind::UnknownFunction
                            | ErrorKind::TemplateNotFound
                            | ErrorKind::OutOfFuel
                    ) =>
                {
                    return Err(refused(part, &error));
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Subject, text and HTML of one letter.
    pub(crate) fn render(&self, told: &Told<'_>) -> Result<Rendered, TemplateError> {
        let subject = self.part(Part::Subject, told.subject())?.trim().to_owned();
        let text = self.part(Part::Text, told.text(&subject))?;
        let html = self.part(Part::Html, told.html(&subject))?;
        let shown = told.link().is_none_or(|link| text.contains(&link.text));
        if !shown {
            return Err(TemplateError::NoLink { part: Part::Text.name() });
        }
        let shown = told.link().is_none_or(|link| html.contains(&link.html));
        if !shown {
            return Err(TemplateError::NoLink { part: Part::Html.name() });
        }
        Ok(Rendered { subject, text: format!("{}\n", text.trim()), html })
    }

    fn part(&self, part: Part, values: Value) -> Result<String, TemplateError> {
        let rendered = self.environment.get_template(part.name()).and_then(|template| template.render(values));
        rendered.map_err(|error| refused(part, &error))
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::of(Purpose::Invitation)
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").field("purpose", &self.purpose).finish_non_exhaustive()
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
        /// `subject`, `text`, `html` or `detail`.
        part: &'static str,
        /// Where, when that is known.
        line: Option<usize>,
    },
    /// It names a variable that this letter cannot have.
    #[error("the {part} template uses the unknown variable `{variable}`")]
    UnknownVariable {
        /// `subject`, `text`, `html` or `detail`.
        part: &'static str,
        /// The name.
        variable: String,
    },
    /// It does not show the link, or not as it is.
    #[error("the {part} template does not show the link")]
    NoLink {
        /// `text` or `html`.
        part: &'static str,
    },
    /// The label of a detail is blank, longer than 200 characters, or holds forbidden characters.
    #[error("the label of a detail is blank, too long, or has a forbidden character")]
    Label,
    /// Its tags stand where HTML cannot hold them, such as text between the cells of a table, or
    /// inside `<style>`.
    #[error("the html template has tags where HTML cannot hold them")]
    Layout,
    /// A value this letter does not have: ask for it with `is defined`.
    #[error("the {part} template uses an undefined value at line {}", line.unwrap_or(0))]
    Undefined {
        /// `subject`, `text`, `html` or `detail`.
        part: &'static str,
        /// Where, when that is known.
        line: Option<usize>,
    },
    /// It failed while being rendered: an unknown filter, a type that does not fit, no end.
    #[error("the {part} template failed at line {}", line.unwrap_or(0))]
    Failed {
        /// `subject`, `text`, `html` or `detail`.
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
    Detail,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
            Self::Detail => "detail",
        }
    }
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
