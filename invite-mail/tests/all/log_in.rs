//! How the mailer logs in, with a password and with access tokens.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use data_encoding::BASE64;
use invite_core::Outcome;
use invite_mail::{AccessToken, AccessTokenError, AccessTokens, SmtpServer};

use crate::{
    script::{Act::*, Script, Server},
    smtp::{described, mailer, play, send},
};

fn taken() -> Outcome {
    Outcome::accepted_as("4XyZ")
}

#[tokio::test]
async fn a_server_without_the_log_in_we_were_told_to_use_gets_nothing() {
    let (outcome, server) = play(&[("EHLO", Say("250-scripted\r\n250 AUTH CRAM-MD5\r\n"))]).await;
    let text = "neither AUTH PLAIN nor AUTH LOGIN is offered by the server".into();
    assert_eq!(outcome, Outcome::Misconfigured { text });
    assert!(server.commands("MAIL").is_empty());
}

#[tokio::test]
async fn a_server_that_only_knows_login_is_told_name_and_password_one_by_one() {
    let acts = [
        ("EHLO", Say("250-scripted\r\n250 auth LOGIN\r\n")),
        ("AUTH", Say("334 VXNlcm5hbWU6\r\n")),
        ("dXNlcg==", Say("334 UGFzc3dvcmQ6\r\n")),
        ("cMOkc3N3b3Jk", Say("235 welcome\r\n")),
    ];
    let (outcome, server) = play(&acts).await;
    assert_eq!(outcome, Outcome::accepted_as("4XyZ"));
    assert_eq!(server.seen().heard[1..4], ["AUTH LOGIN", "dXNlcg==", "cMOkc3N3b3Jk"]);
}

#[tokio::test]
async fn plain_counts_although_a_later_line_offers_other_mechanisms_only() {
    for answer in
        ["250-scripted\r\n250-AUTH PLAIN\r\n250 AUTH GSSAPI NTLM\r\n", "250-scripted\r\n250 AUTH=PLAIN LOGIN\r\n"]
    {
        let (outcome, server) = play(&[("EHLO", Say(answer))]).await;
        assert_eq!(outcome, taken(), "{answer:?}");
        assert_eq!(server.commands("AUTH"), ["AUTH PLAIN AHVzZXIAcMOkc3N3b3Jk"]);
    }
}

#[tokio::test]
async fn the_words_of_login_challenges_do_not_matter() {
    // Nothing; a blank; "Benutzername:" and "Kennwort:"; and the two questions in reverse.
    for (first, second) in [
        ("334\r\n", "334\r\n"),
        ("334 \r\n", "334 \r\n"),
        ("334 QmVudXR6ZXJuYW1lOg==\r\n", "334 S2VubndvcnQ6\r\n"),
        ("334 UGFzc3dvcmQ6\r\n", "334 VXNlcm5hbWU6\r\n"),
        ("334 not base64!\r\n", "334 ?\r\n"),
    ] {
        let acts = [
            ("EHLO", Say("250-scripted\r\n250 AUTH LOGIN\r\n")),
            ("AUTH", Say(first)),
            ("dXNlcg==", Say(second)),
            ("cMOkc3N3b3Jk", Say("235 welcome\r\n")),
        ];
        let (outcome, server) = play(&acts).await;
        assert_eq!(outcome, taken(), "{first:?}");
        assert_eq!(server.seen().heard[1..4], ["AUTH LOGIN", "dXNlcg==", "cMOkc3N3b3Jk"]);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_third_thing_gets_nothing_more() {
    let acts = [
        ("EHLO", Say("250-scripted\r\n250 AUTH LOGIN\r\n")),
        ("AUTH", Say("334 VXNlcm5hbWU6\r\n")),
        ("dXNlcg==", Say("334 UGFzc3dvcmQ6\r\n")),
        ("cMOkc3N3b3Jk", Say("334 UElOOg==\r\n")),
    ];
    let (outcome, server) = play(&acts).await;
    assert_eq!(outcome, Outcome::Misconfigured { text: "the server asks for more than this log-in has".into() });
    assert_eq!(server.seen().heard.len(), 4);
}

#[tokio::test]
async fn a_password_too_long_for_one_line_answers_a_challenge() {
    let long = "x".repeat(400);
    let response = BASE64.encode(format!("\0user\0{long}").as_bytes());
    let acts = [("AUTH", Say("334 \r\n")), (&*response.clone().leak(), Say("235 welcome\r\n"))];
    let server = Server::play(Script::of(&acts)).await;
    let outcome = send(&mailer(described(server.port).credentials("user", long)), "ada@example.com").await;
    assert_eq!(outcome, taken());
    assert_eq!(server.seen().heard[1..3], ["AUTH PLAIN".to_owned(), response]);
}

/// What the source was asked: the tokens that it was told were refused.
type Asked = Arc<Mutex<Vec<Option<String>>>>;

/// A source that keeps a token until it hears that the token was refused.
struct Source {
    tokens: Mutex<Vec<Result<&'static str, AccessTokenError>>>,
    asked: Asked,
}

#[async_trait]
impl AccessTokens for Source {
    async fn access_token(&self, refused: Option<&AccessToken>) -> Result<AccessToken, AccessTokenError> {
        let mut tokens = self.tokens.lock().unwrap();
        self.asked.lock().unwrap().push(refused.map(|token| token.expose_secret().to_owned()));
        if refused.is_some() && tokens.len() > 1 {
            let _refused = tokens.remove(0);
        }
        tokens[0].map(AccessToken::from)
    }
}

fn with_tokens(port: u16, tokens: &[Result<&'static str, AccessTokenError>]) -> (SmtpServer, Asked) {
    let asked = Asked::default();
    let source = Source { tokens: Mutex::new(tokens.to_vec()), asked: Arc::clone(&asked) };
    (described(port).access_tokens("ada@example.com", source).letters_per_connection(1), asked)
}

const OFFERS: &str = "250-scripted\r\n250 AUTH PLAIN XOAUTH2 OAUTHBEARER\r\n";

fn xoauth2(token: &str) -> String {
    let response = format!("user=ada@example.com\u{1}auth=Bearer {token}\u{1}\u{1}");
    format!("AUTH XOAUTH2 {}", BASE64.encode(response.as_bytes()))
}

#[tokio::test]
async fn a_token_that_expires_between_two_letters_is_replaced() {
    let fresh = Script::of(&[("EHLO", Say(OFFERS))]);
    let expired = Script::of(&[
        ("EHLO", Say(OFFERS)),
        // "status": "401", as Google says it.
        ("AUTH 1", Say("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")),
        ("", Say("535 5.7.8 not AHVzZXIAcMOkc3N3b3Jk\r\n")),
    ]);
    let server = Server::play_each(vec![fresh, expired]).await;
    let (description, asked) = with_tokens(server.port, &[Ok("first"), Ok("second")]);
    let mailer = mailer(description);
    assert_eq!(send(&mailer, "bob@example.com").await, taken());
    assert_eq!(send(&mailer, "eve@example.com").await, taken());
    assert_eq!(server.commands("AUTH"), [xoauth2("first"), xoauth2("first"), xoauth2("second")]);
    let answered = [xoauth2("first"), String::new(), xoauth2("second")];
    assert!(server.seen().heard.windows(3).any(|lines| lines == answered), "an empty line answers the challenge");
    assert_eq!(*asked.lock().unwrap(), [None, None, Some("first".into())]);
}

#[tokio::test]
async fn the_source_is_asked_exactly_once_more_after_a_refusal() {
    let refuses = [("EHLO", Say(OFFERS)), ("AUTH", Say("535 5.7.3 Authentication unsuccessful\r\n"))];
    let server = Server::play(Script::of(&refuses)).await;
    let (description, asked) = with_tokens(server.port, &[Ok("first"), Ok("second"), Ok("third")]);
    let outcome = send(&mailer(description), "bob@example.com").await;
    assert_eq!(outcome, Outcome::Misconfigured { text: "535 5.7.3 the log-in was refused".into() });
    assert_eq!(server.commands("AUTH"), [xoauth2("first"), xoauth2("second")]);
    assert_eq!(*asked.lock().unwrap(), [None, Some("first".into())]);
}

#[tokio::test]
async fn a_server_that_cannot_check_the_token_now_is_not_asked_again() {
    let busy = [("EHLO", Say(OFFERS)), ("AUTH", Say("454 4.7.0 Temporary authentication failure\r\n"))];
    let server = Server::play(Script::of(&busy)).await;
    let (description, asked) = with_tokens(server.port, &[Ok("first")]);
    let outcome = send(&mailer(description), "bob@example.com").await;
    assert_eq!(outcome, Outcome::Unreachable { text: "454 4.7.0 the log-in was refused".into() });
    assert_eq!(*asked.lock().unwrap(), [None]);
}

#[tokio::test]
async fn only_a_refusal_of_the_token_makes_the_source_be_asked_again() {
    let closes = "500 5.5.1 unknown command\r\n";
    for reply in [closes, "504 5.5.4 no such mechanism\r\n", "538 5.7.11 encrypt first\r\n", "554 5.7.1 listed\r\n"] {
        let server = Server::play(Script::of(&[("EHLO", Say(OFFERS)), ("AUTH", Say(reply))])).await;
        let (description, asked) = with_tokens(server.port, &[Ok("first"), Ok("second")]);
        let outcome = send(&mailer(description), "bob@example.com").await;
        assert!(matches!(outcome, Outcome::Misconfigured { .. }), "{reply}: {outcome:?}");
        assert_eq!(*asked.lock().unwrap(), [None], "{reply}");
    }
    // After a challenge that says what is wrong with the token, any refusal is one of the token.
    let acts = [("EHLO", Say(OFFERS)), ("AUTH 1", Say("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")), ("", Say("501 no\r\n"))];
    let server = Server::play(Script::of(&acts)).await;
    let (description, asked) = with_tokens(server.port, &[Ok("first"), Ok("second")]);
    assert_eq!(send(&mailer(description), "bob@example.com").await, taken());
    assert_eq!(*asked.lock().unwrap(), [None, Some("first".into())]);
}

#[tokio::test]
async fn oauthbearer_names_the_server_and_ends_a_refusal_with_its_own_empty_answer() {
    let acts = [
        ("EHLO", Say("250-scripted\r\n250 AUTH OAUTHBEARER\r\n")),
        ("AUTH 1", Say("334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n")),
        ("AQ==", Say("535 no\r\n")),
    ];
    let server = Server::play(Script::of(&acts)).await;
    let (description, _) = with_tokens(server.port, &[Ok("first"), Ok("second")]);
    assert_eq!(send(&mailer(description), "bob@example.com").await, taken());
    let line = |token| {
        let port = server.port;
        let text = format!("n,a=ada@example.com,\u{1}host=127.0.0.1\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}");
        format!("AUTH OAUTHBEARER {}", BASE64.encode(text.as_bytes()))
    };
    assert_eq!(server.seen().heard[1..4], [line("first"), "AQ==".into(), line("second")]);
}

#[tokio::test]
async fn a_source_without_a_token_is_never_the_recipient_s_fault() {
    let unavailable = Outcome::Unreachable { text: "no access token can be had at the moment".into() };
    let denied = Outcome::Misconfigured { text: "the access token was denied".into() };
    let unfit = Outcome::Misconfigured { text: "the access token is not one visible word".into() };
    for (token, expected) in [
        (Err(AccessTokenError::Unavailable), unavailable),
        (Err(AccessTokenError::Denied), denied),
        (Ok(""), unfit.clone()),
        (Ok("a\r\nb"), unfit.clone()),
        (Ok("a\u{1}b"), unfit),
    ] {
        let server = Server::play(Script::of(&[("EHLO", Say(OFFERS))])).await;
        let (description, _) = with_tokens(server.port, &[token]);
        assert_eq!(send(&mailer(description), "bob@example.com").await, expected, "{token:?}");
        assert!(server.commands("AUTH").is_empty(), "{token:?}");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_tokens_gets_none() {
    let server = Server::play(Script::default()).await;
    let (description, asked) = with_tokens(server.port, &[Ok("first")]);
    let text = "neither AUTH XOAUTH2 nor AUTH OAUTHBEARER is offered by the server".into();
    assert_eq!(send(&mailer(description), "bob@example.com").await, Outcome::Misconfigured { text });
    assert!(asked.lock().unwrap().is_empty());
}

/// A source whose token endpoint never answers.
struct Stuck;

#[async_trait]
impl AccessTokens for Stuck {
    async fn access_token(&self, _: Option<&AccessToken>) -> Result<AccessToken, AccessTokenError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_source_that_never_answers_meets_the_limit_of_the_log_in() {
    let server = Server::play(Script::of(&[("EHLO", Say(OFFERS))])).await;
    let description = described(server.port).access_tokens("ada@example.com", Stuck);
    let outcome = send(&mailer(description.command_timeout(Duration::from_secs(1))), "bob@example.com").await;
    let text = "the source gave no access token within the time limit".into();
    assert_eq!(outcome, Outcome::Unreachable { text });
}

#[test]
fn a_token_is_shown_nowhere() {
    let token = AccessToken::from("hunter2");
    let (description, _) = with_tokens(25, &[Ok("hunter2")]);
    assert!(!format!("{token:?} {description:?} {:?}", mailer(description.clone())).contains("hunter2"));
}
