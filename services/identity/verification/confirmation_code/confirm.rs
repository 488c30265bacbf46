//! ConfirmCode: the person types the digits. One error for every cause; every try counts once.

use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::db::entities::confirmation_code::{self, Channel};
use crate::db::entities::evidence::Evidence;
use crate::db::entities::{ClosedSet, verification};
use crate::db::{Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::blind::Indexer;
use crate::identity::rules::TRIES;
use crate::identity::verification::find::Scope;
use crate::identity::verification::situation;
use crate::identity::verification::state::{Verification, VerificationEvent};
use crate::identity::verification::store as verifications;
use crate::identity::verification::store::state_of;
use crate::identity::verification::throttles::Meter;
use crate::identity::verification::view::{self, View};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, VerificationId};
use crate::kernel::secrets::Secret;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::send::mac;
use super::state::{Confirmation, ConfirmationEvent};
use super::store;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// What stands in the letter.
    pub engagement_number: String,
    /// The verification.
    pub verification: VerificationId,
    /// The digits that the person typed.
    pub code: Secret<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    confirmed: bool,
}

/// Checks a code and gives the verification, now VERIFIED.
pub async fn confirm_code(
    context: &Context,
    call: &Call,
    command: &Confirm,
) -> Result<View, Error> {
    let meter = Meter::of(context, call, &command.engagement_number)?;
    meter
        .person("verification", command.verification.as_bytes())
        .charge()
        .await?;
    let found = verifications::campaign(context.db.read(), &command.engagement_number).await?;
    let scope = Scope::of(found)?;
    let campaign = scope.campaign;
    let kept = check(context, call, command, campaign).await?;
    if !kept.confirmed {
        return Err(Error::ConfirmationNotAccepted);
    }
    let row = verifications::find(context.db.read(), campaign, command.verification).await?;
    let row = row.ok_or(Error::ConfirmationNotAccepted)?;
    Ok(View {
        language: situation::language(context, &row, &scope.language).await?,
        ..view::made(&row, Vec::new(), None, context.now())?
    })
}

/// One try in one transaction. A wrong one is committed like a right one: it must count.
async fn check(
    context: &Context,
    call: &Call,
    command: &Confirm,
    campaign: CampaignId,
) -> Result<Kept, Error> {
    let now = context.now();
    let indexer = context.steady_indexer(campaign)?;
    let act = |action| Act::on(action, "verification", command.verification);
    let known = (!campaign.as_uuid().is_nil()).then_some(campaign);
    let right = call.event(
        context,
        known,
        act("confirmation_code.confirmed"),
        json!({}),
    );
    let wrong = audit::Event {
        action: "confirmation_code.not_accepted",
        ..right.clone()
    };
    let (indexer, right, wrong) = (&indexer, &right, &wrong);
    context
        .db
        .run_tx("confirm_code", |tx| {
            Box::pin(async move {
                if let Some(kept) = request::answered(tx, &command.request).await? {
                    return Ok(kept);
                }
                let of = verifications::lock(tx, campaign, command.verification).await?;
                let of = of.filter(|row| call.reaches(&row.requested_by));
                let code = store::find_sent(tx, campaign, command.verification).await?;
                let confirmed = attempt(
                    tx,
                    of.zip(code),
                    indexer,
                    command,
                    (now, now + context.rules.verified_for),
                )
                .await?;
                let event = if confirmed { right } else { wrong };
                audit::record(tx, std::slice::from_ref(event)).await?;
                let kept = Kept { confirmed };
                request::record(tx, &command.request, &kept, now).await?;
                Ok(kept)
            })
        })
        .await
}

/// Tries the code that was sent, if there is one; tells whether it was right.
async fn attempt(
    tx: &Tx<'_>,
    found: Option<(verification::Model, confirmation_code::Model)>,
    indexer: &Indexer,
    command: &Confirm,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<bool, Error> {
    let Some((row, code)) = found else {
        return Ok(false);
    };
    let state = state_of(&row)?;
    if !matches!(state, Verification::ConfirmationRequired { .. }) || now >= row.expires_at {
        return Ok(false);
    }
    let typed = mac(indexer, code.id, command.code.expose());
    let right = bool::from(typed.as_bytes().ct_eq(code.mac.as_bytes()));
    let before = Confirmation::read(code.state, code.attempts, code.expires_at);
    let after = before.on(ConfirmationEvent::Try {
        right,
        at: now,
        tries: TRIES,
    });
    store::advance(tx, &code, &after).await?;
    let Confirmation::Confirmed { .. } = after else {
        return Ok(false);
    };
    let verified = state.on(VerificationEvent::Confirm { at: now });
    let verified = verified.map_err(|forbidden| Error::VerificationState {
        state: forbidden.from.as_str(),
    })?;
    let mut grounds = row.evidence()?;
    grounds.push(match code.channel {
        Channel::Email => Evidence::EmailCode,
        Channel::Sms => Evidence::SmsCode,
        Channel::Voice => Evidence::VoiceCode,
    });
    verifications::advance(tx, &row, &verified, expires_at, &grounds).await?;
    Ok(true)
}
