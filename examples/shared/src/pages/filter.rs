//! Which invitations the list shows, as its address says it.

use chrono::TimeDelta;
use invite_core::{InvitationQuery, Sort, Status};
use serde::Serialize;
use url::form_urlencoded;

use super::view::SOON_HOURS;
use crate::Problem;

const PAGE: u32 = 20;
/// Not a status, but filtered by like one.
const SOON: &str = "expiring_soon";

/// What the list shows: the query string, understood. What is not understood is left out.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Filter {
    pub status: String,
    q: String,
    sort: String,
    #[serde(skip)]
    pub cursor: String,
    active: bool,
}

impl Filter {
    pub fn read(query: &str) -> Self {
        let mut filter = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "status" if value == SOON || Status::from_word(&value).is_some() => filter.status = value.into(),
                "q" => filter.q = value.trim().into(),
                "sort" => filter.sort = value.into(),
                "cursor" => filter.cursor = value.into(),
                _ => {}
            }
        }
        filter.active = !filter.status.is_empty() || !filter.q.is_empty();
        filter
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
        if !self.cursor.is_empty() {
            query = query.after(self.cursor.parse()?);
        }
        Ok(query)
    }

    pub fn href(&self, org: i64, status: &str, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let pairs = [("status", status), ("q", &*self.q), ("sort", &*self.sort), ("cursor", cursor)];
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        format!("/organizations/{org}/invitations?{}", query.finish())
    }

    pub fn chips(&self, org: i64) -> Vec<Chip> {
        let labels = [
            ("", "All"),
            (Status::Pending.as_str(), "Pending"),
            (Status::Accepted.as_str(), "Accepted"),
            (Status::Rejected.as_str(), "Declined"),
            (Status::Cancelled.as_str(), "Cancelled"),
            (Status::Expired.as_str(), "Expired"),
            (Status::DeliveryFailed.as_str(), "Delivery failed"),
            (SOON, "Expiring soon"),
        ];
        let chip = |(status, label)| Chip { href: self.href(org, status, ""), label, current: self.status == status };
        labels.map(chip).into()
    }
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
        let filter = Filter::read("status=nonsense&q=%20ada%20&page=7&sort=email");
        assert_eq!((&*filter.status, &*filter.q, &*filter.sort), ("", "ada", "email"));
    }

    #[test]
    fn a_status_keeps_the_search_and_the_order_but_begins_at_the_first_page() {
        let filter = Filter::read("q=a%26b&sort=email&cursor=abc");
        let chips = filter.chips(7);
        assert_eq!(chips[1].href, "/organizations/7/invitations?status=pending&q=a%26b&sort=email");
        assert!(chips[0].current && !chips[1].current);
    }
}
