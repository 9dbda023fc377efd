//! How the rule who may invite refuses.

use invite_core::Denial;

/// The words in which this rule refuses; the library hands them back unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Outsider,
    NotPermitted,
    AboveOwnRank,
    AlreadyMember,
}

impl Refusal {
    const fn word(self) -> &'static str {
        match self {
            Self::Outsider => "outsider",
            Self::NotPermitted => "not_permitted",
            Self::AboveOwnRank => "above_own_rank",
            Self::AlreadyMember => "already_member",
        }
    }

    pub fn from_word(word: &str) -> Self {
        [Self::Outsider, Self::AboveOwnRank, Self::AlreadyMember]
            .into_iter()
            .find(|refusal| refusal.word() == word)
            .unwrap_or(Self::NotPermitted)
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.word())
    }
}
