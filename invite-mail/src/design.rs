//! How letters look and what they say: branding, languages, templates.

use std::{collections::HashMap, fmt, sync::Arc};

use invite_core::store::Purpose;

use crate::{
    branding::Branding,
    language::{Language, LanguageError, Tag, canonical, english, fallbacks},
    template::{Details, Templates},
};

/// How letters look and what they say: a branding, templates, and languages.
///
/// [`Design::default`] is plain, speaks the languages of [`Language::BUILT_IN`] and otherwise
/// English. A [`Composer`](crate::Composer) has one design for all letters, and can be told to
/// choose another by the letter: by kind, or by organization. Cloning one is cheap.
///
/// A letter's language is its invitation's locale; that of a letter to the inviter is the string
/// `inviter_locale` of `display`, when there is one. For `de-AT` this is looked for: templates for
/// `de-AT`, for `de`, for every language; then the language `de-AT`, then `de`, then the default.
/// `display` may also say where the reader's clock stands, as `"utc_offset": "+02:00"`; times are
/// in UTC otherwise, and say which.
///
/// ```
/// use invite_core::store::Purpose;
/// use invite_mail::{Branding, Design, Language, Templates};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let german = Language::built_in("de").ok_or("German is spoken")?;
/// let design = Design::default()
///     .branding(Branding::default().name("Analytical Engines")?.color("#0a7d4f")?)
///     .default_language("de")?
///     .templates(Templates::of(Purpose::Reminder).subject("{{ inviter }} is still waiting")?)
///     .templates_in("de", german.templates(Purpose::Reminder).subject("{{ inviter }} wartet noch")?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Design {
    parts: Arc<Parts>,
}

#[derive(Clone, Default)]
struct Parts {
    branding: Branding,
    languages: HashMap<String, Language>,
    default: Option<Language>,
    templates: HashMap<Purpose, Own>,
    details: Option<Details>,
    details_in: HashMap<String, Details>,
}

/// A host's own templates of one letter.
#[derive(Clone, Default)]
struct Own {
    every: Option<Templates>,
    by_language: HashMap<String, Templates>,
}

impl Design {
    /// Name, logo, colour, and the sender's name.
    #[must_use]
    pub fn branding(mut self, branding: Branding) -> Self {
        self.parts_mut().branding = branding;
        self
    }

    /// Another language, or other words for one that is built in.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.parts_mut().languages.insert(language.tag().to_owned(), language);
        self
    }

    /// What letters without a locale, or with one that nobody speaks, are written in.
    ///
    /// # Errors
    /// [`LanguageError::Unspoken`] when the language is neither built in nor was added before.
    pub fn default_language(mut self, tag: &str) -> Result<Self, LanguageError> {
        let language = self.spoken(&canonical(tag)).cloned().ok_or(LanguageError::Unspoken)?;
        self.parts_mut().default = Some(language);
        Ok(self)
    }

    /// Your own templates for the letter of their purpose, in every language that has none of its
    /// own. Dates in it follow the letter's language.
    #[must_use]
    pub fn templates(mut self, templates: Templates) -> Self {
        let own = self.own(templates.purpose());
        own.every = Some(templates);
        self
    }

    /// Your own templates for the letter of their purpose in one language.
    ///
    /// # Errors
    /// [`LanguageError::Tag`].
    pub fn templates_in(mut self, tag: &str, templates: Templates) -> Result<Self, LanguageError> {
        let tag = Tag::new(tag)?.canonical;
        let own = self.own(templates.purpose());
        own.by_language.insert(tag, templates);
        Ok(self)
    }

    /// Lines for all letters, in every language that has none of its own.
    #[must_use]
    pub fn details(mut self, details: Details) -> Self {
        self.parts_mut().details = Some(details);
        self
    }

    /// Lines for all letters in one language, instead of those for every language.
    ///
    /// # Errors
    /// [`LanguageError::Tag`].
    pub fn details_in(mut self, tag: &str, details: Details) -> Result<Self, LanguageError> {
        let tag = Tag::new(tag)?.canonical;
        self.parts_mut().details_in.insert(tag, details);
        Ok(self)
    }

    fn parts_mut(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.parts)
    }

    fn own(&mut self, purpose: Purpose) -> &mut Own {
        self.parts_mut().templates.entry(purpose).or_default()
    }

    pub(crate) fn look(&self) -> &Branding {
        &self.parts.branding
    }

    /// The templates of a letter, and the language its dates are written in.
    pub(crate) fn words(&self, purpose: Purpose, locale: Option<&str>) -> (&Templates, &Language) {
        let locale = locale.map(canonical);
        let spoken = locale.as_deref().and_then(|locale| self.spoken(locale));
        let language = spoken.or(self.parts.default.as_ref()).unwrap_or_else(|| english());
        let own = self.parts.templates.get(&purpose).and_then(|own| {
            let asked = locale.as_deref().into_iter().flat_map(fallbacks);
            let by_language = asked.chain(fallbacks(language.tag())).find_map(|tag| own.by_language.get(tag));
            by_language.or(own.every.as_ref())
        });
        (own.unwrap_or_else(|| language.letter(purpose)), language)
    }

    /// The details of a letter in this language, which the reader asked for as `locale`.
    pub(crate) fn details_for(&self, language: &Language, locale: Option<&str>) -> Option<&Details> {
        let locale = locale.map(canonical);
        let asked = locale.as_deref().into_iter().flat_map(fallbacks).chain(fallbacks(language.tag()));
        asked.into_iter().find_map(|tag| self.parts.details_in.get(tag)).or(self.parts.details.as_ref())
    }

    fn spoken(&self, locale: &str) -> Option<&Language> {
        fallbacks(locale).find_map(|tag| {
            let built_in = || Language::built_in(tag).filter(|language| language.tag() == tag);
            self.parts.languages.get(tag).or_else(built_in)
        })
    }
}

impl fmt::Debug for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Design").field("branding", &self.parts.branding).finish_non_exhaustive()
    }
}
