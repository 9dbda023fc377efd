//! Letters as files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use invite_core::{Letter, Mailer, Outcome};

use crate::message::Composer;

/// Writes each letter into a folder as `<delivery>-<attempt>.eml`, for development, tests, and
/// hosts whose own program picks the files up.
///
/// A file appears whole or not at all: it is written under a name that ends in `.tmp`, flushed to
/// the disk, and renamed. On Unix only its owner may read it, since the link in it is a secret.
/// Writing blocks the calling thread for as long as the disk takes.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/letter.rs"));
/// use invite_core::{Mailer, Outcome};
/// use invite_mail::{Composer, FileMailer, LinkBuilder, LinkStyle, Sender};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let links = LinkBuilder::new("http://127.0.0.1:3000/invitation", LinkStyle::Query)?;
/// let mailer = FileMailer::new(Composer::new(Sender::new("invitations@example.com")?, links), folder)?;
///
/// # let letter = letter_at("ada@example.com").await;
/// assert_eq!(mailer.deliver(&letter).await, Outcome::accepted());
/// assert!(folder.join(format!("{}-1.eml", letter.delivery().as_uuid())).exists());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileMailer {
    composer: Composer,
    folder: PathBuf,
}

impl FileMailer {
    /// Writes into this folder, which is made if it does not exist.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(composer: Composer, folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { composer, folder })
    }

    fn write(&self, name: &str, message: &[u8]) -> io::Result<()> {
        let unfinished = self.folder.join(format!("{name}.tmp"));
        let mut file = create_private(&unfinished)?;
        file.write_all(message)?;
        file.sync_all()?;
        fs::rename(unfinished, self.folder.join(format!("{name}.eml")))
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let email = match self.composer.compose(letter) {
            Ok(email) => email,
            Err(error) => return Outcome::ComposeFailed { text: error.to_string() },
        };
        let name = format!("{}-{}", letter.delivery().as_uuid(), letter.attempt());
        match self.write(&name, &email.to_mime()) {
            Ok(()) => Outcome::accepted(),
            // A full disk or a missing folder is our fault, and never the recipient's.
            Err(error) => Outcome::Misconfigured { text: format!("cannot write the letter: {}", error.kind()) },
        }
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
