//! From a template whose places have names to a statement whose places have numbers, at compile time.

use crate::name::Name;

/// A constant statement: its text as a driver sends it, and which value belongs into which place.
///
/// Every statement is written with named places such as `:kind`. The compiler turns them into the
/// database's own spelling and refuses a name that is not a [`Name`], so a place and its value cannot
/// drift apart.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    name: &'static str,
    text: &'static str,
    places: &'static [Name],
}

impl Sql {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, text: &'static [u8], places: &'static [Name]) -> Self {
        match str::from_utf8(text) {
            Ok(text) => Self { name, text, places },
            Err(_) => panic!("the template is text, and only ASCII is put into it"),
        }
    }

    /// The name of the statement, as the files in `statements/` spell it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text to prepare. It never changes at run time, so a driver can keep the prepared statement.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Which value each place takes, in the order of the places.
    #[must_use]
    pub const fn places(&self) -> &'static [Name] {
        self.places
    }
}

/// How a database spells a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// PostgreSQL: `$1`. A repeated name is one place.
    #[cfg(feature = "postgres")]
    Dollar,
    /// SQLite: `?1`. A repeated name is one place.
    #[cfg(feature = "sqlite")]
    NumberedQuestion,
    /// MySQL: `?`. A repeated name is a place each time.
    #[cfg(feature = "mysql")]
    Question,
}

impl Style {
    const fn mark(self) -> u8 {
        match self {
            #[cfg(feature = "postgres")]
            Self::Dollar => b'$',
            #[cfg(feature = "sqlite")]
            Self::NumberedQuestion => b'?',
            #[cfg(feature = "mysql")]
            Self::Question => b'?',
        }
    }

    const fn is_numbered(self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Dollar => true,
            #[cfg(feature = "sqlite")]
            Self::NumberedQuestion => true,
            #[cfg(feature = "mysql")]
            Self::Question => false,
        }
    }
}

/// More places than any statement has.
const MOST_PLACES: usize = 64;

/// A template that has been read: `N` bytes of text, `P` places.
pub(crate) struct Expanded<const N: usize, const P: usize> {
    pub(crate) text: [u8; N],
    pub(crate) places: [Name; P],
}

/// The lengths of the text and of the list of places that a template expands to.
pub(crate) const fn measure(template: &str, style: Style) -> (usize, usize) {
    let mut reader = Reader::new(template, style);
    while reader.step().is_some() {}
    (reader.length, reader.count)
}

/// Expands a template. The lengths must be those that `measure` gives.
pub(crate) const fn expand<const N: usize, const P: usize>(template: &str, style: Style) -> Expanded<N, P> {
    let mut text = [0; N];
    let mut reader = Reader::new(template, style);
    while let Some((from, chunk, length)) = reader.step() {
        let mut i = 0;
        while i < length {
            text[from + i] = chunk[i];
            i += 1;
        }
    }
    let mut places = [Name::Id; P];
    let mut i = 0;
    while i < P {
        places[i] = reader.places[i];
        i += 1;
    }
    Expanded { text, places }
}

/// Reads a template piece by piece: a byte of text, or a place.
struct Reader<'t> {
    template: &'t [u8],
    style: Style,
    at: usize,
    length: usize,
    places: [Name; MOST_PLACES],
    count: usize,
}

impl<'t> Reader<'t> {
    const fn new(template: &'t str, style: Style) -> Self {
        Self { template: template.as_bytes(), style, at: 0, length: 0, places: [Name::Id; MOST_PLACES], count: 0 }
    }

    /// The next piece: where it goes, its bytes, and how many of them count.
    const fn step(&mut self) -> Option<(usize, [u8; 4], usize)> {
        if self.at == self.template.len() {
            return None;
        }
        let from = self.length;
        let byte = self.template[self.at];
        if byte != b':' || !self.starts_name() {
            // `::` is a cast. Both colons are text.
            let is_cast = byte == b':' && self.at + 1 < self.template.len() && self.template[self.at + 1] == b':';
            let length = if is_cast { 2 } else { 1 };
            self.at += length;
            self.length += length;
            return Some((from, [byte, byte, 0, 0], length));
        }
        let start = self.at + 1;
        let mut end = start;
        while end < self.template.len() && is_part_of_name(self.template[end]) {
            end += 1;
        }
        let Some(name) = Name::read(self.template, start, end) else { panic!("a place has a name that is none") };
        let number = self.place(name);
        self.at = end;
        let (chunk, length) = self.spell(number);
        self.length += length;
        Some((from, chunk, length))
    }

    const fn starts_name(&self) -> bool {
        self.at + 1 < self.template.len() && self.template[self.at + 1].is_ascii_lowercase()
    }

    /// The number of the place that takes this value, counted from 1.
    const fn place(&mut self, name: Name) -> usize {
        let mut i = 0;
        while self.style.is_numbered() && i < self.count {
            if self.places[i] as usize == name as usize {
                return i + 1;
            }
            i += 1;
        }
        self.places[self.count] = name;
        self.count += 1;
        self.count
    }

    const fn spell(&self, number: usize) -> ([u8; 4], usize) {
        let mark = self.style.mark();
        if !self.style.is_numbered() {
            ([mark, 0, 0, 0], 1)
        } else if number < 10 {
            ([mark, b'0' + number as u8, 0, 0], 2)
        } else {
            ([mark, b'0' + (number / 10) as u8, b'0' + (number % 10) as u8, 0], 3)
        }
    }
}

const fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// Defines the statements of a database as constants, and `ALL` of them.
macro_rules! statements {
    ($style:expr; $($(#[doc = $doc:literal])* $name:ident = $template:expr;)*) => {
        $(
            #[doc = concat!("The statement `", stringify!($name), "`.")]
            #[doc = ""]
            $(#[doc = $doc])*
            pub const $name: $crate::Sql = {
                const TEMPLATE: &str = $template;
                const LENGTHS: (usize, usize) = $crate::template::measure(TEMPLATE, $style);
                const EXPANDED: $crate::template::Expanded<{ LENGTHS.0 }, { LENGTHS.1 }> =
                    $crate::template::expand(TEMPLATE, $style);
                $crate::Sql::new(stringify!($name), &EXPANDED.text, &EXPANDED.places)
            };
        )*

        /// Every statement.
        pub const ALL: &[$crate::Sql] = &[$($name),*];
    };
}

pub(crate) use statements;

#[cfg(all(test, feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod tests {
    use super::*;

    const TEMPLATE: &str = "SELECT :kind::text, 'a' WHERE scope = :scope AND kind = :kind";

    fn expanded<const N: usize, const P: usize>(style: Style) -> (String, Vec<Name>) {
        let expanded = expand::<N, P>(TEMPLATE, style);
        (String::from_utf8(expanded.text.to_vec()).unwrap(), expanded.places.to_vec())
    }

    #[test]
    fn a_repeated_name_is_one_numbered_place() {
        const LENGTHS: (usize, usize) = measure(TEMPLATE, Style::Dollar);
        let (text, places) = expanded::<{ LENGTHS.0 }, { LENGTHS.1 }>(Style::Dollar);
        assert_eq!(text, "SELECT $1::text, 'a' WHERE scope = $2 AND kind = $1");
        assert_eq!(places, [Name::Kind, Name::Scope]);
        let (text, _) = expanded::<{ LENGTHS.0 }, { LENGTHS.1 }>(Style::NumberedQuestion);
        assert_eq!(text, "SELECT ?1::text, 'a' WHERE scope = ?2 AND kind = ?1");
    }

    #[test]
    fn a_repeated_name_is_two_places_that_are_not_numbered() {
        const LENGTHS: (usize, usize) = measure(TEMPLATE, Style::Question);
        let (text, places) = expanded::<{ LENGTHS.0 }, { LENGTHS.1 }>(Style::Question);
        assert_eq!(text, "SELECT ?::text, 'a' WHERE scope = ? AND kind = ?");
        assert_eq!(places, [Name::Kind, Name::Scope, Name::Kind]);
    }
}
