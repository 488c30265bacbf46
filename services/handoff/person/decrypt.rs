//! Decrypts the people of leased handoffs and fits them to the partner's fields.
//!
//! Campaign keys are unwrapped for one lease at a time and wiped after it, so that a campaign that is erased stays erased.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::db::audit;
use crate::db::entities::activation_code;
use crate::db::entities::handoff::{DeadReason, Kind};
use crate::db::entities::handoff_projection::{self, Changed};
use crate::db::entities::individual::Population;
use crate::handoff::activation::code::{ActivationCode, CodeSealer};
use crate::handoff::activation::code_store;
use crate::handoff::activation::pool_store::{self, PoolKey};
use crate::handoff::campaign_key::{CampaignKey, Unusable};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner::model::Partner;
use crate::handoff::queue::audit::about_handoff;
use crate::handoff::queue::handoff::{EarlierOrder, Handoff};
use crate::handoff::queue::lease_store::Leased;
use crate::handoff::queue::retry_policy::Failure;
use crate::handoff::{metrics, queue};
use crate::kernel::ids::{CampaignId, CoverageId, EnrollmentId, HandoffId, IndividualId};
use crate::kernel::person::Person;
use crate::kernel::person_sealer::{PersonSealer, Place};

use super::evidence::{self, Evidence};
use super::projection::{self, Change};
use super::store::{self, Sealed};

/// What a handoff asks, ready to be sent.
#[derive(Debug)]
pub enum Ask {
    /// Enroll somebody, or restore their identity.
    Enroll(Box<Enrollee>),
    /// Cancel what another handoff ordered.
    Cancel(EarlierOrder),
    /// Give what another handoff ordered a longer term.
    Extend(EarlierOrder),
    /// Take somebody's data as they are now, for what another handoff ordered.
    UpdatePerson(EarlierOrder, Box<Enrollee>),
}

impl Ask {
    /// Gives whose data go with it.
    fn enrollee(&self) -> Option<&Enrollee> {
        match self {
            Self::Enroll(enrollee) | Self::UpdatePerson(_, enrollee) => Some(enrollee),
            Self::Cancel(_) | Self::Extend(_) => None,
        }
    }
}

/// Whom the partner enrolls, or whose identity it restores.
#[derive(Debug)]
pub struct Enrollee {
    /// The person, who fits the partner's fields.
    pub person: Person,
    /// What was changed to make the person fit.
    pub changes: Vec<Change>,
    /// The population.
    pub population: Population,
    /// The consent, and what the identity was verified by.
    pub evidence: Option<Evidence>,
    /// The partner's own activation code, where it issues such codes.
    pub activation_code: Option<ActivationCode>,
}

/// A leased handoff with what the partner needs to carry it out, or why it cannot be sent.
#[derive(Debug)]
pub struct Decrypted {
    /// The handoff.
    pub leased: Leased,
    /// The campaign's engagement number.
    pub engagement_number: String,
    /// What is asked.
    pub ask: Result<Ask, Failure>,
}

/// Decrypts leased handoffs. What was changed to fit the partner's fields is in the audit log before this returns.
pub async fn decrypt(
    context: &Context,
    partner: &Partner,
    actor: &str,
    leased: Vec<Leased>,
) -> Result<Vec<Decrypted>, Error> {
    let mut campaigns: HashMap<CampaignId, Vec<Leased>> = HashMap::new();
    for leased in leased {
        campaigns
            .entry(leased.handoff.campaign_id)
            .or_default()
            .push(leased);
    }
    let mut decrypted = Vec::new();
    let mut adjusted = Vec::new();
    for (campaign, leased) in campaigns {
        let data = CampaignData::read(context, partner, campaign, &leased).await?;
        for leased in leased {
            let ask = data.ask(partner, &leased.handoff);
            let enrollee = ask.as_ref().ok().and_then(Ask::enrollee);
            if let Some(enrollee) = enrollee
                && !enrollee.changes.is_empty()
            {
                adjusted.push((leased.handoff.clone(), enrollee.changes.clone()));
            }
            let engagement_number = data.engagement_number.clone();
            decrypted.push(Decrypted {
                leased,
                engagement_number,
                ask,
            });
        }
    }
    audit_changes(context, actor, &adjusted).await?;
    Ok(decrypted)
}

/// What the handoffs of one campaign need.
struct CampaignData {
    engagement_number: String,
    sealer: Result<PersonSealer, Failure>,
    people: HashMap<IndividualId, Sealed>,
    evidence: HashMap<EnrollmentId, Evidence>,
    enrolls: HashMap<CoverageId, Handoff>,
    /// The codes of these handoffs; `None` where the partner issues none for the campaign.
    codes: Option<HashMap<HandoffId, activation_code::Model>>,
}

impl CampaignData {
    async fn read(
        context: &Context,
        partner: &Partner,
        campaign: CampaignId,
        leased: &[Leased],
    ) -> Result<Self, Error> {
        let handoffs = || leased.iter().map(|leased| &leased.handoff);
        let of_people = || handoffs().filter(|h| h.kind.is_about_a_person());
        let enrolling = || handoffs().filter(|h| h.kind == Kind::Enroll);
        let people: Vec<IndividualId> = of_people().map(|h| h.individual_id).collect();
        let consented = |h: &&Handoff| matches!(h.kind, Kind::Enroll | Kind::UpdatePerson);
        let consented = handoffs().filter(consented);
        let enrollments: Vec<EnrollmentId> = consented.map(|h| h.enrollment_id).collect();
        let later = handoffs().filter(|h| h.kind.is_about_an_earlier_order());
        let later: Vec<CoverageId> = later.map(|h| h.coverage_id).collect();
        let db = context.db.read();
        let key = CampaignKey::get(db, campaign).await?;
        let enrolls = queue::store::of_coverages(db, campaign, &later, Kind::Enroll).await?;
        let offered: Vec<HandoffId> = enrolling().map(|h| h.id).collect();
        Ok(Self {
            codes: codes(context, partner, campaign, &offered).await?,
            sealer: sealer(context, key.as_ref()),
            engagement_number: key.map(|key| key.engagement_number).unwrap_or_default(),
            people: store::sealed(db, campaign, &people).await?,
            evidence: evidence::of_enrollments(db, campaign, &enrollments).await?,
            enrolls: enrolls
                .into_iter()
                .map(|enroll| (enroll.coverage_id, enroll))
                .collect(),
        })
    }

    fn ask(&self, partner: &Partner, handoff: &Handoff) -> Result<Ask, Failure> {
        let earlier = || EarlierOrder::of(handoff, self.enrolls.get(&handoff.coverage_id));
        match handoff.kind {
            Kind::Cancel => Ok(Ask::Cancel(earlier())),
            Kind::Extend => Ok(Ask::Extend(earlier())),
            Kind::Enroll | Kind::Restore => {
                let enrollee = self.enrollee(partner, handoff)?;
                Ok(Ask::Enroll(Box::new(enrollee)))
            }
            Kind::UpdatePerson => {
                let enrollee = self.enrollee(partner, handoff)?;
                Ok(Ask::UpdatePerson(earlier(), Box::new(enrollee)))
            }
        }
    }

    fn enrollee(&self, partner: &Partner, handoff: &Handoff) -> Result<Enrollee, Failure> {
        let (mut person, population) = self.person(handoff)?;
        Ok(Enrollee {
            changes: projection::apply(partner.projection, &mut person)
                .map_err(|field| Failure::CannotProject(field.path()))?,
            person,
            population,
            evidence: self.evidence.get(&handoff.enrollment_id).cloned(),
            activation_code: self.activation_code(handoff)?,
        })
    }

    fn activation_code(&self, handoff: &Handoff) -> Result<Option<ActivationCode>, Failure> {
        let codes = self.codes.as_ref().filter(|_| handoff.kind == Kind::Enroll);
        let Some(codes) = codes else {
            return Ok(None);
        };
        // The pool was made after the lease: the next one brings a code.
        let assigned = codes.get(&handoff.id).ok_or(Failure::KeyMissing)?;
        let sealer = self.sealer.as_ref().map_err(Clone::clone)?;
        let code = CodeSealer::of(sealer, handoff.partner_id).open(assigned.mac, &assigned.sealed);
        code.map(Some).map_err(|_| {
            tracing::error!(handoff_id = %handoff.id, "an activation code cannot be decrypted");
            Failure::KeyMissing
        })
    }

    fn person(&self, handoff: &Handoff) -> Result<(Person, Population), Failure> {
        let sealer = self.sealer.as_ref().map_err(Clone::clone)?;
        let erased = || Failure::Undeliverable(DeadReason::PersonErased);
        let person = self.people.get(&handoff.individual_id).ok_or_else(erased)?;
        let salt = person.salt.as_ref().ok_or_else(erased)?;
        let data = person.sealed.as_ref().ok_or_else(erased)?;
        let unreadable = |_| Failure::Undeliverable(DeadReason::PersonUnreadable);
        let id = handoff.individual_id;
        let mut opened = sealer.open(id, salt, data).map_err(unreadable)?;
        if let Some(supplement) = &person.supplement {
            let place = Place::supplement_of(id);
            let supplement = sealer.open_at(place, salt, supplement);
            opened.overlay(supplement.map_err(unreadable)?);
        }
        Ok((opened, person.population))
    }
}

async fn codes(
    context: &Context,
    partner: &Partner,
    campaign: CampaignId,
    handoffs: &[HandoffId],
) -> Result<Option<HashMap<HandoffId, activation_code::Model>>, Error> {
    let (db, partner) = (context.db.read(), partner.id);
    let key = PoolKey { campaign, partner };
    if handoffs.is_empty() || pool_store::get(db, key).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(code_store::assigned(db, key, handoffs).await?))
}

fn sealer(context: &Context, key: Option<&CampaignKey>) -> Result<PersonSealer, Failure> {
    let unwrapped = key.map_or(Err(Unusable::Missing), |key| key.unwrap(&*context.keys));
    unwrapped.map_err(|unusable| match unusable {
        Unusable::Missing | Unusable::Destroyed => Failure::Undeliverable(DeadReason::PersonErased),
        Unusable::Keyring(error) => {
            // Not the handoff's fault: it waits until the operator has put the key back.
            tracing::error!(%error, "a person key is missing");
            Failure::KeyMissing
        }
        Unusable::Corrupt(_) => Failure::Undeliverable(DeadReason::PersonUnreadable),
    })
}

/// Keeps and audits what was changed, before anything is sent.
async fn audit_changes(
    context: &Context,
    actor: &str,
    adjusted: &[(Handoff, Vec<Change>)],
) -> Result<(), Error> {
    if adjusted.is_empty() {
        return Ok(());
    }
    let event = |(handoff, changes): &(Handoff, Vec<Change>)| {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        metrics::projected(&changes);
        let detail = json!({ "changes": changes });
        about_handoff(context, actor, "handoff.projected", handoff, detail)
    };
    let events: Vec<_> = adjusted.iter().map(event).collect();
    let mut kept: Vec<_> = adjusted.iter().map(kept).collect();
    // In one order, so that two calls about the same handoffs cannot wait for each other.
    kept.sort_by_key(|it| (it.campaign_id, it.handoff_id));
    context
        .db
        .run_tx("handoff.project", |tx| {
            let (events, kept) = (&events, &kept);
            Box::pin(async move {
                let upsert = handoff_projection::Model::upsert(tx.backend(), kept);
                tx.execute_raw(upsert).await?;
                Ok(audit::record(tx, events).await?)
            })
        })
        .await
}

fn kept((handoff, changes): &(Handoff, Vec<Change>)) -> handoff_projection::Model {
    let changes: Vec<Changed> = changes.iter().map(|it| it.kept()).collect();
    handoff_projection::Model {
        campaign_id: handoff.campaign_id,
        handoff_id: handoff.id,
        attempts: handoff.attempts,
        changes: json!(changes).to_string(),
    }
}
