//! Whose letters are leased next: the scopes take turns.

use invite_core::{
    Scope,
    store::{LeaseRequest, StoreError},
};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    dialect::Dialect,
    driver::Driver,
    name::Name,
    queue::due,
    row::{Columns, FromRow},
    statement::{Statement, Values},
    values::PRIORITIES,
};

/// How many letters one page has at most. PostgreSQL's statements have this number in them.
const PAGE: u32 = 256;

/// Before every scope, none of which has control characters. An empty text would be null in some modes of MariaDB.
const START: &str = "\u{1}";

/// A letter that is due.
pub(crate) struct Candidate {
    priority: u32,
    scope: String,
    letter: Uuid,
}

impl FromRow for Candidate {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self {
            priority: row.count(0, "priority")?,
            scope: row.text(1, "scope")?.into_owned(),
            letter: row.uuid(2, "id")?,
        })
    }
}

/// The letters to lease, in their order, and the scope of the last one of the first priority.
#[derive(Default)]
pub(crate) struct Chosen {
    pub(crate) letters: Vec<Uuid>,
    pub(crate) last: Option<Scope>,
}

/// Chooses letters that are due, and locks them where others could lease them meanwhile.
///
/// One statement shows the first page of each priority. More are asked for only where one scope fills a page, so that
/// it is not known yet who is behind it.
pub(crate) async fn choose<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    request: &LeaseRequest<'_>,
) -> Result<Chosen, StoreError> {
    let after = request.after.map_or(START, Scope::as_str);
    let mut first = candidates::<D>(conn, page(request, after).of_statement(D::Db::WALK)?).await?;
    let mut chosen = Chosen::default();
    for priority in PRIORITIES {
        let room = size(request.limit).saturating_sub(chosen.letters.len());
        if room == 0 {
            break;
        }
        let mut scopes = Scopes::default();
        for until in [None, Some(after)] {
            let is_here =
                |row: &mut Candidate| row.priority == priority && (row.scope.as_str() > after) == until.is_none();
            let mut rows: Vec<_> = first.extract_if(.., is_here).collect();
            loop {
                let is_full = rows.len() >= size(page_size(request));
                let from = scopes.see(rows, is_full);
                let Some(from) = from.filter(|from| is_full && scopes.0.len() < room && until != Some(from.as_str()))
                else {
                    break;
                };
                let values = page(request, &from).count(Name::Priority, priority);
                let statement = match until {
                    None => values.of_statement(D::Db::WALK_ON)?,
                    Some(until) => values.exact(Name::Until, until).of_statement(D::Db::WALK_ON_UNTIL)?,
                };
                rows = candidates::<D>(conn, statement).await?;
            }
        }
        let turns = scopes.in_turn(room);
        chosen.last = chosen.last.or(turns.last);
        chosen.letters.extend(turns.letters);
    }
    Ok(chosen)
}

/// The rows that read. Whoever edited one of the others by hand must not stop all mail.
async fn candidates<D: Driver>(
    conn: &mut D::Conn,
    statement: Statement<'_, D::Db>,
) -> Result<Vec<Candidate>, StoreError> {
    Ok(D::fetch(conn, statement).await?.into_iter().filter_map(Result::ok).collect())
}

/// A page of letters that are due, of the scopes behind this one.
fn page<'v, D: Dialect>(request: &LeaseRequest<'v>, after: &'v str) -> Values<'v, D> {
    due(request.kinds, request.now)
        .words(Name::Full, request.full.iter().copied())
        .exact(Name::After, after)
        .limit(Name::Limit, page_size(request))
}

fn page_size(request: &LeaseRequest<'_>) -> u32 {
    request.limit.min(PAGE)
}

fn size(count: u32) -> usize {
    count.try_into().unwrap_or(usize::MAX)
}

/// The due letters of each scope, in the order of the scopes' turns.
#[derive(Default)]
struct Scopes(Vec<(String, Vec<Uuid>)>);

impl Scopes {
    /// Adds a page, and returns the scope behind which the next page begins. A full page may end within a scope. That
    /// scope is taken out again, so that the next page shows it from its beginning, unless it fills this page alone.
    fn see(&mut self, rows: Vec<Candidate>, is_full: bool) -> Option<String> {
        let known = self.0.len();
        for Candidate { scope, letter, .. } in rows {
            match self.0.last_mut().filter(|(last, _)| *last == scope) {
                Some((_, letters)) => letters.push(letter),
                None => self.0.push((scope, vec![letter])),
            }
        }
        if is_full && self.0.len() > known + 1 {
            self.0.pop();
        }
        self.0.last().map(|(last, _)| last.clone())
    }

    /// One letter of each scope, then a second one of each, up to so many.
    fn in_turn(&self, most: usize) -> Chosen {
        let rounds = self.0.iter().map(|(_, letters)| letters.len()).max().unwrap_or_default();
        let round = |n: usize| self.0.iter().filter_map(move |(scope, letters)| Some((scope, *letters.get(n)?)));
        let turns: Vec<_> = (0..rounds).flat_map(round).take(most).collect();
        Chosen {
            letters: turns.iter().map(|(_, letter)| *letter).collect(),
            last: turns.last().map(|(scope, _)| Scope::new(scope)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, u128)]) -> Vec<Candidate> {
        let row = |(scope, id): &(&str, u128)| Candidate {
            priority: 0,
            scope: (*scope).into(),
            letter: Uuid::from_u128(*id),
        };
        rows.iter().map(row).collect()
    }

    fn chosen(scopes: &Scopes, most: usize) -> (Vec<u128>, Option<String>) {
        let Chosen { letters, last } = scopes.in_turn(most);
        (letters.iter().map(Uuid::as_u128).collect(), last.map(|scope| scope.as_str().to_owned()))
    }

    #[test]
    fn each_scope_has_one_turn_before_any_has_two() {
        let mut scopes = Scopes::default();
        scopes.see(rows(&[("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("c", 6)]), false);
        assert_eq!(chosen(&scopes, 9), (vec![1, 4, 5, 2, 6, 3], Some("a".into())));
        assert_eq!(chosen(&scopes, 5), (vec![1, 4, 5, 2, 6], Some("c".into())));
        assert_eq!(chosen(&scopes, 2), (vec![1, 4], Some("b".into())));
        assert_eq!(chosen(&scopes, 0), (vec![], None));
        assert_eq!(chosen(&Scopes::default(), 9), (vec![], None));
    }

    #[test]
    fn a_page_that_ends_within_a_scope_is_read_again_from_its_beginning() {
        let mut scopes = Scopes::default();
        assert_eq!(scopes.see(rows(&[("a", 1), ("a", 2), ("b", 3)]), true).as_deref(), Some("a"));
        assert_eq!(scopes.see(rows(&[("b", 3), ("b", 4), ("b", 5)]), true).as_deref(), Some("b"));
        assert_eq!(scopes.see(rows(&[]), false).as_deref(), Some("b"));
        assert_eq!(chosen(&scopes, 9), (vec![1, 3, 2, 4, 5], Some("b".into())));
    }
}
