//! The templates, the stylesheet and the script, compiled into the program.

use std::{error::Error, sync::LazyLock};

use minijinja::{Environment, UndefinedBehavior, value::Serde};
use serde_json::{Value, json};

use crate::Problem;

macro_rules! asset {
    ($path:literal) => {
        include_str!(concat!("../../../assets/", $path))
    };
}

const TEMPLATES: [(&str, &str); 20] = [
    ("layout.html", asset!("templates/layout.html")),
    ("parts.html", asset!("templates/parts.html")),
    ("home.html", asset!("templates/home.html")),
    ("login.html", asset!("templates/login.html")),
    ("signup.html", asset!("templates/signup.html")),
    ("members.html", asset!("templates/members.html")),
    ("invitations.html", asset!("templates/invitations.html")),
    ("invitation.html", asset!("templates/invitation.html")),
    ("link.html", asset!("templates/link.html")),
    ("done.html", asset!("templates/done.html")),
    ("many.html", asset!("templates/many.html")),
    ("plan.html", asset!("templates/plan.html")),
    ("import.html", asset!("templates/import.html")),
    ("explain.html", asset!("templates/explain.html")),
    ("statistics.html", asset!("templates/statistics.html")),
    ("confirm.html", asset!("templates/confirm.html")),
    ("landing.html", asset!("templates/landing.html")),
    ("me.html", asset!("templates/me.html")),
    ("mailbox.html", asset!("templates/mailbox.html")),
    ("error.html", asset!("templates/error.html")),
];

/// What the pages are made with: its type, and itself.
pub fn asset(file: &str) -> Option<(&'static str, &'static str)> {
    match file {
        "style.css" => Some(("text/css; charset=utf-8", asset!("style.css"))),
        "page.js" => Some(("text/javascript; charset=utf-8", asset!("page.js"))),
        "icon.svg" => Some(("image/svg+xml", asset!("icon.svg"))),
        _ => None,
    }
}

/// Not for long: a newer program may bring newer ones under the same names.
pub const ASSET_CACHING: &str = "public, max-age=300";

pub fn render(template: &'static str, context: Value) -> Result<String, Problem> {
    static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(environment);
    let html = TEMPLATES.get_template(template).and_then(|template| template.render(Serde(context)));
    html.map_err(Problem::internal)
}

/// A refusal, for people.
pub fn render_problem(problem: &Problem) -> Result<String, Problem> {
    let title = match problem.status {
        404 => "Not found",
        403 => "You may not do this",
        429 => "Not so fast",
        503 => "Busy at the moment",
        500.. => "Something went wrong",
        _ => "This did not work",
    };
    let shown = json!({ "title": title, "text": problem.detail, "status": problem.status });
    render("error.html", json!({ "bare": true, "error": shown }))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // Templates leave out what is not given: a field without an error has none.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    for (name, source) in TEMPLATES {
        if let Err(error) = environment.add_template(name, source) {
            tracing::error!(error = &error as &dyn Error, "a template does not parse");
        }
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_parses() {
        let environment = environment();
        for (name, _) in TEMPLATES {
            environment.get_template(name).unwrap();
        }
    }

    #[test]
    fn what_people_write_is_escaped() {
        let error = json!({ "title": "<svg onload=alert(1)>", "text": "\"><script>" });
        let html = render("error.html", json!({ "error": error })).unwrap();
        assert!(!html.contains("<svg") && !html.contains("\"><script>"), "{html}");
    }
}
