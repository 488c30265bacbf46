//! A mail server: plain text by e-mail, always inside of TLS.
//!
//! The `Message-ID` follows from the message's id, so a mail server or a mailbox recognises one that is handed over again. One
//! connection a message; what the server says is not logged, as it may repeat the address.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Message, SendError, Sender, text};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::secrets::Secret;

/// Where a mail server is: `smtps://HOST:PORT` speaks TLS from the start, `smtp://HOST:PORT` after STARTTLS, which it must offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpUrl {
    host: String,
    port: u16,
    starts_with_tls: bool,
}

impl FromStr for SmtpUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: &str =
            "must be smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT (TLS), without user and path";
        let uri: http::Uri = text.parse().map_err(|_| RULE)?;
        let (starts_with_tls, usual) = match uri.scheme_str() {
            Some("smtps") => (true, 465),
            Some("smtp") => (false, 587),
            _ => return Err(RULE),
        };
        let place = uri.authority().ok_or(RULE)?;
        let host = place.host().trim_matches(['[', ']']);
        let is_bare = matches!(uri.path(), "" | "/") && !place.as_str().contains('@');
        if host.is_empty() || !is_bare {
            return Err(RULE);
        }
        Ok(Self {
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(usual),
            starts_with_tls,
        })
    }
}

/// Who sends.
#[derive(Clone, PartialEq, Eq)]
pub struct MailFrom(Mailbox);

impl FromStr for MailFrom {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mailbox = text.parse();
        mailbox
            .map(Self)
            .map_err(|_| "must be an address: NAME <someone@example.com> or someone@example.com")
    }
}

impl fmt::Debug for MailFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What the mail server asks for, if it asks.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user.
    pub user: Secret<String>,
    /// The password.
    pub password: Secret<String>,
}

/// Why there is no mail server to send by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no certificate in PEM can be read in it")]
pub struct NoAuthorities;

/// Sends e-mail.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
    clock: Clock,
}

impl Smtp {
    /// Makes what sends by a server that shows a certificate of a public authority or, if a file is given, of one in it.
    pub fn new(
        url: &SmtpUrl,
        from: MailFrom,
        login: Option<&Login>,
        (authorities, timeout, clock): (Option<&Path>, Duration, Clock),
    ) -> Result<Self, NoAuthorities> {
        let tls = tls(&url.host, authorities)?;
        let tls = if url.starts_with_tls {
            Tls::Wrapper(tls)
        } else {
            Tls::Required(tls)
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&url.host)
            .port(url.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.0.email.domain().to_owned()))
            .timeout(Some(timeout));
        let builder = match login {
            Some(Login { user, password }) => builder.credentials(Credentials::new(
                user.expose().clone(),
                password.expose().clone(),
            )),
            None => builder,
        };
        Ok(Self {
            transport: builder.build(),
            from: from.0,
            timeout,
            clock,
        })
    }

    fn mail(&self, message: &Message) -> Option<lettre::Message> {
        let to: Address = message.email()?.expose().parse().ok()?;
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let builder = MessageBuilder::new()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .message_id(Some(format!(
                "<{}@{}>",
                message.id(),
                self.from.email.domain()
            )))
            .date(system_time(self.clock.now()))
            .subject(subject(message))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN);
        builder.body(plain(message)).ok()
    }
}

/// Gives the subject. Nothing secret or personal stands in it: it is shown on locked screens and kept in logs.
const fn subject(message: &Message) -> &'static str {
    match message {
        Message::Code(_) => "Your confirmation code / Su código de confirmación",
        Message::NewContact(_) => "Your contact details / Sus datos de contacto",
        Message::Proofing(_) => "Your enrollment / Su inscripción",
        Message::TermOver(_) => "The end of your monitoring / El fin de su monitoreo",
    }
}

fn plain(message: &Message) -> String {
    match message {
        Message::Code(code) => text::confirmation(&code.code, code.expires_at, &code.language),
        Message::NewContact(_) => text::new_contact(),
        Message::Proofing(notice) => text::proofing(&notice.token, notice.expires_at),
        Message::TermOver(_) => text::term_over(),
    }
}

fn tls(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, NoAuthorities> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(path) = authorities {
        let pem = std::fs::read(path).map_err(|_| NoAuthorities)?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| NoAuthorities)?;
        tls = tls.add_root_certificate(certificate);
    }
    tls.build().map_err(|_| NoAuthorities)
}

fn system_time(at: Timestamp) -> SystemTime {
    let micros = u64::try_from(at.as_micros()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}

/// Says why a mail was not taken, without the server's words.
fn cause(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("answer {code}"),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None if error.is_tls() => "no TLS, or its certificate is not trusted".to_owned(),
        None => "it cannot be reached, or does not speak as it should".to_owned(),
    }
}

/// A 5xx is final (RFC 5321, 4.2.1), but for a server that does not let us in (53x, RFC 4954): that is about our settings, and not about the
/// message.
fn kind_of(error: &lettre::transport::smtp::Error) -> SendError {
    let is_about_us = error
        .status()
        .is_some_and(|code| code.to_string().starts_with("53"));
    if error.is_permanent() && !is_about_us {
        SendError::Permanent
    } else {
        SendError::Transient
    }
}

impl Sender for Smtp {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(async move {
            let id = message.id();
            let Some(mail) = self.mail(&message) else {
                tracing::error!(message_id = %id, "an address on record is none that mail can go to");
                return Err(SendError::Permanent);
            };
            let sent = tokio::time::timeout(self.timeout, self.transport.send(mail)).await;
            let (cause, kind) = match sent {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => (cause(&error), kind_of(&error)),
                Err(_elapsed) => ("no answer in time".to_owned(), SendError::Transient),
            };
            tracing::error!(message_id = %id, %cause, "the mail server did not take a message");
            Err(kind)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_always_behind_tls() {
        let read = |text: &str| {
            text.parse::<SmtpUrl>()
                .map(|url| (url.port, url.starts_with_tls))
        };
        assert_eq!(read("smtps://mail.example.com"), Ok((465, true)));
        assert_eq!(read("smtp://mail.example.com"), Ok((587, false)));
        assert_eq!(read("smtp://[::1]:2525"), Ok((2525, false)));
        for bad in [
            "",
            "mail.example.com",
            "http://x",
            "smtp://a:b@x",
            "smtp://x/path",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!("Redress <no-reply@example.com>".parse::<MailFrom>().is_ok());
        assert!("nobody".parse::<MailFrom>().is_err());
    }
}
