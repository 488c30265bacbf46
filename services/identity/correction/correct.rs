//! CorrectEnrollment: what a person mends or chooses, sealed beside the roster's record.
//!
//! The roster stays as it is. A contact that was not on record is taken only with a stronger verification, and one that was on record
//! is told of it, after the correction was committed; the same request again tells it again.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::db::entities::evidence::Evidence;
use crate::db::entities::{ClosedSet, enrollment, individual, supplement, verification};
use crate::db::{Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::{self, Error};
use crate::identity::matching::contact::{self, Contact, Kind};
use crate::identity::roster;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::sender::{Notice, SendError};
use crate::identity::verification::borne::Bearers;
use crate::identity::verification::store as verifications;
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};
use crate::kernel::person::Person;
use crate::kernel::person_sealer::{PersonSealer, Place};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::store;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Correct {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// The campaign.
    pub campaign: CampaignId,
    /// The enrollment.
    pub enrollment: EnrollmentId,
    /// What shows that the person asks.
    pub verification: VerificationId,
    /// What is mended or chosen; what is empty stays as it is.
    pub correction: Person,
    /// The names of the fields that are given.
    pub fields: Vec<&'static str>,
}

/// The stored answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    at: Timestamp,
    /// Kinds of contact that are new; a contact on record is told of each.
    email: bool,
    phone: bool,
}

/// Takes a correction and gives when it was taken.
pub async fn correct_enrollment(
    context: &Context,
    call: &Call,
    command: &Correct,
) -> Result<Timestamp, Error> {
    let read = context.db.read();
    let campaign = command.campaign;
    let enrollment = roster::store::enrollment(read, campaign, command.enrollment).await?;
    let individual = enrollment.ok_or(Error::NotVerified)?.individual_id;
    let key = roster::store::find_key(read, campaign).await?;
    let sealer = context.sealer(&key.ok_or(Error::CampaignErased)?)?;
    let kept = take(context, call, command, (individual, &sealer)).await?;
    tell(context, command, individual, &sealer, kept).await?;
    Ok(kept.at)
}

async fn take(
    context: &Context,
    call: &Call,
    command: &Correct,
    (individual, sealer): (IndividualId, &PersonSealer),
) -> Result<Kept, Error> {
    let act = Act::on("enrollment.corrected", "enrollment", command.enrollment);
    let detail = json!({ "fields": command.fields });
    let event = call.event(context, Some(command.campaign), act, detail);
    let (event, actor, now) = (&event, call.actor(), context.now());
    let actor = actor.as_str();
    context
        .db
        .run_tx("correct_enrollment", |tx| {
            Box::pin(async move {
                if let Some(kept) = request::answered(tx, &command.request).await? {
                    return Ok(kept);
                }
                let row = store::lock_individual(tx, command.campaign, individual).await?;
                let row = row.ok_or(Error::IndividualErased)?;
                let grounds = verified(tx, call, command, (individual, now)).await?;
                let kept = write(tx, command, (&row, sealer), &grounds, (now, actor)).await?;
                audit::record(tx, std::slice::from_ref(event)).await?;
                request::record(tx, &command.request, &kept, now).await?;
                Ok(kept)
            })
        })
        .await
}

/// Demands that enrollment and verification allow it; gives what the verification rests on.
async fn verified(
    tx: &Tx<'_>,
    call: &Call,
    command: &Correct,
    (individual, now): (IndividualId, Timestamp),
) -> Result<Vec<Evidence>, Error> {
    let campaign = command.campaign;
    let row = verifications::find_reached(tx, campaign, command.verification, call).await?;
    let of_the_person = |row: &verification::Model| {
        row.state == verification::State::Verified && row.individual_id == Some(individual)
    };
    let row = row.filter(of_the_person).ok_or(Error::NotVerified)?;
    if now >= row.expires_at {
        return Err(Error::VerificationExpired);
    }
    // A verification that was made for an enrollment which a letter began ends with it.
    let other = row.enrollment_id.filter(|of| *of != command.enrollment);
    if let Some(other) = other {
        let other = roster::store::enrollment(tx, campaign, other).await?;
        let is_void = |of: enrollment::Model| {
            of.state == enrollment::State::Canceled && of.code_mac.is_some()
        };
        if other.is_some_and(is_void) {
            return Err(Error::NotVerified);
        }
    }
    let enrollment = roster::store::enrollment(tx, campaign, command.enrollment).await?;
    let state = enrollment.ok_or(Error::NotVerified)?.state;
    if state == enrollment::State::Canceled {
        return Err(Error::EnrollmentState {
            state: state.as_str(),
        });
    }
    Ok(row.evidence()?)
}

async fn write(
    tx: &Tx<'_>,
    command: &Correct,
    (row, sealer): (&individual::Model, &PersonSealer),
    grounds: &[Evidence],
    (now, actor): (Timestamp, &str),
) -> Result<Kept, Error> {
    let salt = row.salt.as_ref().ok_or(Error::IndividualErased)?;
    let place = Place::supplement_of(row.id);
    let record = decrypt(sealer, row)?.ok_or(Error::IndividualErased)?;
    let before = store::find(tx, command.campaign, row.id).await?;
    let before = before.map(|before| sealer.open_at(place, salt, &before.sealed));
    let mut person = before
        .transpose()
        .map_err(error::unreadable)?
        .unwrap_or_default();
    let kept = Kept {
        at: now,
        email: is_new(Kind::Email, &command.correction, [&record, &person]),
        phone: is_new(Kind::Phone, &command.correction, [&record, &person]),
    };
    if (kept.email || kept.phone) && !grounds.iter().any(|kind| proves_a_contact(*kind)) {
        return Err(Error::StepUpRequired);
    }
    person.overlay(command.correction.clone());
    let row = supplement::Model {
        campaign_id: command.campaign,
        individual_id: row.id,
        sealed: sealer.seal_at(place, salt, &person),
        updated_at: now,
        updated_by: actor.to_owned(),
    };
    store::put(tx, row).await?;
    Ok(kept)
}

/// Tells whether a correction brings a contact that neither the record nor an earlier correction has.
fn is_new(kind: Kind, correction: &Person, known: [&Person; 2]) -> bool {
    let mut given = contact::contacts(correction).filter(|contact| contact.kind == kind);
    given.any(|given| {
        let mut known = known.iter().flat_map(|person| contact::contacts(person));
        !known.any(|known| known.kind == kind && known.value.expose() == given.value.expose())
    })
}

const fn proves_a_contact(kind: Evidence) -> bool {
    matches!(
        kind,
        Evidence::EmailCode | Evidence::SmsCode | Evidence::VoiceCode | Evidence::Review
    )
}

/// Tells a contact on record of a new one: one of the same kind, or else any. What many people share is nobody's.
async fn tell(
    context: &Context,
    command: &Correct,
    individual: IndividualId,
    sealer: &PersonSealer,
    kept: Kept,
) -> Result<(), Error> {
    if !kept.email && !kept.phone {
        return Ok(());
    }
    let read = context.db.read();
    let row = roster::store::individual(read, command.campaign, individual).await?;
    let record = row.map(|row| decrypt(sealer, &row)).transpose()?.flatten();
    let Some(record) = record else { return Ok(()) };
    let indexer = context.steady_indexer(command.campaign)?;
    let bearers = Bearers::of(context, command.campaign, std::iter::once(&record)).await?;
    let own = bearers.own_contacts(&record);
    for (kind, is_new) in [(Kind::Email, kept.email), (Kind::Phone, kept.phone)] {
        if is_new {
            let channel = kind.channel().as_str();
            let parts = [command.request.id.as_bytes(), channel.as_bytes()];
            let id = crypto::half(&indexer.secret("contact notice", &parts));
            tell_one(context, id, (kind, &own)).await?;
        }
    }
    Ok(())
}

/// Tells the first contact that the carrier does not refuse for good.
async fn tell_one(
    context: &Context,
    id: Uuid,
    (kind, own): (Kind, &[Contact<'_>]),
) -> Result<(), Error> {
    let of_kind = own.iter().filter(|contact| contact.kind == kind);
    let others = own.iter().filter(|contact| contact.kind != kind);
    for contact in of_kind.chain(others) {
        let notice = Notice {
            id,
            channel: contact.kind.channel(),
            to: contact.value.clone(),
        };
        match context.sender.send(notice.into()).await {
            Ok(()) => return Ok(()),
            Err(SendError::Permanent) => {}
            Err(SendError::Transient) => return Err(Error::Send),
        }
    }
    Ok(())
}
