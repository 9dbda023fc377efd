//! Lines that a host adds to the letters: a label and a value.

use std::{collections::HashSet, fmt, sync::Arc};

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};

use super::{
    Part, TemplateError,
    engine::{self, environment},
    isolated::{END, ISOLATE},
    refused, values,
};

/// A few lines that the standard letters show below their first sentence, such as the role or the
/// price: text as `Role: Editor`, HTML as a table.
///
/// A value is a [MiniJinja] template. It sees what a subject sees: see [`Templates`]. A line whose
/// value is empty or undefined is left out, so one list serves invitations with and without a
/// plan. Values are escaped, never become links, and stand in one line each, of which 300 characters are
/// shown.
///
/// They are set by [`Design::details`](crate::Design::details) and
/// [`Design::details_in`](crate::Design::details_in). Templates of your own have them as
/// `details`, a list of `label` and `value`.
///
/// ```
/// use invite_mail::{Design, Details};
///
/// let design = Design::default()
///     .details(Details::default().line("Role", "{{ payload.role }}")?.line("Team", "{{ display.team }}")?)
///     .details_in("de", Details::default().line("Rolle", "{{ display.role_de }}")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [MiniJinja]: https://docs.rs/minijinja
/// [`Templates`]: crate::Templates
#[derive(Clone)]
pub struct Details {
    labels: Vec<String>,
    /// The values' templates, by their number.
    environment: Arc<Environment<'static>>,
}

impl Details {
    /// Adds a line. The label is shown as it is.
    ///
    /// # Errors
    /// [`TemplateError`]: the label is no line of text, the value cannot be parsed, or it names a
    /// variable that letters do not have.
    pub fn line(mut self, label: &str, value: impl Into<String>) -> Result<Self, TemplateError> {
        let name = self.labels.len().to_string();
        self.labels.push(crate::branding::line(label).ok_or(TemplateError::Label)?);
        let part = Part::Detail.name();
        let environment = Arc::make_mut(&mut self.environment);
        environment
            .add_template_owned(name.clone(), value.into())
            .map_err(|error| TemplateError::Syntax { part, line: error.line() })?;
        let template = environment.get_template(&name).map_err(|error| refused(Part::Detail, &error))?;
        check_names(&template.undeclared_variables(true))?;
        // Finds misspelt filters. What the host's words would be is not known yet.
        match template.render(values::detail_rehearsal()) {
            Err(error) if error.kind() != ErrorKind::InvalidOperation => Err(refused(Part::Detail, &error)),
            Ok(_) | Err(_) => Ok(self),
        }
    }

    /// The lines that have a value in this letter.
    pub(crate) fn render(&self, values: &Value) -> Result<Value, TemplateError> {
        let mut lines = Vec::new();
        for (number, label) in self.labels.iter().enumerate() {
            let template = self.environment.get_template(&number.to_string());
            let value = template.and_then(|template| template.render(values));
            let value = value.map_err(|error| refused(Part::Detail, &error))?;
            // One line, however the template was laid out.
            let value = shortened(value.split_whitespace().collect::<Vec<_>>().join(" "));
            if !value.is_empty() {
                lines.push(line(label, &value));
            }
        }
        Ok(lines.into())
    }
}

impl Default for Details {
    fn default() -> Self {
        let mut environment = environment();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        Self { labels: Vec::new(), environment: Arc::new(environment) }
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Details").field("labels", &self.labels).finish_non_exhaustive()
    }
}

/// What is shown of a value. Nobody has said how long a payload's may be.
const VALUE: usize = 300;

/// The beginning of a long value. What was isolated there is still closed, or it would reorder the line around it.
fn shortened(value: String) -> String {
    let Some((end, _)) = value.char_indices().nth(VALUE) else { return value };
    let kept = value[..end].trim_end();
    let open = kept.matches(ISOLATE).count().saturating_sub(kept.matches(END).count());
    let ends = END.to_string().repeat(open);
    format!("{kept}…{ends}")
}

/// One line, as templates see it.
pub(super) fn line(label: &str, value: &str) -> Value {
    minijinja::context! { label, value }
}

fn check_names(used: &HashSet<String>) -> Result<(), TemplateError> {
    let part = Part::Detail.name();
    for name in used {
        let variable = name.split('.').next().unwrap_or_default();
        if !values::COMMON.contains(&variable) && !engine::FUNCTIONS.contains(&variable) {
            return Err(TemplateError::UnknownVariable { part, variable: name.clone() });
        }
    }
    Ok(())
}
