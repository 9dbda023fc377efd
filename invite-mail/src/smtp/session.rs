//! The conversation: from the greeting to the last answer, and on to the next letter.

use invite_core::Outcome;
use lettre::{
    address::Envelope,
    transport::smtp::{
        commands::{Data, Ehlo, Mail, Quit, Rcpt, Rset},
        extension::ClientId,
    },
};
use zeroize::Zeroizing;

use super::{
    auth::log_in,
    connection::{Connection, Fault, connect, expect, within},
    limits::Running,
    offers::Offers,
    reply::Reply,
    server::{Channel, SmtpServer},
    verdict::{self, Phase, Stop},
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
        let (mut connection, secured) = match channel {
            Channel::Plain => (Connection::new(stream), false),
            #[cfg(feature = "smtp-rustls")]
            Channel::Upgraded(_) => (Connection::new(stream), false),
            #[cfg(feature = "smtp-rustls")]
            Channel::Tls(tls) => (Connection::new(tls.handshake(stream, limits.connect()).await?), true),
        };
        let greeting = within(limits.command(), async { expect(connection.read().await?, &[220]) }).await;
        // A server that waits for TLS cannot say so.
        if matches!(greeting, Err(Fault::Silent)) && !secured && connection.is_quiet() {
            let text = "the mail server said nothing within the time limit; it may expect TLS from the start";
            return Err(Fault::Decided(Outcome::Unreachable { text: text.into() }));
        }
        greeting?;
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
        if let Some(login) = &server.login {
            let offered = &session.offers.mechanisms;
            let named = (server.host.as_str(), server.port_or_default());
            log_in(&mut session.connection, login, offered, named, limits.command()).await?;
        }
        Ok(session)
    }

    async fn hello(&mut self, hello: &ClientId) -> Result<(), Fault> {
        let reply = within(self.limits.command(), async {
            let reply = self.connection.ask(&Ehlo::new(hello.clone()).to_string()).await?;
            // Servers from before EHLO (RFC 5321, 3.2) offer nothing and may take a letter all the same.
            if matches!(reply.code(), 500 | 502) {
                let reply = expect(self.connection.ask(&format!("HELO {hello}\r\n")).await?, &[250]);
                return reply.map(|_| None);
            }
            expect(reply, &[250]).map(Some)
        });
        self.offers = reply.await?.as_ref().map(Offers::read).unwrap_or_default();
        Ok(())
    }

    /// Makes sure that a session that has waited is alive, and forgets what was begun.
    pub(super) async fn reset(&mut self, limits: Running) -> Result<(), Stop> {
        self.limits = limits;
        let reset = self.ask(&Rset.to_string(), &[250]).await;
        reset.map(drop).map_err(|fault| Stop { phase: Phase::Opening, fault })
    }

    /// Says from whom and to whom, until the server waits for the letter of this size.
    pub(super) async fn begin(&mut self, envelope: &Envelope, delivery: &str, size: usize) -> Result<(), Stop> {
        self.letters += 1;
        let stop = |phase| move |fault| Stop { phase, fault };
        if let Some(limit) = self.offers.exceeded_by(size) {
            let text = format!("the letter has {size} bytes, and the mail server takes {limit}");
            return Err(stop(Phase::Opening)(Fault::Decided(Outcome::ComposeFailed { text })));
        }
        let mail = Mail::new(envelope.from().cloned(), self.offers.mail_parameters(delivery, size));
        let begun = self.ask(&mail.to_string(), &[250]).await;
        begun.map_err(|fault| stop(Phase::Opening)(verdict::at_mail(fault)))?;
        for to in envelope.to() {
            let rcpt = Rcpt::new(to.clone(), self.offers.recipient_parameters(to)).to_string();
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

    /// Takes leave. Whatever the server does then changes nothing, so its answer is awaited for a second at most.
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
