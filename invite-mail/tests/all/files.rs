//! Letters as files and on the console.

use std::{
    fs, io,
    sync::{Arc, Mutex},
};

use invite_core::{Mailer, Outcome};
use invite_mail::{ConsoleMailer, FileMailer};
use mailparse::{MailHeaderMap, parse_mail};

use crate::support::{composer, expected_link, letter_at};

#[tokio::test]
async fn a_file_holds_the_whole_mail_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/mail");
    let mailer = FileMailer::new(composer(), &folder).unwrap();
    let letter = letter_at("ada@example.com").await;
    assert_eq!(mailer.deliver(&letter).await, Outcome::accepted());
    assert_eq!(mailer.deliver(&letter).await, Outcome::accepted(), "again, as after a lost lease");

    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [format!("{}-1.eml", letter.delivery().as_uuid()).as_str()]);
    let path = folder.join(&names[0]);
    let mime = fs::read(&path).unwrap();
    let mail = parse_mail(&mime).unwrap();
    assert_eq!(mail.headers.get_first_value("To").unwrap(), "ada@example.com");
    let bodies: Vec<_> = mail.subparts.iter().map(|part| part.get_body().unwrap()).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains(&expected_link(&letter)));
    assert!(bodies[1].contains(&expected_link(&letter).replace('&', "&amp;")));

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_folder_that_went_away_is_our_own_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = FileMailer::new(composer(), folder.path().join("mail")).unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    let letter = letter_at("ada@example.com").await;
    let outcome = mailer.deliver(&letter).await;
    assert_eq!(outcome, Outcome::Misconfigured { text: "cannot write the letter: entity not found".into() });
}

#[tokio::test]
async fn the_console_shows_envelope_subject_text_and_link() {
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let screen = Screen::default();
    let mailer = ConsoleMailer::to(composer(), screen.clone());
    let letter = letter_at("ada@example.com").await;
    assert_eq!(mailer.deliver(&letter).await, Outcome::accepted());
    let shown = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
    assert!(
        shown.contains("To: ada@example.com\nSubject: Charles invited you to join Analytical Engines\n\n"),
        "{shown}"
    );
    assert!(shown.contains(&expected_link(&letter)));
    assert!(!format!("{mailer:?}").contains(letter.token().expose_secret()));
}
