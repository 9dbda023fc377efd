//! Logging in.
//!
//! The exchanges are written out here because lettre answers the challenges of AUTH LOGIN by their
//! words, and servers leave those empty or translate them.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use data_encoding::BASE64;
use invite_core::Outcome;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::{
    connection::{Connection, Fault, expect, within},
    password::Password,
    reply::Reply,
    tokens::{AccessToken, AccessTokenError, AccessTokens},
};

/// Who logs in, and with what.
#[derive(Clone)]
pub(super) enum Login {
    Password(String, Password),
    Tokens(String, Arc<dyn AccessTokens>),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(user, password) => f.debug_tuple("Password").field(user).field(password).finish(),
            Self::Tokens(user, _) => f.debug_tuple("Tokens").field(user).finish_non_exhaustive(),
        }
    }
}

/// A way to log in that this crate knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
    XOAuth2,
    OAuthBearer,
}

impl Mechanism {
    const ALL: [Self; 4] = [Self::Plain, Self::Login, Self::XOAuth2, Self::OAuthBearer];

    /// The mechanism of this name, in capitals.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::XOAuth2 => "XOAUTH2",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }
}

/// The longest command with its line end (RFC 5321, 4.5.3.1.4). RFC 4954 (section 4) wants a longer
/// initial response to be sent as the answer to a challenge.
const COMMAND: usize = 512;

const LOGGED_IN: u16 = 235;
const CHALLENGE: u16 = 334;
/// RFC 4954 (section 6): the credentials are not valid.
const NOT_ACCEPTED: u16 = 535;

/// Logs in on this connection, to the server of this name and port, by one of the mechanisms that it
/// offers, within this limit.
pub(super) async fn log_in(
    connection: &mut Connection,
    login: &Login,
    offered: &[Mechanism],
    server: (&str, u16),
    limit: Duration,
) -> Result<(), Fault> {
    // Taken before the limit on the whole begins, so that a source that is too slow is told apart
    // from a server that is. None if it is too far away for the clock.
    let end = Instant::now().checked_add(limit);
    let choose = |known: [Mechanism; 2]| {
        let chosen = known.into_iter().find(|mechanism| offered.contains(mechanism));
        let [one, other] = known.map(Mechanism::name);
        chosen.ok_or_else(|| Fault::Unusable(format!("neither AUTH {one} nor AUTH {other} is offered by the server")))
    };
    within(limit, async {
        match login {
            Login::Password(user, password) => {
                let password = password.expose_secret();
                let mechanism = choose([Mechanism::Plain, Mechanism::Login])?;
                if mechanism == Mechanism::Login {
                    return by_login(connection, user, password).await;
                }
                let response = encoded(&["\0", user, "\0", password]);
                finish(initial(connection, mechanism, &response).await?)
            }
            Login::Tokens(user, tokens) => {
                let mechanism = choose([Mechanism::XOAuth2, Mechanism::OAuthBearer])?;
                by_token(connection, mechanism, user, tokens.as_ref(), server, end).await
            }
        }
    })
    .await
}

/// What the challenges say does not matter: the first answer is the name, the second the password.
async fn by_login(connection: &mut Connection, user: &str, password: &str) -> Result<(), Fault> {
    let mut reply = ask(connection, "AUTH LOGIN\r\n").await?;
    for answer in [user, password] {
        if reply.code() != CHALLENGE {
            break;
        }
        reply = ask(connection, &line(&[&encoded(&[answer])])).await?;
    }
    finish(reply)
}

async fn by_token(
    connection: &mut Connection,
    mechanism: Mechanism,
    user: &str,
    tokens: &dyn AccessTokens,
    server: (&str, u16),
    end: Option<Instant>,
) -> Result<(), Fault> {
    let mut refused = None;
    loop {
        let token = before(end, tokens.access_token(refused.as_ref())).await??;
        let response = bearer(mechanism, user, &token, server)?;
        let mut reply = initial(connection, mechanism, &response).await?;
        let is_challenged = reply.code() == CHALLENGE;
        if is_challenged {
            // The challenge says what is wrong with the token; the refusal itself comes after an
            // answer that says nothing (RFC 7628, 3.2.3).
            let nothing = if mechanism == Mechanism::OAuthBearer { "AQ==" } else { "" };
            reply = ask(connection, &line(&[nothing])).await?;
        }
        // Other refusals would meet another token too.
        let is_of_token = reply.code() == NOT_ACCEPTED || (is_challenged && reply.code() >= 500);
        match finish(reply) {
            Err(Fault::Refused(_)) if is_of_token && refused.is_none() => refused = Some(token),
            finished => return finished,
        }
    }
}

async fn before<T>(end: Option<Instant>, asked: impl Future<Output = T>) -> Result<T, Fault> {
    let Some(end) = end else { return Ok(asked.await) };
    timeout_at(end, asked).await.map_err(|_| {
        let text = "the source gave no access token within the time limit".into();
        Fault::Decided(Outcome::Unreachable { text })
    })
}

/// The response that carries a token, as Google and Microsoft document XOAUTH2, and as RFC 7628
/// (3.1) has OAUTHBEARER.
fn bearer(
    mechanism: Mechanism,
    user: &str,
    token: &AccessToken,
    (host, port): (&str, u16),
) -> Result<Zeroizing<String>, Fault> {
    let token = token.expose_secret();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Fault::Unusable("the access token is not one visible word".into()));
    }
    if mechanism == Mechanism::OAuthBearer {
        let name = user.replace('=', "=3D").replace(',', "=2C");
        let port = port.to_string();
        let start = ["n,a=", &name, ",\u{1}host=", host, "\u{1}port=", &port];
        Ok(encoded(&[start.as_slice(), &["\u{1}auth=Bearer ", token, "\u{1}\u{1}"]].concat()))
    } else {
        Ok(encoded(&["user=", user, "\u{1}auth=Bearer ", token, "\u{1}\u{1}"]))
    }
}

/// Sends the first response with the command, or after a challenge where the line would be too long.
async fn initial(connection: &mut Connection, mechanism: Mechanism, response: &str) -> Result<Reply, Fault> {
    let whole = line(&["AUTH ", mechanism.name(), " ", response]);
    if whole.len() <= COMMAND {
        return ask(connection, &whole).await;
    }
    let reply = ask(connection, &line(&["AUTH ", mechanism.name()])).await?;
    if reply.code() == CHALLENGE { ask(connection, &line(&[response])).await } else { Ok(reply) }
}

fn finish(reply: Reply) -> Result<(), Fault> {
    if reply.code() == CHALLENGE {
        return Err(Fault::Unusable("the server asks for more than this log-in has".into()));
    }
    expect(reply, &[LOGGED_IN]).map(drop)
}

async fn ask(connection: &mut Connection, line: &str) -> Result<Reply, Fault> {
    let reply = connection.ask(line).await?;
    // In its words it might repeat the password.
    Ok(if reply.code() >= 400 { reply.saying("the log-in was refused") } else { reply })
}

/// `concat` allocates once, so that no part of a secret stays behind where a string grew.
fn line(parts: &[&str]) -> Zeroizing<String> {
    Zeroizing::new([parts, &["\r\n"]].concat().concat())
}

fn encoded(parts: &[&str]) -> Zeroizing<String> {
    let clear = Zeroizing::new(parts.concat());
    Zeroizing::new(BASE64.encode(clear.as_bytes()))
}

impl From<AccessTokenError> for Fault {
    fn from(error: AccessTokenError) -> Self {
        let text = error.to_string();
        Self::Decided(match error {
            AccessTokenError::Unavailable => Outcome::Unreachable { text },
            AccessTokenError::Denied => Outcome::Misconfigured { text },
        })
    }
}
