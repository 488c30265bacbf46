//! Completing enrollments: code redeemed, enrollment submitted, coverages ordered, consent, audit and request recorded, in one
//! transaction.
//!
//! Completions that arrive while a commit is in flight go together into the next one ([`Combiner`]). Each gets its own
//! answer. One that breaks the whole transaction is found by running the batch one by one.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::code;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::enrollment::State;
use crate::db::entities::handoff::Queued;
use crate::db::entities::representative::{Authority, Relationship};
use crate::db::entities::verification;
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::combine::{Capacity, Combiner};
use crate::kernel::ids::{
    AuditId, CampaignId, CoverageId, EnrollmentId, HandoffId, VerificationId,
};
use crate::kernel::language::Language;
use crate::kernel::lifecycle::Lifecycle;
use crate::process::request::{self, Known, Request};
use crate::process::{self, Call};

use super::completion::{self, Completion, Found, Wanted};
use super::coverage_store::{self, Key};
use super::order::{Orders, coverage_of};
use super::state::{self, Event};
use super::store::{Enrollment, Row};

/// The person's written instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Language of the text that the person saw.
    pub language: Language,
    /// Its version.
    pub version: String,
    /// Its SHA-256, in lower-case hex.
    pub text_sha256: String,
    /// Who consented in the person's place, and by what right.
    pub by: Option<(Relationship, Authority)>,
}

/// An enrollment to be completed.
#[derive(Clone, Debug)]
pub struct Complete {
    /// The engagement number, in its one spelling.
    pub engagement_number: String,
    /// The enrollment.
    pub enrollment: EnrollmentId,
    /// The verification that allows it.
    pub verification: VerificationId,
    /// The consent.
    pub consent: Consent,
}

/// A completion on its way to a commit. Its ids are made before, so that running it again writes the same rows.
#[derive(Clone, Debug)]
pub struct Item {
    campaign: Arc<CachedCampaign>,
    call: Call,
    request: Request,
    complete: Complete,
    /// Ids for as many coverages as the campaign has products.
    ids: Vec<(CoverageId, HandoffId)>,
    audit: AuditId,
}

/// Gathers completions into commits.
pub type Completions = Combiner<Item, Enrollment, Error>;

/// Starts the commits.
pub fn start(context: &Context, life: &Lifecycle, capacity: Capacity) -> Completions {
    let context = context.clone();
    Combiner::start(life, capacity, move |items| {
        let context = context.clone();
        async move { commit(&context, items).await }
    })
}

/// Completes an enrollment.
pub async fn complete_enrollment(
    context: &Context,
    completions: &Completions,
    call: Call,
    request: Request,
    complete: Complete,
) -> Result<Enrollment, Error> {
    let read = context.db.read();
    let campaign = (context.campaign_cache)
        .by_number(read, &complete.engagement_number)
        .await?;
    let products = campaign.products.iter();
    let item = Item {
        ids: products
            .map(|_| (context.ids.next(), context.ids.next()))
            .collect(),
        campaign,
        call,
        request,
        complete,
        audit: context.ids.next(),
    };
    completions.submit(item).await
}

/// Commits a batch, and one by one what would not go together.
pub async fn commit(context: &Context, items: Vec<Item>) -> Vec<Result<Enrollment, Error>> {
    match commit_together(context, &items).await {
        Ok(answers) => answers,
        Err(error) if items.len() > 1 && is_of_one(&error) => {
            let mut answers = Vec::with_capacity(items.len());
            for item in &items {
                let alone = commit_together(context, std::slice::from_ref(item)).await;
                answers.push(
                    alone.and_then(|mut answers| answers.pop().unwrap_or(Err(error.clone()))),
                );
            }
            answers
        }
        Err(error) => items.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// Tells whether one item may have caused this, and not the database's state.
fn is_of_one(error: &Error) -> bool {
    match error {
        Error::Common(process::Error::Storage(error)) => matches!(
            error,
            db::Error::Unique { .. } | db::Error::Corrupt { .. } | db::Error::Contended(_)
        ),
        _ => true,
    }
}

async fn commit_together(
    context: &Context,
    items: &[Item],
) -> Result<Vec<Result<Enrollment, Error>>, Error> {
    let now = context.now();
    context
        .db
        .run_tx("complete_enrollment", |tx| {
            Box::pin(async move { together(tx, items, now).await })
        })
        .await
}

async fn together(
    tx: &Tx<'_>,
    items: &[Item],
    now: Timestamp,
) -> Result<Vec<Result<Enrollment, Error>>, Error> {
    let wanted: Vec<Wanted> = (0..).zip(items).map(|(n, item)| item.wanted(n)).collect();
    let mut found = vec![None; items.len()];
    for row in completion::find(tx, &wanted).await? {
        let place = usize::try_from(row.n).ok().and_then(|n| found.get_mut(n));
        *place.ok_or_else(|| db::Error::corrupt("a row for nobody"))? = Some(row);
    }
    // Asked after the locks are held: a transaction that held them before has recorded its requests by now.
    let requests: Vec<Request> = items.iter().map(|item| item.request.clone()).collect();
    let known = request::look_up_all(tx, &requests).await?;
    let mut batch = Batch::default();
    let answers = items.iter().zip(found).zip(known);
    let mut answers: Vec<_> = answers
        .map(|((item, found), known)| batch.decide(item, found.as_ref(), &known, now))
        .collect();
    if !batch.writes.is_empty() {
        completion::write(tx, &batch.writes)
            .await
            .map_err(request::recorded_meanwhile)?;
    }
    add_coverages(tx, &mut answers).await?;
    Ok(answers)
}

/// Adds the coverages to answers to repeated requests.
async fn add_coverages(
    tx: &Tx<'_>,
    answers: &mut [Result<Enrollment, Error>],
) -> Result<(), Error> {
    let mut repeated: Vec<&mut Enrollment> = answers
        .iter_mut()
        .filter_map(|answer| answer.as_mut().ok())
        .filter(|enrollment| enrollment.coverages.is_empty())
        .collect();
    let keys: Vec<Key> = repeated.iter().map(|it| it.row.key()).collect();
    let coverages = coverage_store::coverages(tx, &keys).await?;
    for enrollment in &mut repeated {
        let own = coverages
            .iter()
            .filter(|it| it.enrollment_id == enrollment.row.id);
        enrollment.coverages = own.cloned().collect();
    }
    Ok(())
}

/// What a batch has decided so far.
#[derive(Default)]
struct Batch {
    writes: Vec<Completion>,
    done: HashMap<(CampaignId, EnrollmentId), (Request, Enrollment)>,
    requests: HashMap<(uuid::Uuid, String), uuid::Uuid>,
}

impl Batch {
    /// Decides about one item, knowing those before it in the batch.
    fn decide(
        &mut self,
        item: &Item,
        found: Option<&Found>,
        known: &Known,
        now: Timestamp,
    ) -> Result<Enrollment, Error> {
        let found = found.ok_or(Error::EnrollmentNotFound)?;
        match known {
            Known::Conflict => return Err(process::Error::RequestIdReused.into()),
            Known::Done(_) => return Ok(item.replayed(found)),
            Known::New => {}
        }
        if let Some((request, enrollment)) = self.done.get(&item.key()) {
            let same = *request == item.request;
            return if same {
                Ok(enrollment.clone())
            } else {
                Err(Error::EnrollmentState {
                    state: State::Submitted,
                })
            };
        }
        let request = (item.request.id, item.request.caller.clone());
        if self.requests.contains_key(&request) {
            return Err(process::Error::RequestIdReused.into());
        }
        let write = item.check(found, now)?;
        let enrollment = item.submitted(found, &write.orders, now);
        self.requests.insert(request, item.request.fingerprint);
        self.done
            .insert(item.key(), (item.request.clone(), enrollment.clone()));
        self.writes.push(write);
        Ok(enrollment)
    }
}

impl Item {
    fn key(&self) -> (CampaignId, EnrollmentId) {
        (self.campaign.id, self.complete.enrollment)
    }

    fn wanted(&self, n: i64) -> Wanted {
        Wanted {
            n,
            campaign_id: self.campaign.id,
            enrollment_id: self.complete.enrollment,
            verification_id: self.complete.verification,
        }
    }

    /// Checks everything that must be so, and gives what is to be written.
    fn check(&self, found: &Found, now: Timestamp) -> Result<Completion, Error> {
        self.check_caller(found)?;
        let state = found.state;
        state::on(state, Event::Submit).map_err(|_| Error::EnrollmentState { state })?;
        if now >= found.complete_by_at {
            return Err(Error::EnrollmentExpired);
        }
        self.check_consent(found)?;
        self.check_verification(found, now)?;
        if let Some(state) = found.code_state {
            code::state::on(state, code::state::Event::Redeem).map_err(|_| Error::CodeState)?;
        }
        self.completion(found, now)
    }

    /// A verification that somebody else asked for is none.
    fn check_caller(&self, found: &Found) -> Result<(), Error> {
        let by = found.verified_by.as_deref();
        by.is_some_and(|by| self.call.reaches(by))
            .then_some(())
            .ok_or(Error::NotVerified)
    }

    /// The text is the current one in its language, or was when the enrollment was begun.
    fn check_consent(&self, found: &Found) -> Result<(), Error> {
        let consent = &self.complete.consent;
        let mut texts = self.campaign.consent_texts.iter();
        let current = texts.any(|text| {
            text.language == consent.language.as_str()
                && text.version == consent.version
                && text.sha256 == consent.text_sha256
                && text.replaced_at.is_none_or(|at| found.started_at <= at)
        });
        current.then_some(()).ok_or(Error::ConsentOutdated)
    }

    /// The verification must be of this enrollment, or, when the letter was lost, of this individual.
    fn check_verification(&self, found: &Found, now: Timestamp) -> Result<(), Error> {
        let belongs = match found.verified_enrollment {
            Some(enrollment) => enrollment == self.complete.enrollment,
            None => found.verified_individual == Some(found.individual_id),
        };
        let is_verified = found.verification_state == Some(verification::State::Verified);
        if !is_verified || !belongs || found.guardian_is_void {
            return Err(Error::NotVerified);
        }
        match found.verification_expires_at {
            Some(at) if now < at => self.check_consenter(found),
            _ => Err(Error::VerificationExpired),
        }
    }

    /// The person consents who was verified: the beneficiary, or the same representative.
    fn check_consenter(&self, found: &Found) -> Result<(), Error> {
        let acting = found.acting_relationship.zip(found.acting_authority);
        if self.complete.consent.by == acting {
            Ok(())
        } else {
            Err(Error::ConsenterNotVerified)
        }
    }

    fn completion(&self, found: &Found, now: Timestamp) -> Result<Completion, Error> {
        let orders = Orders {
            campaign: &self.campaign,
            enrollment: self.complete.enrollment,
            ids: &self.ids,
            trace: self.call.trace.as_deref(),
        };
        let orders = orders.of(found, now)?;
        let handoffs: Vec<HandoffId> = orders.iter().map(|order| order.handoff_id).collect();
        let mut detail =
            json!({ "handoffs": handoffs, "verification": self.complete.verification });
        if let (Some(agent), Some(fields)) = (&self.call.agent, detail.as_object_mut()) {
            fields.insert("case".to_owned(), json!(agent.case));
            fields.insert("reason".to_owned(), json!(agent.reason));
        }
        let consent = &self.complete.consent;
        Ok(Completion {
            campaign_id: self.campaign.id,
            enrollment_id: self.complete.enrollment,
            at: now,
            verification_id: self.complete.verification,
            mac: found.mac,
            language: consent.language.to_string(),
            version: consent.version.clone(),
            text_sha256: consent.text_sha256.clone(),
            relationship: consent.by.map(|(relationship, _)| relationship),
            authority: consent.by.map(|(_, authority)| authority),
            channel: found.channel,
            actor: self.call.actor(),
            audit_id: self.audit,
            detail: detail.to_string(),
            request_id: self.request.id,
            caller: self.request.caller.clone(),
            method: self.request.method,
            fingerprint: self.request.fingerprint,
            result: json!(self.complete.enrollment).to_string(),
            orders,
        })
    }

    fn submitted(&self, found: &Found, orders: &[Queued], now: Timestamp) -> Enrollment {
        let consent = &self.complete.consent;
        let before = self.replayed(found);
        Enrollment {
            row: Row {
                state: State::Submitted,
                submitted_at: Some(now),
                language: consent.language.to_string(),
                relationship: consent.by.map(|(relationship, _)| relationship),
                authority: consent.by.map(|(_, authority)| authority),
                ..before.row
            },
            coverages: orders.iter().map(coverage_of).collect(),
        }
    }

    /// Gives the enrollment as it stands now, without its coverages.
    fn replayed(&self, found: &Found) -> Enrollment {
        Enrollment {
            row: found.row(self.campaign.id, self.complete.enrollment),
            coverages: Vec::new(),
        }
    }
}
