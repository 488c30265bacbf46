//! Opens the people of leased handoffs and fits them to the partner's fields.
//!
//! Campaign keys are unwrapped for one lease at a time and wiped after it, so that a campaign that is erased stays erased.

use std::collections::HashMap;

use serde_json::json;

use crate::db::audit;
use crate::handoff::activation::code::{ActivationCode, CodeSealer};
use crate::handoff::activation::store::Assigned;
use crate::handoff::audit::about_handoff;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::queue::lease_store::Leased;
use crate::handoff::queue::model::{Handoff, Partner};
use crate::handoff::queue::retry_policy::Answer;
use crate::handoff::vocabulary::{DeadReason, Kind};
use crate::handoff::{activation, metrics, queue};
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, IndividualId};
use crate::kernel::keyring::Purpose;
use crate::kernel::person::{Person, PersonSealer};

use super::projection::Change;
use super::store::{self, CampaignKey, Sealed};

/// What a handoff asks, ready to be sent.
#[derive(Debug)]
pub enum Ask {
    /// Enroll somebody.
    Enroll(Box<Enrollee>),
    /// Withdraw what this handoff enrolled.
    Withdraw(HandoffId),
}

/// Whom the partner enrolls.
#[derive(Debug)]
pub struct Enrollee {
    /// The person, who fits the partner's fields.
    pub person: Person,
    /// The partner's own activation code, where it issues such codes.
    pub activation_code: Option<ActivationCode>,
}

/// A leased handoff with what the partner needs to carry it out, or why it cannot be sent.
#[derive(Debug)]
pub struct Opened {
    /// The handoff.
    pub leased: Leased,
    /// The campaign's engagement number.
    pub engagement_number: String,
    /// What is asked.
    pub ask: Result<Ask, Answer>,
}

/// Opens leased handoffs. What was changed to fit the partner's fields is in the audit log before this returns.
pub async fn open(
    context: &Context,
    partner: &Partner,
    actor: &str,
    leased: Vec<Leased>,
) -> Result<Vec<Opened>, Error> {
    let mut campaigns: HashMap<CampaignId, Vec<Leased>> = HashMap::new();
    for leased in leased {
        campaigns
            .entry(leased.handoff.campaign_id)
            .or_default()
            .push(leased);
    }
    let mut opened = Vec::new();
    let mut changed = Vec::new();
    for (campaign, leased) in campaigns {
        let keys = Opener::of(context, partner, campaign, &leased).await?;
        for leased in leased {
            let (ask, done) = keys.open(partner, &leased.handoff);
            if !done.is_empty() {
                changed.push((leased.handoff.clone(), done));
            }
            let engagement_number = keys.engagement_number.clone();
            opened.push(Opened {
                leased,
                engagement_number,
                ask,
            });
        }
    }
    report(context, actor, &changed).await?;
    Ok(opened)
}

/// What opens the people of one campaign.
struct Opener {
    engagement_number: String,
    sealer: Result<PersonSealer, Answer>,
    people: HashMap<IndividualId, Sealed>,
    enrolls: HashMap<EnrollmentId, HandoffId>,
    /// The codes of these handoffs; `None` where the partner issues none for the campaign.
    codes: Option<HashMap<HandoffId, Assigned>>,
}

impl Opener {
    async fn of(
        context: &Context,
        partner: &Partner,
        campaign: CampaignId,
        leased: &[Leased],
    ) -> Result<Self, Error> {
        let of_kind = |kind| {
            leased
                .iter()
                .map(|leased| &leased.handoff)
                .filter(move |h| h.kind == kind)
        };
        let people: Vec<IndividualId> = of_kind(Kind::Enroll).map(|h| h.individual_id).collect();
        let cancels: Vec<EnrollmentId> = of_kind(Kind::Cancel).map(|h| h.enrollment_id).collect();
        let db = context.db.read();
        let key = store::campaign_key(db, campaign).await?;
        let enrolls =
            queue::store::of_enrollments(db, partner.id, campaign, &cancels, Kind::Enroll).await?;
        let offered: Vec<HandoffId> = of_kind(Kind::Enroll).map(|h| h.id).collect();
        Ok(Self {
            codes: codes(context, partner, campaign, &offered).await?,
            sealer: sealer(context, campaign, key.as_ref()),
            engagement_number: key.map(|key| key.engagement_number).unwrap_or_default(),
            people: store::sealed(db, campaign, &people).await?,
            enrolls: enrolls
                .into_iter()
                .map(|enroll| (enroll.enrollment_id, enroll.id))
                .collect(),
        })
    }

    fn open(&self, partner: &Partner, handoff: &Handoff) -> (Result<Ask, Answer>, Vec<Change>) {
        match handoff.kind {
            Kind::Cancel => {
                let enroll = self.enrolls.get(&handoff.enrollment_id).copied();
                // Without an ENROLL there is nothing to withdraw; the handoff's own id is as unknown to the partner.
                (Ok(Ask::Withdraw(enroll.unwrap_or(handoff.id))), Vec::new())
            }
            Kind::Enroll => match self.enrollee(handoff) {
                Ok(mut enrollee) => {
                    let changes = partner.projection.apply(&mut enrollee.person);
                    (Ok(Ask::Enroll(Box::new(enrollee))), changes)
                }
                Err(answer) => (Err(answer), Vec::new()),
            },
        }
    }

    fn enrollee(&self, handoff: &Handoff) -> Result<Enrollee, Answer> {
        Ok(Enrollee {
            person: self.person(handoff)?,
            activation_code: self.activation_code(handoff)?,
        })
    }

    fn activation_code(&self, handoff: &Handoff) -> Result<Option<ActivationCode>, Answer> {
        let Some(codes) = &self.codes else {
            return Ok(None);
        };
        // The pool was made after the lease: the next one brings a code.
        let assigned = codes.get(&handoff.id).ok_or(Answer::NotOpened)?;
        let sealer = self.sealer.as_ref().map_err(Clone::clone)?;
        let opened =
            CodeSealer::of(sealer, handoff.partner_id).open(assigned.mac, &assigned.sealed);
        opened.map(Some).map_err(|_| {
            tracing::error!(handoff_id = %handoff.id, "an activation code cannot be opened");
            Answer::NotOpened
        })
    }

    fn person(&self, handoff: &Handoff) -> Result<Person, Answer> {
        let sealer = self.sealer.as_ref().map_err(Clone::clone)?;
        let erased = || Answer::Hopeless(DeadReason::PersonErased);
        let (salt, blob) = self.people.get(&handoff.individual_id).ok_or_else(erased)?;
        let (Some(salt), Some(blob)) = (salt, blob) else {
            return Err(erased());
        };
        sealer
            .open(handoff.individual_id, salt, blob)
            .map_err(|_| Answer::Hopeless(DeadReason::PersonUnreadable))
    }
}

async fn codes(
    context: &Context,
    partner: &Partner,
    campaign: CampaignId,
    handoffs: &[HandoffId],
) -> Result<Option<HashMap<HandoffId, Assigned>>, Error> {
    let (db, partner) = (context.db.read(), partner.id);
    let key = activation::store::Key { campaign, partner };
    if handoffs.is_empty() || activation::store::get(db, key).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(activation::store::assigned(db, key, handoffs).await?))
}

fn sealer(
    context: &Context,
    campaign: CampaignId,
    key: Option<&CampaignKey>,
) -> Result<PersonSealer, Answer> {
    let erased = || Answer::Hopeless(DeadReason::PersonErased);
    let key = key.ok_or_else(erased)?;
    let wrapped = key.wrapped.as_ref().ok_or_else(erased)?;
    let master = context
        .keys
        .get(Purpose::Person, key.key_version)
        .map_err(|error| {
            // Not the handoff's fault: it waits until the operator has put the key back.
            tracing::error!(%error, "a person key is missing");
            Answer::NotOpened
        })?;
    PersonSealer::unwrap(&master, campaign, wrapped)
        .map_err(|_| Answer::Hopeless(DeadReason::PersonUnreadable))
}

/// Reports what was changed, before anything is sent.
async fn report(
    context: &Context,
    actor: &str,
    changed: &[(Handoff, Vec<Change>)],
) -> Result<(), Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let now = context.clock.now();
    let event = |(handoff, changes): &(Handoff, Vec<Change>)| {
        metrics::projected(changes);
        let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
        about_handoff(
            context,
            now,
            actor,
            "handoff.projected",
            handoff,
            json!({"changes": words}),
        )
    };
    let events: Vec<_> = changed.iter().map(event).collect();
    context
        .db
        .run_tx("handoff.project", |tx| {
            let events = &events;
            Box::pin(async move { Ok(audit::record(tx, events).await?) })
        })
        .await
}
