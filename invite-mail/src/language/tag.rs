//! Language tags, and the order in which languages stand in for each other.

use super::LanguageError;

/// A language tag: letters, digits and hyphens, as BCP 47 has them, without asking the registry.
pub(crate) struct Tag {
    /// As written: case tells readers which part is the region.
    pub(super) shown: String,
    pub(crate) canonical: String,
}

impl Tag {
    pub(crate) fn new(tag: &str) -> Result<Self, LanguageError> {
        let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let language = tag.split('-').next().unwrap_or_default();
        let well_formed = tag.len() <= 35
            && tag.split('-').all(part)
            && language.len() >= 2
            && language.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !well_formed {
            return Err(LanguageError::Tag);
        }
        Ok(Self { shown: tag.into(), canonical: canonical(tag) })
    }
}

/// Tags are compared without regard to case; some programs write an underscore.
pub(crate) fn canonical(tag: &str) -> String {
    tag.to_ascii_lowercase().replace('_', "-")
}

/// The tag and those that say less: `zh-hant-tw`, `zh-hant`, `zh` (RFC 4647, "lookup").
pub(crate) fn fallbacks(tag: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tag), |tag| {
        let shorter = tag.rsplit_once('-')?.0;
        // A single letter only introduces what has just been dropped.
        Some(shorter.rsplit_once('-').map_or(shorter, |(rest, last)| if last.len() == 1 { rest } else { shorter }))
    })
}
