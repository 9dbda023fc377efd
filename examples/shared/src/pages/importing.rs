//! Inviting a whole list: what the forms send, what a plan says, and how far it is.

use serde::{Deserialize, Serialize};

use super::{
    form::Form,
    sheet::{self, Line},
};
use crate::{
    Problem, Role,
    bulk::{Invites, RowViews},
    check_line,
};

/// How many people are invited by one request. A browser asks for the next when it has the answer.
const AT_ONCE: usize = 200;
/// As many as one call takes.
const PLANNED_AT_ONCE: usize = 1_000;
/// The library's own limit for the name of an import.
const LONGEST_NAME: usize = 64;
/// How many rows, or problems, a page shows.
const SHOWN: usize = 200;

/// The list goes from page to page with the form, so that the program keeps nothing of it, and a restart loses nothing.
#[derive(Deserialize)]
pub struct SentList {
    #[serde(default)]
    pub list: String,
    #[serde(default)]
    pub import: String,
    pub role: String,
    #[serde(default)]
    pub message: String,
    /// How many lines are dealt with.
    #[serde(default)]
    from: usize,
    /// What became of them.
    #[serde(default)]
    invited: usize,
    #[serde(default)]
    before: usize,
    #[serde(default)]
    left: usize,
    /// Those that were left: a line each.
    #[serde(default)]
    problems: String,
    /// The form is wanted back, to change the list.
    #[serde(default)]
    pub edit: String,
}

/// A part of the list as it is given to the library.
pub struct Part<'a> {
    lines: &'a [Line],
    /// What the library is not asked about.
    refused: Vec<(usize, String)>,
    /// Of each row its line.
    places: Vec<usize>,
    pub invites: Invites,
}

impl SentList {
    /// The form again.
    pub fn form(&self) -> Form {
        Form::default()
            .value("list", self.list.as_str())
            .value("import", self.import.as_str())
            .value("role", self.role.as_str())
            .value("message", self.message.as_str())
    }

    /// # Errors
    /// Nobody is in it, too many are, or its name is none.
    pub fn lines(&self) -> Result<Vec<Line>, Problem> {
        check_line("import", self.import.trim())?;
        if self.import.trim().chars().count() > LONGEST_NAME {
            return Err(Problem::invalid("import", format!("import has more than {LONGEST_NAME} characters")));
        }
        sheet::read(&self.list)
    }

    /// All of the list, in parts that one call can plan.
    pub fn parts<'a>(&self, lines: &'a [Line]) -> Result<Vec<Part<'a>>, Problem> {
        lines.chunks(PLANNED_AT_ONCE).map(|lines| self.part(lines, true)).collect()
    }

    /// The next part to invite.
    pub fn next<'a>(&self, lines: &'a [Line]) -> Result<Part<'a>, Problem> {
        let rest = lines.get(self.from..).unwrap_or_default();
        self.part(&rest[..rest.len().min(AT_ONCE)], false)
    }

    fn part<'a>(&self, lines: &'a [Line], dry_run: bool) -> Result<Part<'a>, Problem> {
        let role = Role::try_from(self.role.clone()).map_err(|_| Problem::invalid("role", "role is none"))?;
        let (mut rows, mut places, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (place, line) in lines.iter().enumerate() {
            match (line.repeats, line.row(role, &self.message, self.import.trim())) {
                (Some(above), _) => refused.push((place, format!("The same address as in line {above}."))),
                (None, Err(problem)) => refused.push((place, problem.detail.into())),
                (None, Ok(row)) => {
                    places.push(place);
                    rows.push(row);
                }
            }
        }
        let invites = Invites { rows, import: Some(self.import.trim().into()), dry_run };
        Ok(Part { lines, refused, places, invites })
    }

    /// What the steps so far have done, this one included.
    pub fn progress(&self, total: usize, part: &Part<'_>, views: &RowViews) -> Progress {
        let outcome = part.outcome(views);
        let mut problems = self.problems.clone();
        for row in outcome.rows.iter().filter(|row| row.kind == "bad") {
            if problems.lines().count() < SHOWN {
                let email = row.email.replace(char::is_control, " ");
                problems = format!("{problems}{}\t{email}\t{}\n", row.line, row.what);
            }
        }
        let done = self.from.min(total) + part.lines.len();
        Progress {
            done,
            total,
            percent: 100 * done / total.max(1),
            more: done < total,
            invited: self.invited.saturating_add(outcome.invited),
            before: self.before.saturating_add(outcome.before),
            left: self.left.saturating_add(outcome.left),
            shown: problems.lines().map(|line| line.split('\t').map(Into::into).collect()).collect(),
            problems,
        }
    }
}

/// How far the list is.
#[derive(Debug, Serialize)]
pub struct Progress {
    done: usize,
    total: usize,
    percent: usize,
    pub more: bool,
    invited: usize,
    before: usize,
    left: usize,
    problems: String,
    shown: Vec<Vec<String>>,
}

/// What becomes of some lines.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    pub invited: usize,
    /// Whom this list has invited already.
    before: usize,
    left: usize,
    rows: Vec<Told>,
    /// How many rows are not shown.
    hidden: usize,
}

#[derive(Debug, Serialize)]
struct Told {
    line: usize,
    email: String,
    name: Option<String>,
    role: String,
    kind: &'static str,
    what: String,
}

impl Outcome {
    /// All parts together. Lines with a problem are shown first.
    pub fn of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.invited += part.invited;
            all.before += part.before;
            all.left += part.left;
            all.rows.extend(part.rows);
        }
        all.rows.sort_by_key(|row| (row.kind == "new", row.line));
        all.hidden = all.rows.len().saturating_sub(SHOWN);
        all.rows.truncate(SHOWN);
        all
    }
}

impl Part<'_> {
    /// The answers of the library and one's own, for people.
    pub fn outcome(&self, views: &RowViews) -> Outcome {
        let mut outcome = Outcome::default();
        for (place, why) in &self.refused {
            outcome.left += 1;
            outcome.rows.push(self.told(*place, "bad", why.clone()));
        }
        for (view, place) in views.items.iter().zip(&self.places) {
            let repeated =
                view.repeats.and_then(|row| self.places.get(row)).map_or(0, |place| self.lines[*place].number);
            let (kind, what) = match view.verdict {
                "created" => ("new", "Will be invited.".into()),
                "existing" => ("old", "Was invited by this list before.".into()),
                "already_pending" => ("bad", "Has an open invitation already.".into()),
                "repeats" => ("bad", format!("The same address as in line {repeated}.")),
                _ => ("bad", view.error.as_ref().map(|error| sentence(error.code, &error.detail)).unwrap_or_default()),
            };
            match kind {
                "new" => outcome.invited += 1,
                "old" => outcome.before += 1,
                _ => outcome.left += 1,
            }
            outcome.rows.push(self.told(*place, kind, what));
        }
        outcome.rows.sort_by_key(|row| row.line);
        outcome
    }

    fn told(&self, place: usize, kind: &'static str, what: String) -> Told {
        let Line { number, email, name, role, .. } = &self.lines[place];
        Told { line: *number, email: email.clone(), name: name.clone(), role: role.clone(), kind, what }
    }
}

/// The API says "email is malformed".
fn sentence(code: &str, detail: &str) -> String {
    match (code, detail.strip_prefix("email is malformed")) {
        ("invalid", Some(_)) => "Not an e-mail address that can be used.".into(),
        ("invalid", None) => format!("Not valid: {}.", detail.trim_end_matches('.')),
        ("key_reused", _) => "Was invited by this list before, with another role or name.".into(),
        _ => detail.into(),
    }
}
