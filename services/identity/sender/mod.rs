//! Messages to people, and what carries them: [`outbox`], a folder; [`webhook`], a gateway of the operator's; [`smtp`], a mail server.
//! [`carriers`] says which of them takes what.
//!
//! A carrier is called outside any transaction, after the intent was stored. It may be called again for the same message: the
//! id says that it is the same.

pub mod carriers;
pub mod outbox;
pub mod smtp;
pub mod text;
pub mod webhook;

use futures::future::BoxFuture;
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::db::entities::ClosedSet;
use crate::db::entities::confirmation_code::Channel;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConfirmationId;
use crate::kernel::secrets::Secret;

/// One confirmation code on its way to a contact on record. Its `Debug` shows neither.
#[derive(Clone, Debug)]
pub struct ConfirmationCode {
    /// Makes a repeated message the same message.
    pub id: ConfirmationId,
    /// How it travels.
    pub channel: Channel,
    /// The address or number on record.
    pub to: Secret<String>,
    /// The digits.
    pub code: Secret<String>,
    /// When they stop being good.
    pub expires_at: Timestamp,
    /// BCP 47 language in which the person is spoken to.
    pub language: String,
}

/// Tells a contact on record that a new one was taken. Its `Debug` shows no contact.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Makes a repeated notice the same notice.
    pub id: Uuid,
    /// How it travels.
    pub channel: Channel,
    /// The address or number on record.
    pub to: Secret<String>,
}

/// Where a notice of proofing goes. Its `Debug` shows none of it.
#[derive(Clone, Debug)]
pub enum Addressee {
    /// A contact on record.
    Contact {
        /// How it travels.
        channel: Channel,
        /// The address or number.
        to: Secret<String>,
    },
    /// The postal address on record: an order to the mail house.
    Post {
        /// The name.
        name: Secret<String>,
        /// The lines below it.
        lines: Vec<Secret<String>>,
    },
}

/// Tells somebody that they were verified and enrolled, and how to repudiate it. Its `Debug` shows nothing personal.
#[derive(Clone, Debug)]
pub struct ProofingNotice {
    /// Makes a repeated notice the same notice.
    pub id: Uuid,
    /// Where it goes.
    pub to: Addressee,
    /// What repudiates it.
    pub token: Secret<String>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Tells somebody that their term is over. Its `Debug` shows nothing personal.
#[derive(Clone, Debug)]
pub struct TermOverNotice {
    /// Makes a repeated notice the same notice.
    pub id: Uuid,
    /// Where it goes.
    pub to: Addressee,
}

/// What is sent to people.
#[derive(Clone, Debug)]
pub enum Message {
    /// A confirmation code.
    Code(ConfirmationCode),
    /// A new contact was taken.
    NewContact(Notice),
    /// Somebody was verified and enrolled.
    Proofing(ProofingNotice),
    /// Somebody's term is over.
    TermOver(TermOverNotice),
}

impl Message {
    /// Gives what makes a repeated message the same message.
    pub const fn id(&self) -> Uuid {
        match self {
            Self::Code(code) => code.id.as_uuid(),
            Self::NewContact(notice) => notice.id,
            Self::Proofing(notice) => notice.id,
            Self::TermOver(notice) => notice.id,
        }
    }

    /// Gives the e-mail address of a message that travels so.
    pub fn email(&self) -> Option<&Secret<String>> {
        let (channel, to) = match self {
            Self::Code(code) => (code.channel, &code.to),
            Self::NewContact(notice) => (notice.channel, &notice.to),
            Self::Proofing(ProofingNotice { to, .. })
            | Self::TermOver(TermOverNotice { to, .. }) => match to {
                Addressee::Contact { channel, to } => (*channel, to),
                Addressee::Post { .. } => return None,
            },
        };
        (channel == Channel::Email).then_some(to)
    }

    /// Gives the message as JSON, as the outbox stores it and the webhook posts it.
    pub fn json(&self) -> Zeroizing<String> {
        let body = match self {
            Self::Code(code) => json!({
                "confirmation_id": code.id,
                "channel": code.channel.as_str(),
                "to": code.to.expose(),
                "code": code.code.expose(),
                "expires_at": code.expires_at,
                "language_code": code.language,
            }),
            Self::NewContact(notice) => json!({
                "notice_id": notice.id,
                "channel": notice.channel.as_str(),
                "to": notice.to.expose(),
                "text": text::NEW_CONTACT,
            }),
            Self::Proofing(notice) => {
                let (channel, to) = addressee(&notice.to);
                json!({
                    "notice_id": notice.id,
                    "channel": channel,
                    "to": to,
                    "text": text::PROOFED,
                    "token": notice.token.expose(),
                    "expires_at": notice.expires_at,
                })
            }
            Self::TermOver(notice) => {
                let (channel, to) = addressee(&notice.to);
                json!({
                    "notice_id": notice.id,
                    "channel": channel,
                    "to": to,
                    "text": text::TERM_OVER,
                })
            }
        };
        Zeroizing::new(body.to_string())
    }
}

fn addressee(to: &Addressee) -> (&'static str, serde_json::Value) {
    match to {
        Addressee::Contact { channel, to } => (channel.as_str(), json!(to.expose())),
        Addressee::Post { name, lines } => {
            let below = lines.iter().map(|line| line.expose().as_str());
            let all: Vec<&str> = [name.expose().as_str()].into_iter().chain(below).collect();
            ("POST", json!(all))
        }
    }
}

impl From<ConfirmationCode> for Message {
    fn from(code: ConfirmationCode) -> Self {
        Self::Code(code)
    }
}

impl From<Notice> for Message {
    fn from(notice: Notice) -> Self {
        Self::NewContact(notice)
    }
}

impl From<TermOverNotice> for Message {
    fn from(notice: TermOverNotice) -> Self {
        Self::TermOver(notice)
    }
}

impl From<ProofingNotice> for Message {
    fn from(notice: ProofingNotice) -> Self {
        Self::Proofing(notice)
    }
}

/// A message was not taken. Why is in the log of the carrier, for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The carrier does not work now; the same message may be taken later.
    #[error("the carrier did not take the message")]
    Transient,
    /// The carrier refuses this message, and would again.
    #[error("the carrier refuses the message for good")]
    Permanent,
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Transient => Self::Send,
            SendError::Permanent => Self::ContactRefused,
        }
    }
}

/// Carries messages to people.
pub trait Sender: Send + Sync {
    /// Hands over one message; the same id again is the same message.
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>>;
}
