//! A small mail server: enough of SMTP (RFC 5321), STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954) to take a message or not to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::carriers::Certified;

/// How a mail server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Speaks TLS from the start.
    Tls,
    /// Offers STARTTLS.
    StartTls,
    /// Offers no TLS at all.
    Plain,
    /// Accepts the connection and says nothing.
    Silent,
    /// Speaks TLS and answers the message so.
    Refuses(&'static str),
}

/// What was handed over.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// The line of AUTH.
    pub login: String,
    pub from: String,
    pub to: String,
    /// Head and body as they came.
    pub data: String,
}

/// A mail server on a port of its own.
pub struct MailServer {
    pub address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl MailServer {
    pub async fn open(manner: Manner, certified: &Certified) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Self {
            address: listener.local_addr().expect("its address"),
            mails: Arc::default(),
        };
        let (mails, acceptor) = (Arc::clone(&server.mails), certified.acceptor());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = session(stream, manner, acceptor.clone(), Arc::clone(&mails));
                tokio::spawn(session);
            }
        });
        server
    }

    /// What was taken or refused, in order.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("the mails").clone()
    }
}

async fn session(
    stream: TcpStream,
    manner: Manner,
    acceptor: TlsAcceptor,
    mails: Arc<Mutex<Vec<Mail>>>,
) -> Option<()> {
    match manner {
        Manner::Silent => std::future::pending().await,
        Manner::Plain => talk(&mut BufStream::new(stream), manner, &mails).await?,
        Manner::StartTls => {
            let mut plain = BufStream::new(stream);
            talk(&mut plain, manner, &mails).await?;
            let stream = acceptor.accept(plain.into_inner()).await.ok()?;
            let mut stream = BufStream::new(stream);
            converse(&mut stream, Manner::Tls, &mails).await?;
        }
        Manner::Tls | Manner::Refuses(_) => {
            let stream = acceptor.accept(stream).await.ok()?;
            talk(&mut BufStream::new(stream), manner, &mails).await?;
        }
    }
    Some(())
}

trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

async fn talk(
    stream: &mut BufStream<impl Wire>,
    manner: Manner,
    mails: &Mutex<Vec<Mail>>,
) -> Option<()> {
    say(stream, "220 mail.example.com ESMTP").await?;
    converse(stream, manner, mails).await
}

/// Answers line after line, until the client goes or wants TLS.
async fn converse(
    stream: &mut BufStream<impl Wire>,
    manner: Manner,
    mails: &Mutex<Vec<Mail>>,
) -> Option<()> {
    let mut mail = Mail::default();
    loop {
        let line = line(stream).await?;
        let verb = line.split([' ', ':']).next()?.to_uppercase();
        match verb.as_str() {
            "EHLO" if manner == Manner::StartTls => {
                say(stream, "250-mail.example.com\r\n250 STARTTLS").await?;
            }
            "EHLO" => say(stream, "250-mail.example.com\r\n250 AUTH PLAIN").await?,
            "STARTTLS" => return say(stream, "220 go ahead").await,
            "AUTH" => {
                mail.login = line;
                say(stream, "235 welcome").await?;
            }
            "MAIL" => {
                mail.from = line;
                say(stream, "250 ok").await?;
            }
            "RCPT" => {
                mail.to = line;
                say(stream, "250 ok").await?;
            }
            "DATA" => {
                say(stream, "354 go on").await?;
                mail.data = data(stream).await?;
                mails.lock().expect("the mails").push(mail.clone());
                let answer = match manner {
                    Manner::Refuses(answer) => answer,
                    _ => "250 taken",
                };
                say(stream, answer).await?;
            }
            "QUIT" => {
                say(stream, "221 bye").await?;
                return None;
            }
            _ => say(stream, "500 what?").await?,
        }
    }
}

async fn data(stream: &mut BufStream<impl Wire>) -> Option<String> {
    let mut data = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Some(data);
        }
        data.push_str(&line);
        data.push('\n');
    }
}

async fn line(stream: &mut BufStream<impl Wire>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

async fn say(stream: &mut BufStream<impl Wire>, text: &str) -> Option<()> {
    stream
        .write_all(format!("{text}\r\n").as_bytes())
        .await
        .ok()?;
    stream.flush().await.ok()
}
