//! A server described in one line.

use invite_core::Outcome;
use invite_mail::{HeaderError, ReturnPath, ReturnPathError, SmtpError, SmtpMailer, SmtpServer};

use crate::{
    script::{Script, Server},
    smtp::send,
    support::composer,
};

#[test]
fn a_url_says_how_to_connect() {
    let shown = |url: &str| format!("{:?}", SmtpServer::from_url(url).unwrap());
    for (url, expected) in [
        ("smtp://127.0.0.1:2525", "port: Some(2525), security: None"),
        ("smtp://localhost", "port: None, security: None"),
        ("smtp://[::1]:25/", "host: \"::1\""),
        ("smtp://mail.example.com", "security: StartTls"),
        ("smtp://mail.example.com:25?tls=required", "port: Some(25), security: StartTls"),
        ("smtp://127.0.0.1?tls=required", "security: StartTls"),
        ("smtp://mailpit:1025?tls=none", "security: None"),
        ("smtps://us%40er:p%2Bw+d@mail.example.com", "login: Some(Password(\"us@er\", Password(..)))"),
        ("smtp://user:secret@mail.example.com:465", "port: Some(465), security: Tls"),
        ("smtp://mail.example.com:465?tls=required", "security: Tls"),
        ("smtp://localhost:465", "security: Tls"),
        ("smtp://localhost:465?tls=none", "security: None"),
        ("smtps://mail.example.com:2465?tls=required", "port: Some(2465), security: Tls"),
        ("smtp://mail.example.com?hello=mx.example.com&tls=none", "hello: Some(\"mx.example.com\")"),
        ("smtps://mail.example.com", "port: None, security: Tls"),
    ] {
        assert!(shown(url).contains(expected), "{url}: {}", shown(url));
    }
    for url in [
        "",
        "mail.example.com:25",
        "smtp:",
        "smtp://",
        "http://mail.example.com",
        "smtp://mail.example.com/inbox",
        "smtp://mail.example.com#x",
        "smtp://mail.example.com?tls",
        "smtp://user@mail.example.com",
        "smtp://:secret@mail.example.com",
        "smtp://us%ffer:secret@mail.example.com",
    ] {
        assert_eq!(SmtpServer::from_url(url).unwrap_err(), SmtpError::Url, "{url}");
    }
}

#[test]
fn a_parameter_that_cannot_be_used_is_named_without_its_value() {
    for (query, expected) in [
        ("secret=hunter2", SmtpError::UnknownParameter("secret".into())),
        ("hello=mx.example.com&TLS=none", SmtpError::UnknownParameter("TLS".into())),
        ("tls=hunter2", SmtpError::Parameter("tls")),
        ("tls=none&tls=none", SmtpError::Parameter("tls")),
        ("hello=a&hello=b", SmtpError::Parameter("hello")),
        ("hello=%ff", SmtpError::Parameter("hello")),
        ("hello=hunter2%20", SmtpError::Hello),
        ("return_path=hunter2", SmtpError::ReturnPath(ReturnPathError::Address)),
        ("return_path=", SmtpError::ReturnPath(ReturnPathError::Address)),
        ("header=hunter2", SmtpError::Parameter("header")),
        ("header=Bcc:hunter2@example.com", SmtpError::Header(HeaderError::Reserved)),
        ("header=X-A:hunter2%0d%0aBcc:%20x@example.com", SmtpError::Header(HeaderError::Value)),
    ] {
        let error = SmtpServer::from_url(&format!("smtp://mail.example.com?{query}")).unwrap_err();
        assert_eq!(error, expected, "{query}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{query}: {error:?}");
    }
    assert_eq!(SmtpServer::from_url("smtps://x.example?tls=none").unwrap_err(), SmtpError::Parameter("tls"));
}

#[test]
fn a_password_with_an_unencoded_question_mark_is_not_shown_as_a_parameter() {
    for rest in ["hunter2@host", "hunter2=1@host", "hunter2&x@host", "hunter2=x&y=z@host", "hunter2"] {
        let error = SmtpServer::from_url(&format!("smtp://user:12?{rest}")).unwrap_err();
        assert_eq!(error, SmtpError::Url, "{rest}");
    }
}

#[tokio::test]
async fn the_url_s_name_return_path_and_headers_are_used() {
    let server = Server::play(Script::default()).await;
    let url = format!(
        "smtp://127.0.0.1:{}?hello=mx.example.com&return_path=bounces+x@example.com\
         &header=X-SES-CONFIGURATION-SET:%20mails&header=X-PM-Message-Stream:invitations",
        server.port
    );
    let composer = composer().header("x-ses-configuration-set", "others").unwrap();
    let mailer = SmtpMailer::from_url(composer, &url).unwrap();
    let shown = format!("{mailer:?}");
    assert!(shown.contains("X-PM-Message-Stream") && !shown.contains("mails"), "a value may be a secret: {shown}");
    assert_eq!(send(&mailer, "ada@example.com").await, Outcome::accepted_as("4XyZ"));
    assert_eq!(server.commands("EHLO"), ["EHLO mx.example.com"]);
    assert_eq!(server.commands("MAIL"), ["MAIL FROM:<bounces+x@example.com>"]);
    assert_eq!(server.commands("X-SES"), ["X-SES-CONFIGURATION-SET: mails"]);
    assert!(server.commands("x-ses").is_empty(), "the URL's replaces the composer's");
    assert_eq!(server.commands("X-PM"), ["X-PM-Message-Stream: invitations"]);
}

#[tokio::test]
async fn the_url_comes_before_every_composer_but_replaces_no_signed_return_path() {
    let signed = || ReturnPath::new("signed@example.com", [7; 32]).unwrap();
    let url = |port| format!("smtp://127.0.0.1:{port}?return_path=url@example.com&header=X-Set:%20url");
    let error = SmtpMailer::from_url(composer().return_path(signed()), &url(25)).unwrap_err();
    assert_eq!(error, SmtpError::SignedReturnPath);

    let fixed = composer().return_path(ReturnPath::fixed("fixed@example.com").unwrap());
    for (chosen, from) in [
        (composer(), "MAIL FROM:<url@example.com>"),
        (fixed.clone(), "MAIL FROM:<url@example.com>"),
        (composer().return_path(signed()), "MAIL FROM:<signed+"),
    ] {
        let server = Server::play(Script::default()).await;
        let chosen = chosen.header("x-set", "chosen").unwrap().header("X-Other", "chosen").unwrap();
        let whole = fixed.clone().composer_by(move |_| Some(chosen.clone()));
        let mailer = SmtpMailer::from_url(whole, &url(server.port)).unwrap();
        assert_eq!(send(&mailer, "ada@example.com").await, Outcome::accepted_as("4XyZ"));
        assert!(server.commands("MAIL")[0].starts_with(from), "{:?}", server.commands("MAIL"));
        assert_eq!((server.commands("X-Set"), server.commands("x-set").len()), (vec!["X-Set: url".to_owned()], 0));
        assert_eq!(server.commands("X-Other"), ["X-Other: chosen"]);
    }
}

#[cfg(not(feature = "smtp-rustls"))]
#[test]
fn port_465_needs_tls() {
    let error = SmtpMailer::from_url(composer(), "smtp://user:secret@mail.example.com:465").unwrap_err();
    assert_eq!(error, SmtpError::NoTls);
}
