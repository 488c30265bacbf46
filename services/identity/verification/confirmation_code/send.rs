//! SendConfirmationCode: a one-time code to a contact that was on the roster before.
//!
//! The digits are derived from the code's id under the index key, as their MAC is. So a call that is repeated after a crash
//! sends the same digits again, and nothing that could be read is stored. The message is handed over outside any transaction,
//! after the intent was committed.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::db::entities::confirmation_code::{self, Channel, State};
use crate::db::entities::{ClosedSet, verification};
use crate::db::{self, Tx, audit};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::identity::matching::blind::Indexer;
use crate::identity::matching::contact::Contact;
use crate::identity::roster;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::rules::{EMAIL_CODE_LIFE, PHONE_CODE_LIFE};
use crate::identity::sender::{ConfirmationCode, SendError};
use crate::identity::verification::borne::Bearers;
use crate::identity::verification::lost_letter;
use crate::identity::verification::situation;
use crate::identity::verification::state::Verification;
use crate::identity::verification::store as verifications;
use crate::identity::verification::store::state_of;
use crate::identity::verification::throttles::{self, Meter};
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto;
use crate::kernel::ids::{CampaignId, ConfirmationId, ContactId, IndividualId, VerificationId};
use crate::kernel::secrets::Secret;
use crate::process::request::{self, Request};
use crate::process::throttle::{self, Budget, Standing};
use crate::process::{Act, Call};

use super::store;

/// How many digits a code has.
pub const DIGITS: usize = 6;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Send {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// What stands in the letter.
    pub engagement_number: String,
    /// The verification that needs confirmation.
    pub verification: VerificationId,
    /// Which of the contacts on record to use; nothing where none was shown.
    pub contact: Option<ContactId>,
    /// How; nothing means as the contact is reached commonly.
    pub channel: Option<Channel>,
}

/// Sends a code and gives when it stops being good.
///
/// Whoever asked without a letter and without an agent gets the same answer whether a code goes out or not.
pub async fn send_confirmation_code(
    context: &Context,
    call: &Call,
    command: &Send,
) -> Result<Timestamp, Error> {
    Meter::of(context, call, &command.engagement_number)?
        .charge()
        .await?;
    let (campaign, recipient) = recipient(context, call, command).await?;
    let row = intend(context, call, command, campaign, recipient.as_ref()).await?;
    let expires_at = row.expires_at;
    let Some(Recipient {
        to: Some(to),
        alone,
        language,
        ..
    }) = recipient
    else {
        return Ok(expires_at);
    };
    if row.state != State::Sent || context.now() >= expires_at {
        return Ok(expires_at);
    }
    let message = ConfirmationCode {
        id: row.id,
        channel: row.channel,
        to,
        code: digits(&context.steady_indexer(campaign)?, row.id),
        expires_at,
        language,
    };
    let sender = Arc::clone(&context.sender);
    if alone {
        // How long a gateway takes would tell that there is a contact.
        tokio::spawn(async move {
            if let Err(error) = sender.send(message.into()).await {
                tracing::warn!(
                    %error,
                    "a confirmation code was not handed over; the person can ask for another"
                );
            }
        });
    } else if let Err(error) = sender.send(message.into()).await {
        if error == SendError::Permanent {
            record_refused(context, call, (campaign, command.verification)).await?;
        }
        return Err(error.into());
    }
    Ok(expires_at)
}

/// Records that a carrier refuses messages to a contact for good.
async fn record_refused(
    context: &Context,
    call: &Call,
    (campaign, verification): (CampaignId, VerificationId),
) -> Result<(), Error> {
    let act = Act::on(
        "confirmation_code.contact_refused",
        "verification",
        verification,
    );
    let event = call.event(context, Some(campaign), act, json!({}));
    disclosure::record(context, "audit_contact_refused", &event).await
}

/// Finds the contact on record of a verification that may have a code. For any other the person is not decrypted, so that the
/// answer depends on the state alone; a repeated request is recognised later.
async fn recipient(
    context: &Context,
    call: &Call,
    command: &Send,
) -> Result<(CampaignId, Option<Recipient>), Error> {
    let found = verifications::campaign(context.db.read(), &command.engagement_number).await?;
    let (campaign, key) = found.ok_or(Error::VerificationNotFound)?;
    let read = context.db.read();
    let row = verifications::find_reached(read, campaign.id, command.verification, call).await?;
    let row = row.ok_or(Error::VerificationNotFound)?;
    let alone = lost_letter::shows_nothing(&row);
    let asked = if alone {
        Asked::alone(command)?
    } else {
        let Ok(_) = may_send(&row, context.now()) else {
            return Ok((campaign.id, None));
        };
        Asked::shown(command)?
    };
    let person = match row.individual_id {
        Some(id) => roster::store::individual(read, campaign.id, id).await?,
        None => None,
    };
    let sealer = key
        .filter(|key| key.wrapped.is_some())
        .map(|key| context.sealer(&key));
    let opened = match (&person, sealer.transpose()?) {
        (Some(row), Some(sealer)) => decrypt(&sealer, row)?,
        _ => None,
    };
    if opened.is_none() && !alone {
        return Err(Error::IndividualErased);
    }
    let bearers = Bearers::of(context, campaign.id, opened.iter()).await?;
    let contacts = opened.as_ref().map(|person| bearers.own_contacts(person));
    let indexer = context.steady_indexer(campaign.id)?;
    let chosen = asked.choose(contacts.unwrap_or_default(), &indexer, row.individual_id)?;
    let recipient = Recipient {
        alone,
        language: situation::language(context, &row, &campaign.language).await?,
        ..chosen
    };
    Ok((campaign.id, Some(recipient)))
}

/// How a contact is chosen.
enum Asked {
    /// One of those that were shown.
    Shown(ContactId, Option<Channel>),
    /// Nothing was shown: whichever the person has that this channel reaches.
    Alone(Channel),
}

impl Asked {
    fn shown(command: &Send) -> Result<Self, Error> {
        let missing = || Error::field("contact_id", "must be one of the verification's contacts");
        let contact = command.contact.ok_or_else(missing)?;
        Ok(Self::Shown(contact, command.channel))
    }

    fn alone(command: &Send) -> Result<Self, Error> {
        if command.contact.is_some() {
            let rule = "must be empty for a verification that shows no contacts";
            return Err(Error::field("contact_id", rule));
        }
        let missing = || {
            Error::field(
                "channel",
                "must be EMAIL, SMS or VOICE, as the person wishes",
            )
        };
        command.channel.map(Self::Alone).ok_or_else(missing)
    }

    fn choose(
        self,
        contacts: Vec<Contact<'_>>,
        indexer: &Indexer,
        individual: Option<IndividualId>,
    ) -> Result<Recipient, Error> {
        let (channel, to) = match self {
            Self::Alone(channel) => {
                let mut contacts = contacts.into_iter();
                let found = contacts.find(|contact| contact.kind.is_reached_by(channel));
                (channel, found)
            }
            Self::Shown(id, channel) => {
                let is_it = |contact: &Contact<'_>| {
                    individual.is_some_and(|of| indexer.contact_id(contact, of) == id)
                };
                let found = contacts.into_iter().find(is_it);
                let found = found.ok_or(Error::NoContactOnRecord)?;
                let channel = channel.unwrap_or(found.kind.channel());
                if !found.kind.is_reached_by(channel) {
                    let rule = "must be SMS or VOICE for a telephone, EMAIL for an e-mail address, or empty";
                    return Err(Error::field("channel", rule));
                }
                (channel, Some(found))
            }
        };
        Ok(Recipient {
            channel,
            to: to.map(|contact| contact.value.clone()),
            alone: false,
            language: String::new(),
        })
    }
}

/// Whom a code goes to.
struct Recipient {
    /// How.
    channel: Channel,
    /// The address or number on record; nothing where nobody may know that there is none.
    to: Option<Secret<String>>,
    /// Whether whoever asked is told nothing.
    alone: bool,
    /// In which language the person is spoken to.
    language: String,
}

/// Stores that a code will be sent; gives the code of the earlier call if the request is repeated.
async fn intend(
    context: &Context,
    call: &Call,
    command: &Send,
    campaign: CampaignId,
    recipient: Option<&Recipient>,
) -> Result<confirmation_code::Model, Error> {
    let now = context.now();
    let id: ConfirmationId = context.ids.next();
    let indexer = context.steady_indexer(campaign)?;
    let channel = recipient.map(|recipient| recipient.channel);
    let row = channel.map(|channel| confirmation_code::Model {
        campaign_id: campaign,
        id,
        verification_id: command.verification,
        channel,
        mac: mac(&indexer, id, digits(&indexer, id).expose()),
        attempts: 0,
        state: State::Sent,
        sent_at: now,
        expires_at: now + life(channel),
    });
    let verification = command.verification;
    let event = |action| {
        let act = Act::on(action, "verification", verification);
        let detail = json!({ "channel": channel.map(Channel::as_str) });
        call.event(context, Some(campaign), act, detail)
    };
    let sent = event("confirmation_code.sent");
    // Nobody outside learns that there is nobody to send it to.
    let not_sent = event("confirmation_code.not_sent");
    let has_contact = recipient.is_none_or(|recipient| recipient.to.is_some());
    let (row, sent, not_sent) = (&row, &sent, &not_sent);
    context
        .db
        .run_tx("send_confirmation_code", |tx| {
            Box::pin(async move {
                if let Some(id) = request::answered(tx, &command.request).await? {
                    let earlier = store::find(tx, campaign, id).await?;
                    return earlier.ok_or(Error::VerificationNotFound);
                }
                let of = verifications::lock(tx, campaign, verification).await?;
                let of = of.ok_or(Error::VerificationNotFound)?;
                let allowed = if lost_letter::shows_nothing(&of) {
                    allowed_alone(context, tx, &of, now).await?
                } else {
                    let individual = may_send(&of, now)?;
                    let charge = throttles::send_charge(context, "send", individual.as_uuid())?;
                    is_among_the_first(context, tx, &of).await?;
                    throttle::charge_in(tx, &[charge], now).await?;
                    true
                };
                // It could not have a code a moment ago.
                let row = row.as_ref();
                let row = row.ok_or_else(|| db::Error::overtaken("verification"))?;
                let goes_out = allowed && has_contact;
                let row = confirmation_code::Model {
                    state: if goes_out { State::Sent } else { State::Spent },
                    ..row.clone()
                };
                store::insert(tx, &row).await?;
                let event = if goes_out { sent } else { not_sent };
                audit::record(tx, std::slice::from_ref(event)).await?;
                request::record(tx, &command.request, &id, now).await?;
                Ok(row)
            })
        })
        .await
}

/// Tells whether a code may go out for a verification of which whoever asked is told nothing. What its person has spent elsewhere must not show
/// either.
async fn allowed_alone(
    context: &Context,
    tx: &Tx<'_>,
    of: &verification::Model,
    now: Timestamp,
) -> Result<bool, Error> {
    if now >= of.expires_at {
        return Err(Error::VerificationExpired);
    }
    is_among_the_first(context, tx, of).await?;
    // A wrong claim spends nothing of the person's, and a right one nothing of what the holder of a letter has.
    let is_found = of.state == verification::State::ConfirmationRequired;
    let individual = of.individual_id.filter(|_| is_found);
    let whose = individual.map_or(of.id.as_uuid(), IndividualId::as_uuid);
    let budget = Budget {
        charge: throttles::send_charge(context, "send alone", whose)?,
        returned: 0,
    };
    let standing = throttle::charge_with_in(tx, &[], budget, now).await?;
    Ok(is_found && matches!(standing, Standing::Charged))
}

/// Demands that fewer codes were asked for than a verification has.
async fn is_among_the_first(
    context: &Context,
    tx: &Tx<'_>,
    of: &verification::Model,
) -> Result<(), Error> {
    if store::count(tx, of.campaign_id, of.id).await? >= context.rules.sends {
        return Err(Error::SendsSpent);
    }
    Ok(())
}

fn may_send(row: &verification::Model, now: Timestamp) -> Result<IndividualId, Error> {
    match state_of(row)? {
        Verification::ConfirmationRequired { .. } if now >= row.expires_at => {
            Err(Error::VerificationExpired)
        }
        Verification::ConfirmationRequired { individual } => Ok(individual),
        other => Err(Error::VerificationState {
            state: other.state().as_str(),
        }),
    }
}

fn life(channel: Channel) -> std::time::Duration {
    match channel {
        Channel::Email => EMAIL_CODE_LIFE,
        Channel::Sms | Channel::Voice => PHONE_CODE_LIFE,
    }
}

/// Derives the digits of a code. A 64-bit number modulo a million is uniform to one part in 10^13.
pub fn digits(indexer: &Indexer, id: ConfirmationId) -> Secret<String> {
    let mac = indexer.secret("confirmation digits", &[id.as_bytes()]);
    let mut eight = [0; 8];
    eight.copy_from_slice(&mac[..8]);
    let number = u64::from_be_bytes(eight) % 10_u64.pow(6);
    Secret::new(format!("{number:0DIGITS$}"))
}

/// Gives the MAC under which digits are stored and compared.
pub fn mac(indexer: &Indexer, id: ConfirmationId, digits: &str) -> Uuid {
    crypto::half(&indexer.secret("confirmation code", &[id.as_bytes(), digits.as_bytes()]))
}

#[cfg(test)]
mod tests;
