//! The conversation: from the greeting to the last answer, and on to the next letter.

use lettre::{
    address::Envelope,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Rset},
        extension::{ClientId, MailParameter},
        response::{Category, Code, Detail, Response, Severity},
    },
};
use zeroize::Zeroizing;

use super::{
    connection::{Connection, Fault, connect, within},
    limits::Running,
    password::Password,
    reply::Reply,
    server::{Channel, SmtpServer},
    verdict::{Phase, Stop},
};

/// A server that is ready for a letter.
pub(super) struct Session {
    connection: Connection,
    limits: Running,
    offers: Offers,
    letters: u32,
}

impl Session {
    /// Connects, secures, and logs in. What goes wrong says nothing about any recipient.
    pub(super) async fn open(
        server: &SmtpServer,
        hello: &ClientId,
        channel: &Channel,
        limits: Running,
    ) -> Result<Self, Stop> {
        let opened = Self::try_open(server, hello, channel, limits).await;
        opened.map_err(|fault| Stop { phase: Phase::Opening, fault })
    }

    async fn try_open(
        server: &SmtpServer,
        hello: &ClientId,
        channel: &Channel,
        limits: Running,
    ) -> Result<Self, Fault> {
        let stream = connect(&server.host, server.port_or_default(), limits.connect()).await?;
        let mut connection = match channel {
            Channel::Plain => Connection::new(stream),
            #[cfg(feature = "smtp-rustls")]
            Channel::Upgraded(_) => Connection::new(stream),
            #[cfg(feature = "smtp-rustls")]
            Channel::Tls(tls) => Connection::new(tls.handshake(stream, limits.connect()).await?),
        };
        within(limits.command(), async { expect(connection.read().await?, &[220]) }).await?;
        let mut session = Self { offers: Offers::default(), connection, limits, letters: 0 };
        session.hello(hello).await?;
        #[cfg(feature = "smtp-rustls")]
        if let Channel::Upgraded(tls) = channel {
            if !session.offers.starttls {
                return Err(Fault::Unusable("STARTTLS is not offered by the server".into()));
            }
            session.ask(&lettre::transport::smtp::commands::Starttls.to_string(), &[220]).await?;
            let stream = tls.handshake(session.connection.into_stream()?, limits.connect()).await?;
            session.connection = Connection::new(stream);
            // What was offered in the clear may be anybody's words.
            session.hello(hello).await?;
        }
        if let Some((user, password)) = &server.credentials {
            within(limits.command(), session.log_in(user, password)).await?;
        }
        Ok(session)
    }

    async fn hello(&mut self, hello: &ClientId) -> Result<(), Fault> {
        self.offers = Offers::read(&self.ask(&Ehlo::new(hello.clone()).to_string(), &[250]).await?);
        Ok(())
    }

    async fn log_in(&mut self, user: &str, password: &Password) -> Result<(), Fault> {
        let Some(mechanism) = self.offers.mechanism else {
            return Err(Fault::Unusable("neither AUTH PLAIN nor AUTH LOGIN is offered by the server".into()));
        };
        let credentials = Credentials::new(user.to_owned(), password.expose_secret().to_owned());
        let mut step = Auth::new(mechanism, credentials.clone(), None);
        // LOGIN asks twice.
        for _ in 0..3 {
            let line = Zeroizing::new(step.map_err(|_| Fault::Garbled)?.to_string());
            let reply = self.connection.ask(&line).await?;
            // In its words it might repeat the password.
            let reply = if reply.code() >= 400 { reply.saying("the log-in was refused") } else { reply };
            let reply = expect(reply, &[235, 334])?;
            if reply.code() == 235 {
                return Ok(());
            }
            let challenge = Code::new(Severity::PositiveIntermediate, Category::Unspecified3, Detail::Four);
            let challenge = Response::new(challenge, reply.lines().map(str::to_owned).collect());
            step = Auth::new_from_response(mechanism, credentials.clone(), &challenge);
        }
        Err(Fault::Garbled)
    }

    /// Makes sure that a session that has waited is alive, and forgets what was begun.
    pub(super) async fn reset(&mut self, limits: Running) -> Result<(), Stop> {
        self.limits = limits;
        let reset = self.ask(&Rset.to_string(), &[250]).await;
        reset.map(drop).map_err(|fault| Stop { phase: Phase::Opening, fault })
    }

    /// Says from whom and to whom, until the server waits for the letter.
    pub(super) async fn begin(&mut self, envelope: &Envelope, delivery: &str) -> Result<(), Stop> {
        self.letters += 1;
        let stop = |phase| move |fault| Stop { phase, fault };
        let mail = Mail::new(envelope.from().cloned(), self.offers.report_parameters(delivery));
        self.ask(&mail.to_string(), &[250]).await.map_err(stop(Phase::Opening))?;
        for to in envelope.to() {
            let rcpt = Rcpt::new(to.clone(), vec![]).to_string();
            self.ask(&rcpt, &[250, 251, 252]).await.map_err(stop(Phase::Named))?;
        }
        self.ask(&Data.to_string(), &[354]).await.map_err(stop(Phase::Named))?;
        Ok(())
    }

    /// Sends the letter and its end. Until the end is sent, nobody can have taken it.
    pub(super) async fn send(&mut self, mime: &[u8]) -> Result<Reply, Stop> {
        let letter = Zeroizing::new(on_the_wire(mime));
        let body = within(self.limits.command(), async {
            let Err(fault) = self.connection.write(&letter).await else { return Ok(()) };
            // Servers that have had enough say so before they hang up.
            match self.connection.read().await {
                Ok(reply) if reply.code() >= 400 => Err(Fault::Refused(reply)),
                Ok(_) | Err(_) => Err(fault),
            }
        });
        body.await.map_err(|fault| Stop { phase: Phase::Named, fault })?;
        if self.limits.is_too_late_for_the_end() {
            return Err(Stop { phase: Phase::Named, fault: Fault::Silent });
        }
        let mut phase = Phase::Named;
        let end = within(self.limits.last(), async {
            self.connection.write(b".\r\n").await?;
            phase = Phase::Sent;
            expect(self.connection.read().await?, &[250])
        });
        end.await.map_err(|fault| Stop { phase, fault })
    }

    /// How many letters were begun.
    pub(super) fn letters(&self) -> u32 {
        self.letters
    }

    /// Takes leave. Whatever the server does then changes nothing, and is not waited for for long.
    pub(super) async fn quit(mut self) {
        let limit = self.limits.leave();
        let leave = async {
            self.connection.ask(&Quit.to_string()).await?;
            self.connection.close().await
        };
        let _ = within(limit, leave).await;
    }

    async fn ask(&mut self, line: &str, wanted: &[u16]) -> Result<Reply, Fault> {
        within(self.limits.command(), async { expect(self.connection.ask(line).await?, wanted) }).await
    }
}

/// Any other answer is a refusal, or none at all.
fn expect(reply: Reply, wanted: &[u16]) -> Result<Reply, Fault> {
    match reply.code() {
        code if wanted.contains(&code) => Ok(reply),
        400.. => Err(Fault::Refused(reply)),
        _ => Err(Fault::Garbled),
    }
}

/// What of a server's offers is taken up.
#[derive(Default)]
struct Offers {
    #[cfg(feature = "smtp-rustls")]
    starttls: bool,
    mechanism: Option<Mechanism>,
    reports: bool,
}

impl Offers {
    fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_whitespace();
            match words.next() {
                #[cfg(feature = "smtp-rustls")]
                Some("STARTTLS") => offers.starttls = true,
                Some("AUTH") => {
                    let named: Vec<_> = words.collect();
                    let known = [Mechanism::Plain, Mechanism::Login];
                    offers.mechanism = known.into_iter().find(|known| named.contains(&known.to_string().as_str()));
                }
                Some("DSN") => offers.reports = true,
                Some(_) | None => {}
            }
        }
        offers
    }

    /// Where the server knows of delivery reports (RFC 3461): they shall name the delivery, and
    /// not return the body, which has the link.
    fn report_parameters(&self, delivery: &str) -> Vec<MailParameter> {
        let parameter =
            |keyword: &str, value: &str| MailParameter::Other { keyword: keyword.into(), value: Some(value.into()) };
        if self.reports { vec![parameter("RET", "HDRS"), parameter("ENVID", delivery)] } else { Vec::new() }
    }
}

/// The letter as it is sent between DATA and the final dot: whole lines that end with CR LF and in
/// no other way, none of them a lone dot.
fn on_the_wire(mime: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(mime.len() + mime.len() / 64 + 2);
    let mut rest = mime;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        if line.first() == Some(&b'.') {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
        rest = after.strip_prefix(b"\r\n").unwrap_or_else(|| after.get(1..).unwrap_or_default());
    }
    wire
}

#[cfg(test)]
mod middle;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_letter_ends_it() {
        for (mime, wire) in [
            ("", ""),
            ("a", "a\r\n"),
            ("a\r\n", "a\r\n"),
            ("a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
            (".\r\n", "..\r\n"),
            ("a\r\n.\r\nMAIL FROM:<x@y.example>\r\n", "a\r\n..\r\nMAIL FROM:<x@y.example>\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n"),
            ("a\n.\r\nb\r\r\n", "a\r\n..\r\nb\r\n\r\n"),
            ("..a\r\n.b", "...a\r\n..b\r\n"),
        ] {
            assert_eq!(String::from_utf8(on_the_wire(mime.as_bytes())).unwrap(), wire, "{mime:?}");
        }
    }
}
