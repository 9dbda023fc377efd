//! The words of all letters in one language, and the one layout they are set in.

mod date;
mod layout;
mod sentence;
mod span;
mod tag;
mod words;

use std::{collections::HashMap, fmt, sync::LazyLock};

use chrono::{DateTime, FixedOffset};
use invite_core::store::Purpose;

pub(crate) use self::tag::{Tag, canonical, fallbacks};
use self::{date::Dates, layout::Slots, words::Words};
use crate::template::{TemplateError, Templates};

/// One language: the words of all letters, and how it writes a date.
///
/// The crate speaks those of [`Language::BUILT_IN`]. Another one is a file of words, which is set
/// in the same layout and given to [`Design::language`](crate::Design::language). It is checked
/// whole when it is read, so that a letter in it lacks nothing:
///
/// ```text
/// # A comment. Text before the first heading serves every letter.
/// direction = ltr
/// months = januari, februari, maart, april, mei, juni, juli, augustus, september, oktober, november, december
/// weekdays = maandag, dinsdag, woensdag, donderdag, vrijdag, zaterdag, zondag
/// date = {weekday} {day} {month} {year} om {time} uur ({zone})
/// deadline = {weekday} {day} {month} {year} om {time} uur ({zone}), {in}
/// days.one = over {n} dag
/// days.other = over {n} dagen
///
/// wrote = {inviter} schrijft:
/// wrote = Een persoonlijk bericht:
///
/// [invitation]
/// subject = {inviter} nodigt u uit voor {organization}
/// subject = U hebt een uitnodiging ontvangen
/// ```
///
/// Of several lines of one name the first counts whose names in braces are all known; the last
/// can do without `organization` and `inviter`. `templates/words/en.words` in the crate is a file
/// to start from.
///
/// | name | is | in the letters |
/// |---|---|---|
/// | `subject`, `preview`, `title`, `lead`, `note`, `foot` | subject; what an inbox shows beside it; heading; first sentence; what follows the button; small print | all |
/// | `wrote`, `button`, `open`, `copy` | above the inviter's message; on the button; above the link in text, and in HTML | `invitation`, `reminder` |
/// | `preview.accept`, `open.accept`, `note.accept` | the same where the policy lets nobody decline | `invitation`, `reminder` |
/// | `reason` | above the reason given | `rejected`, `delivery_failed` |
/// | `manage` | on the button to a page of yours ([`LinkBuilder::inviter_page`]) | letters to inviters |
///
/// | in braces | in the letters |
/// |---|---|
/// | `{organization}`, `{inviter}`, `{recipient}` | all |
/// | `{expires_at}` | all but `accepted` and `rejected` |
/// | `{answered_at}` | `accepted`, `rejected` |
/// | `{weekday}`, `{day}`, `{month}`, `{year}`, `{time}`, `{zone}` | `date`, which needs all of them; a day may be written otherwise when it is the `first` |
/// | the same and `{in}` | `deadline`: a date that is still ahead, and how far |
/// | `{n}` | `days.other`, `hours.other`, `minutes.other`, which `{in}` stands for, and their other plural forms |
/// | `{label}`, `{value}` | `detail`: a line of [`Details`](crate::Details) in text. `{label}: {value}` if there is none |
///
/// A language has the plural forms that [CLDR] gives it: `days.one`, `.two`, `.few` and `.many` beside
/// `days.other`, which also stands in for those that the file leaves out.
///
/// [`LinkBuilder::inviter_page`]: crate::LinkBuilder::inviter_page
/// [CLDR]: https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html
#[derive(Clone)]
pub struct Language {
    tag: String,
    dates: Dates,
    letters: HashMap<Purpose, Templates>,
}

impl Language {
    /// The languages that come with the crate.
    pub const BUILT_IN: [&str; 7] = ["en", "ar", "de", "es", "fr", "ja", "pt"];

    /// A language of your own, by its BCP 47 tag and the text of a file of words.
    ///
    /// # Errors
    /// [`LanguageError`] says what the file lacks, or has too much.
    pub fn new(tag: &str, words: &str) -> Result<Self, LanguageError> {
        let tag = Tag::new(tag)?;
        let mut words = Words::read(words)?;
        let dates = Dates::new(&tag.canonical, &mut words)?;
        let direction = words.one("", "direction")?;
        let is_rtl = match direction.text.as_str() {
            "ltr" => false,
            "rtl" => true,
            _ => return Err(LanguageError::Malformed { line: direction.line }),
        };
        let detail = words.pattern("detail", &["label", "value"])?.unwrap_or_else(|| "{label}: {value}".into());
        let mut letters = HashMap::new();
        for purpose in Purpose::ALL {
            let slots = Slots { tag: &tag.shown, is_rtl, purpose, detail: &detail };
            letters.insert(purpose, slots.templates(|name| words.alternatives(purpose, name))?);
        }
        words.all_used()?;
        Ok(Self { tag: tag.canonical, dates, letters })
    }

    /// One of the languages that come with the crate; `de-AT` finds `de`.
    #[must_use]
    pub fn built_in(tag: &str) -> Option<&'static Self> {
        fallbacks(&canonical(tag)).find_map(|tag| {
            let at = Self::BUILT_IN.iter().position(|known| *known == tag)?;
            Some(&*SPOKEN[at])
        })
    }

    /// The letters of this purpose in this language, to be changed in part.
    ///
    /// ```
    /// use invite_core::store::Purpose;
    /// use invite_mail::Language;
    ///
    /// let german = Language::built_in("de").ok_or("German is spoken")?;
    /// let templates = german.templates(Purpose::Invitation).subject("Willkommen bei {{ organization }}")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn templates(&self, purpose: Purpose) -> Templates {
        self.letter(purpose).clone()
    }

    pub(crate) fn letter(&self, purpose: Purpose) -> &Templates {
        &self.letters[&purpose]
    }

    /// In lower case.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// A moment; with `now` it also says how far ahead it is.
    pub(crate) fn date(&self, time: DateTime<FixedOffset>, now: Option<DateTime<FixedOffset>>) -> String {
        self.dates.show(time, now)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Language").field("tag", &self.tag).finish_non_exhaustive()
    }
}

/// In the order of [`Language::BUILT_IN`].
static SPOKEN: [LazyLock<Language>; Language::BUILT_IN.len()] = [
    LazyLock::new(|| ours("en", include_str!("../templates/words/en.words"))),
    LazyLock::new(|| ours("ar", include_str!("../templates/words/ar.words"))),
    LazyLock::new(|| ours("de", include_str!("../templates/words/de.words"))),
    LazyLock::new(|| ours("es", include_str!("../templates/words/es.words"))),
    LazyLock::new(|| ours("fr", include_str!("../templates/words/fr.words"))),
    LazyLock::new(|| ours("ja", include_str!("../templates/words/ja.words"))),
    LazyLock::new(|| ours("pt", include_str!("../templates/words/pt.words"))),
];

fn ours(tag: &str, words: &str) -> Language {
    Language::new(tag, words).expect("the words that come with the crate are complete")
}

/// What the crate falls back to.
pub(crate) fn english() -> &'static Language {
    &SPOKEN[0]
}

/// What is wrong with a language of the host's. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LanguageError {
    /// The tag is none of BCP 47.
    #[error("the language tag is malformed")]
    Tag,
    /// Nobody has words for this default language.
    #[error("there are no words for the default language")]
    Unspoken,
    /// The line is neither a comment, nor a heading, nor a name with words, or a value cannot be.
    #[error("the words are malformed at line {line}")]
    Malformed {
        /// Where.
        line: usize,
    },
    /// No letter asks for these words.
    #[error("the words at line {line} belong to no letter")]
    Unknown {
        /// Where.
        line: usize,
    },
    /// What stands in the braces is not known there.
    #[error("the words at line {line} name what they cannot know")]
    Placeholder {
        /// Where.
        line: usize,
    },
    /// Words are missing, or all of them need names that a letter may lack.
    #[error("the words `{name}` are missing{}", if letter.is_empty() { String::new() } else { format!(" in the letter `{letter}`") })]
    Missing {
        /// Which letter; empty for what serves all.
        letter: &'static str,
        /// Which words.
        name: &'static str,
    },
    /// The layout cannot hold the words.
    #[error("the words do not fit into the layout")]
    Layout(#[from] TemplateError),
}
