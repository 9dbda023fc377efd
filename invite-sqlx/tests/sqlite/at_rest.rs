//! No usable token in the database's files, its write-ahead log, or anybody's `Debug`. [I8, incidents 13, 47]

use std::fs;

use invite_core::{Claimant, Error, Worker, testing::CapturingMailer};
use invite_sqlx::SqliteStore;
use sqlx::sqlite::SqliteJournalMode;

use super::world::*;

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn a_whole_life_leaves_no_token_in_the_files_or_in_debug() {
    let world = World::new(SqliteJournalMode::Wal, 2).await;
    let mailer = CapturingMailer::default();
    let worker = Worker::new(SqliteStore, world.pool.clone(), mailer.clone()).batch(64).serve(&world.members);
    let mut said = String::new();
    let mut tokens = Vec::new();
    let mut tx = world.pool.begin().await.unwrap();
    for n in 0..40 {
        let created =
            world.members.scope(7).create(&mut tx, &world.admin, new(&format!("secret{n}@example.com"))).await;
        let created = created.unwrap();
        let token = world.members.scope(7).new_link(&mut tx, &world.admin, created.id).await.unwrap().token;
        said += &format!("{created:?} {token:?}");
        tokens.push(token.expose_secret().to_owned());
    }
    tx.commit().await.unwrap();
    assert_eq!(worker.tick().await.unwrap().sent, 40);
    for (n, letter) in mailer.take().iter().enumerate() {
        said += &format!("{letter:?} {:?} {worker:?}", letter.invitation());
        tokens.push(letter.token().expose_secret().to_owned());
        let mut tx = world.pool.begin().await.unwrap();
        let person = letter.recipient().as_given();
        let claimant = Claimant::new(n).verified(if n % 2 == 0 { person } else { "eve@example.com" });
        said += &format!("{claimant:?}");
        match world.members.accept(&mut tx, letter.token(), &claimant).await {
            Ok(accepted) => said += &format!("{accepted:?}"),
            Err(error @ Error::WrongRecipient) => said += &format!("{error} {error:?}"),
            Err(other) => panic!("{other:?}"),
        }
        tx.commit().await.unwrap();
    }

    let files: Vec<(String, Vec<u8>)> = fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    assert!(files.iter().any(|(name, _)| name.ends_with("-wal")), "the log is looked at too");
    assert!(files.iter().any(|(_, bytes)| contains(bytes, b"secret7@example.com")), "the search finds what is there");
    for token in tokens {
        let secret = data_encoding::BASE64URL_NOPAD.decode(&token.as_bytes()[5..]).unwrap();
        let spellings = [
            token.as_bytes().to_vec(),
            token.as_bytes()[5..].to_vec(),
            secret[..32].to_vec(),
            data_encoding::HEXLOWER.encode(&secret[..32]).into_bytes(),
            data_encoding::HEXUPPER.encode(&secret[..32]).into_bytes(),
            data_encoding::BASE64_NOPAD.encode(&secret[..30]).into_bytes(),
            token.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ];
        for spelling in &spellings {
            assert!(files.iter().all(|(_, bytes)| !contains(bytes, spelling)));
            assert!(!contains(said.as_bytes(), spelling));
        }
    }
    assert!(!said.contains("@example.com"), "no address in Debug either: {said}");
}
