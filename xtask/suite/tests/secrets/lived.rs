//! What a life leaves behind.

use invite_core::{Token, testing};

use crate::{
    life::Membership,
    post::PASSWORD,
    search::{Haystack, Sought, tokens_in},
};

/// A smaller life shows too little.
const ENOUGH: usize = 20;

pub(crate) struct Lived {
    /// The tokens whose digests are stored.
    pub(crate) known: Vec<String>,
    /// Those of which nothing is.
    pub(crate) strange: Vec<String>,
    /// The letters that arrived.
    pub(crate) mails: Vec<String>,
    /// What mail servers were sent.
    pub(crate) heard: String,
    pub(crate) said: String,
}

impl Lived {
    /// What is to be kept nowhere.
    pub(crate) fn secrets(&self) -> Sought {
        let tokens = self.known.iter().chain(&self.strange).enumerate();
        tokens.fold(Sought::default().secret("the password", PASSWORD), |sought, (number, token)| {
            sought.secret(&format!("token {number}"), token)
        })
    }

    /// What is kept of tokens: the names of their digests, and their digests.
    pub(crate) fn digests(&self) -> Vec<(String, [u8; 32])> {
        let digest = |(number, token): (usize, &String)| {
            let token: Token = token.parse().expect("a token");
            (format!("the digest of token {number}"), *testing::digest::<Membership>(&token).as_bytes())
        };
        self.known.iter().enumerate().map(digest).collect()
    }

    /// Fails unless the secrets were mailed, and not said.
    pub(crate) fn mailed_and_said_nothing(&self) {
        let said = self.secrets().found_in(&Haystack::new(self.said.as_bytes()));
        assert!(said.is_empty(), "in what was said: {said:?}");

        // The same search finds what is there: the tokens in the letters, the password where it was sent, and in logs
        // what belongs into them.
        assert!(self.known.len() >= ENOUGH, "each letter has its own: {}", self.known.len());
        assert!(!self.mails.is_empty(), "no mail arrived");
        for mail in &self.mails {
            let tokens = tokens_in(mail);
            assert!(!tokens.is_empty() && tokens.iter().all(|token| self.known.contains(token)), "{mail}");
        }
        let mails = Haystack::new(self.mails.concat().as_bytes());
        for token in self.mails.iter().flat_map(|mail| tokens_in(mail)) {
            assert!(mails.writing_of(&token).is_some(), "{token} is in a mail");
        }
        let heard = Haystack::new(self.heard.as_bytes());
        assert_eq!(heard.writing_of(PASSWORD), Some("base64"));
        for expected in [
            "invite_tokens",
            "Misconfigured",
            "Unreachable",
            "Unknown",
            "that is it",
            "not wanted: …",
            "the log-in was refused",
        ] {
            assert!(self.said.contains(expected), "{expected}");
        }
    }
}
