//! SendConfirmationCode: a one-time code to a contact that was on the roster before.
//!
//! The digits are derived from the code's id under the index key, as their MAC is. So a call that is repeated after a crash
//! sends the same digits again, and nothing that could be read is stored. The message is handed over outside any transaction,
//! after the intent was committed.

use serde_json::json;
use uuid::Uuid;

use crate::db::entities::confirmation_code::{self, Channel, State};
use crate::db::entities::{ClosedSet, verification};
use crate::db::{self, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::blind::Indexer;
use crate::identity::matching::contact;
use crate::identity::roster;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::rules::{EMAIL_CODE_LIFE, PHONE_CODE_LIFE};
use crate::identity::sender::Message;
use crate::identity::verification::state::Verification;
use crate::identity::verification::store as verifications;
use crate::identity::verification::store::state_of;
use crate::identity::verification::throttles::{self, Meter};
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto;
use crate::kernel::ids::{CampaignId, ConfirmationId, ContactId, IndividualId, VerificationId};
use crate::kernel::secrets::Secret;
use crate::process::request::{self, Request};
use crate::process::{Act, Call, throttle};

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
    /// Which of the contacts on record to use.
    pub contact: ContactId,
    /// How; nothing means as the contact is reached commonly.
    pub channel: Option<Channel>,
}

/// Sends a code and gives when it stops being good.
pub async fn send_confirmation_code(
    context: &Context,
    call: &Call,
    command: &Send,
) -> Result<Timestamp, Error> {
    Meter::of(context, call, &command.engagement_number)?
        .charge()
        .await?;
    let (campaign, recipient) = recipient(context, call, command).await?;
    let channel = recipient.as_ref().map(|recipient| recipient.channel);
    let row = intend(context, call, command, campaign, channel).await?;
    if let Some(recipient) = recipient
        && row.state == State::Sent
        && context.now() < row.expires_at
    {
        let code = digits(&context.steady_indexer(campaign)?, row.id);
        let message = Message {
            id: row.id,
            channel: row.channel,
            to: recipient.to,
            code,
            expires_at: row.expires_at,
        };
        context
            .sender
            .send(message)
            .await
            .map_err(|_| Error::Send)?;
    }
    Ok(row.expires_at)
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
    let Ok(individual) = may_send(&row, context.now()) else {
        return Ok((campaign.id, None));
    };
    let person = roster::store::individual(context.db.read(), campaign.id, individual).await?;
    let person = person.ok_or(Error::IndividualErased)?;
    if person.salt.is_none() {
        return Err(Error::IndividualErased);
    }
    let sealer = context.sealer(&key.ok_or(Error::CampaignErased)?)?;
    let person = decrypt(&sealer, &person)?.ok_or(Error::IndividualErased)?;
    let indexer = context.steady_indexer(campaign.id)?;
    let found = contact::contacts(&person)
        .find(|contact| contact.id(&indexer, individual) == command.contact)
        .ok_or(Error::NoContactOnRecord)?;
    let channel = command.channel.unwrap_or(found.kind.channel());
    if !found.kind.is_reached_by(channel) {
        let rule = "must be SMS or VOICE for a telephone, EMAIL for an e-mail address, or empty";
        return Err(Error::field("channel", rule));
    }
    let to = found.value.clone();
    Ok((campaign.id, Some(Recipient { channel, to })))
}

/// Whom a code goes to.
struct Recipient {
    /// How.
    channel: Channel,
    /// The address or number on record.
    to: Secret<String>,
}

/// Stores that a code will be sent; gives the code of the earlier call if the request is repeated.
async fn intend(
    context: &Context,
    call: &Call,
    command: &Send,
    campaign: CampaignId,
    channel: Option<Channel>,
) -> Result<confirmation_code::Model, Error> {
    let now = context.now();
    let id: ConfirmationId = context.ids.next();
    let indexer = context.steady_indexer(campaign)?;
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
    let act = Act::on(
        "confirmation_code.sent",
        "verification",
        command.verification,
    );
    let event = call.event(
        context,
        Some(campaign),
        act,
        json!({ "channel": channel.map(Channel::as_str) }),
    );
    let (row, event) = (&row, &event);
    context
        .db
        .run_tx("send_confirmation_code", |tx| {
            Box::pin(async move {
                if let Some(id) = request::answered(tx, &command.request).await? {
                    let earlier = store::find(tx, campaign, id).await?;
                    return earlier.ok_or(Error::VerificationNotFound);
                }
                let of = verifications::lock(tx, campaign, command.verification).await?;
                let individual = may_send(&of.ok_or(Error::VerificationNotFound)?, now)?;
                // It could not have a code a moment ago.
                let row = row.as_ref();
                let row = row.ok_or_else(|| db::Error::overtaken("verification"))?;
                if store::count(tx, campaign, command.verification).await? >= context.rules.sends {
                    return Err(Error::SendsSpent);
                }
                throttle::charge_in(tx, &[throttles::send_charge(context, individual)?], now)
                    .await?;
                store::insert(tx, row).await?;
                audit::record(tx, std::slice::from_ref(event)).await?;
                request::record(tx, &command.request, &id, now).await?;
                Ok(row.clone())
            })
        })
        .await
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
mod tests {
    use super::*;
    use crate::kernel::crypto::Key;

    #[test]
    fn digits_are_six_and_their_mac_is_bound_to_the_code() {
        let campaign = CampaignId::from_uuid(Uuid::from_u128(1));
        let indexer = Indexer::new(campaign, &Key::from_bytes([1; 32]));
        let id = |n| ConfirmationId::from_uuid(Uuid::from_u128(n));
        let seen: std::collections::BTreeSet<String> = (0..200)
            .map(|n| digits(&indexer, id(n)).expose().clone())
            .collect();
        assert!(seen.len() > 195 && seen.iter().all(|digits| digits.len() == DIGITS));
        assert_eq!(
            digits(&indexer, id(7)).expose(),
            digits(&indexer, id(7)).expose()
        );
        assert_ne!(
            mac(&indexer, id(7), "123456"),
            mac(&indexer, id(8), "123456")
        );
    }
}
