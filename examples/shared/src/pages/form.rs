//! A form as it is shown again after a refusal: what was typed, and what is wrong with it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Problem;

#[derive(Debug, Default, Serialize)]
pub struct Form {
    values: BTreeMap<&'static str, String>,
    /// By field.
    errors: BTreeMap<&'static str, String>,
    /// What concerns no single field.
    problem: Option<String>,
    /// Where the problem is explained.
    link: Option<String>,
    /// Whether the person has been at it.
    touched: bool,
}

impl Form {
    pub fn value(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.insert(name, value.into());
        self
    }

    /// Says what is wrong, beside the field where the form has that field.
    pub fn refused(mut self, error: &Problem) -> Self {
        self.touched = true;
        let field = error.field.as_deref().and_then(|field| self.values.keys().copied().find(|name| *name == field));
        match field {
            Some(field) => {
                self.errors.insert(field, wording(field, &error.detail));
            }
            None => self.problem = Some(error.detail.to_string()),
        }
        self
    }

    pub fn problem(mut self, problem: impl Into<String>) -> Self {
        self.problem = Some(problem.into());
        self.touched = true;
        self
    }

    pub fn link(mut self, href: Option<String>) -> Self {
        self.link = href;
        self
    }
}

/// The API says "full_name is empty"; beside the field that is "This is empty."
fn wording(field: &str, detail: &str) -> String {
    match detail.strip_prefix(field).map(|rest| rest.trim_end_matches('.')) {
        Some(" is malformed") if field == "email" => "This is not an e-mail address that can be used.".into(),
        Some(rest) => format!("This{rest}."),
        None => detail.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_said_beside_its_field() {
        let form = Form::default().value("name", "").refused(&Problem::invalid("name", "name is empty"));
        assert_eq!(form.errors["name"], "This is empty.");
        assert_eq!(form.problem, None);
    }

    #[test]
    fn a_problem_of_no_field_is_said_above_the_form() {
        let form = Form::default().value("name", "x").refused(&Problem::already_member());
        assert!(form.errors.is_empty());
        assert_eq!(form.problem.as_deref(), Some("This person is a member already."));
    }
}
