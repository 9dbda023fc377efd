//! Letters on the console, for development.

use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use invite_core::{Letter, Mailer, Outcome};

use crate::message::Composer;

/// Prints letters instead of sending them, **with the link**, which is a secret: for development
/// only, where nobody keeps the output.
///
/// It prints the envelope, the subject and the text part; the HTML part says the same.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/letter.rs"));
/// use invite_core::{Mailer, Outcome};
/// use invite_mail::{Composer, ConsoleMailer, LinkBuilder, LinkStyle, Sender};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let links = LinkBuilder::new("http://127.0.0.1:3000/invitation", LinkStyle::Query)?;
/// let mailer = ConsoleMailer::new(Composer::new(Sender::new("invitations@example.com")?, links));
///
/// # let letter = letter_at("ada@example.com").await;
/// assert_eq!(mailer.deliver(&letter).await, Outcome::accepted());
/// # Ok(())
/// # }
/// ```
pub struct ConsoleMailer {
    composer: Composer,
    writer: Mutex<Box<dyn Write + Send>>,
}

impl ConsoleMailer {
    /// Prints to standard output.
    #[must_use]
    pub fn new(composer: Composer) -> Self {
        Self::to(composer, io::stdout())
    }

    /// Prints to a writer.
    pub fn to(composer: Composer, writer: impl Write + Send + 'static) -> Self {
        Self { composer, writer: Mutex::new(Box::new(writer)) }
    }
}

#[async_trait]
impl Mailer for ConsoleMailer {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let email = match self.composer.compose(letter) {
            Ok(email) => email,
            Err(error) => return Outcome::ComposeFailed { text: error.to_string() },
        };
        let rule = "-".repeat(72);
        let (from, to, subject, text) = (email.from(), email.to(), email.subject(), email.text());
        let printed = format!("{rule}\nFrom: {from}\nTo: {to}\nSubject: {subject}\n\n{text}{rule}\n");
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match writer.write_all(printed.as_bytes()).and_then(|()| writer.flush()) {
            Ok(()) => Outcome::accepted(),
            Err(error) => Outcome::Misconfigured { text: format!("cannot print the letter: {}", error.kind()) },
        }
    }
}

impl fmt::Debug for ConsoleMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleMailer").field("composer", &self.composer).finish_non_exhaustive()
    }
}
