//! Which invitations the list shows, as its address says it.

use chrono::TimeDelta;
use invite_core::{DeliveryState, InvitationQuery, Sort, Status};
use serde::Serialize;
use url::form_urlencoded;

use super::{
    stats::{letter_word, status_word},
    view::{Choice, SOON_HOURS},
};
use crate::{Problem, Role, selection::AT_ONCE};

const PAGE: u32 = 20;
/// Not a status, but filtered by like one.
const SOON: &str = "expiring_soon";

/// What the list shows: the query string, understood. What is not understood is left out.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Filter {
    pub status: String,
    q: String,
    role: String,
    delivery: String,
    import: String,
    sort: String,
    #[serde(skip)]
    pub cursor: String,
    /// Whether it leaves anything out.
    active: bool,
    /// Whether it does by one of the filters that few people need.
    special: bool,
}

impl Filter {
    pub fn read(query: &str) -> Self {
        let mut filter = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "status" if value == SOON || Status::from_word(&value).is_some() => filter.status = value.into(),
                "q" => filter.q = value.trim().into(),
                "role" if Role::try_from(value.clone().into_owned()).is_ok() => filter.role = value.into(),
                "delivery" if DeliveryState::from_word(&value).is_some() => filter.delivery = value.into(),
                "import" => filter.import = value.trim().into(),
                "sort" => filter.sort = value.into(),
                "cursor" => filter.cursor = value.into(),
                _ => {}
            }
        }
        filter.special = [&filter.role, &filter.delivery, &filter.import].iter().any(|text| !text.is_empty());
        filter.active = filter.special || !filter.status.is_empty() || !filter.q.is_empty();
        filter
    }

    /// The invitations of one import.
    pub fn of_import(import: &str) -> Self {
        Self { import: import.into(), special: true, active: true, ..Self::default() }
    }

    pub fn query(&self) -> Result<InvitationQuery, Problem> {
        let sort = match self.sort.as_str() {
            "created_at" => Sort::OldestFirst,
            "expires_at" => Sort::ExpiresFirst,
            "email" => Sort::Address,
            _ => Sort::NewestFirst,
        };
        let mut query = InvitationQuery::new().limit(PAGE).sort(sort);
        if let Some(status) = Status::from_word(&self.status) {
            query = query.status(status);
        } else if self.status == SOON {
            query = query.expiring_within(TimeDelta::hours(SOON_HOURS));
        }
        if !self.q.is_empty() {
            query = query.search(&self.q);
        }
        if !self.role.is_empty() {
            query = query.facet(&self.role);
        }
        if let Some(state) = DeliveryState::from_word(&self.delivery) {
            query = query.delivery(state);
        }
        if !self.import.is_empty() {
            query = query.import(&self.import);
        }
        if !self.cursor.is_empty() {
            query = query.after(self.cursor.parse()?);
        }
        Ok(query)
    }

    /// All that it shows, on whichever page, from this cursor on: in an order that nothing done to them changes.
    pub fn whole(&self, cursor: &str) -> Result<InvitationQuery, Problem> {
        let from_here = Self { cursor: cursor.into(), ..self.clone() };
        Ok(from_here.query()?.sort(Sort::NewestFirst).limit(AT_ONCE))
    }

    /// The query string with another status, from this cursor on.
    fn query_string(&self, status: &str, cursor: &str) -> String {
        let Self { q, role, delivery, import, sort, .. } = self;
        let pairs = [
            ("status", status),
            ("q", q),
            ("role", role),
            ("delivery", delivery),
            ("import", import),
            ("sort", sort),
            ("cursor", cursor),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    pub fn href(&self, org: i64, status: &str, cursor: &str) -> String {
        format!("/organizations/{org}/invitations?{}", self.query_string(status, cursor))
    }

    /// As a field of a form that is about all that it shows, on whichever page.
    pub fn as_field(&self) -> String {
        self.query_string(&self.status, "")
    }

    pub fn chips(&self, org: i64) -> Vec<Chip> {
        let statuses = Status::ALL.iter().map(|status| (status.as_str(), status_word(*status)));
        let labels = [("", "All")].into_iter().chain(statuses).chain([(SOON, "Expiring soon")]);
        let chip = |(status, label)| Chip { href: self.href(org, status, ""), label, current: self.status == status };
        labels.map(chip).collect()
    }
}

/// The states of a letter to choose from.
pub fn letters() -> Vec<Choice> {
    let states = DeliveryState::ALL.iter().map(|state| Choice::new(state.as_str(), letter_word(*state)));
    [Choice::new("", "Any")].into_iter().chain(states).collect()
}

#[derive(Debug, Serialize)]
pub struct Chip {
    href: String,
    label: &'static str,
    current: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_left_out() {
        let filter = Filter::read("status=nonsense&q=%20ada%20&page=7&sort=email&role=emperor&delivery=lost");
        assert_eq!(filter.as_field(), "q=ada&sort=email");
    }

    #[test]
    fn a_status_keeps_the_search_and_the_order_but_begins_at_the_first_page() {
        let filter = Filter::read("q=a%26b&sort=email&cursor=abc&role=admin&delivery=sent&import=staff");
        let chips = filter.chips(7);
        assert_eq!(
            chips[1].href,
            "/organizations/7/invitations?status=pending&q=a%26b&role=admin&delivery=sent&import=staff&sort=email"
        );
        assert!(chips[0].current && !chips[1].current);
    }
}
