//! What calls to one partner came to, and how it is recorded: many calls in few transactions.

use crate::db::entities::handoff_attempt::AttemptResult;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::{Reporter, StatusReport, apply_status};
use crate::handoff::outcome::settle::{EndedCall, forget, settle};
use crate::handoff::queue::open_circuit::OpenCircuit;
use crate::handoff::queue::retry_policy::Failure;
use crate::handoff::{metrics, partner};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId};

use super::call::{Call, Finished};
use super::shared_circuits;

/// What calls came to that is not recorded yet.
#[derive(Default)]
pub struct Results {
    sent: Vec<EndedCall>,
    reports: Vec<StatusReport>,
    forgotten: Vec<HandoffId>,
    /// The queue of each call, and whether it was for what was tried in vain before.
    pub calls: Vec<(CampaignId, bool)>,
}

impl Results {
    /// Adds a call to the partner of this name, which answers others or does not.
    pub fn add(&mut self, ended: Finished, (name, answers): (&str, bool)) {
        self.calls.push((ended.campaign, ended.tried.failed_before));
        let handoff = ended.tried.handoff;
        match ended.call {
            Call::Sent(mut call) => {
                call.partner_answers = answers;
                let failure = call.answer.as_ref().err();
                let result = failure.map_or(AttemptResult::Answered, Failure::result);
                metrics::attempted(name, result);
                self.sent.push(*call);
            }
            Call::Asked(Some(Ok(status))) => self.reports.push(StatusReport { handoff, status }),
            Call::Asked(Some(Err(_))) => {}
            Call::Asked(None) => self.forgotten.push(handoff),
        }
    }
}

/// What is recorded at once.
pub struct Record {
    pub partner: PartnerId,
    /// The partner's name for the audit log.
    pub actor: String,
    /// Until when the partner rests, where other instances may not know it.
    pub rest: Option<Timestamp>,
    /// Circuits that other instances do not know.
    pub circuits: Vec<(CampaignId, Option<OpenCircuit>)>,
    pub results: Results,
}

/// What became of a [`Record`].
pub struct Recorded {
    pub partner: PartnerId,
    pub calls: Vec<(CampaignId, bool)>,
    /// The circuits that all instances know now.
    pub circuits: Vec<(CampaignId, Option<OpenCircuit>)>,
    pub result: Result<(), Error>,
}

/// Records it. Where that fails the leases run out, and the partner is asked about what was under way.
pub async fn record(context: Context, record: Record) -> Recorded {
    let mut circuits = Vec::new();
    let result = async {
        write(&context, &record).await?;
        for (campaign, circuit) in &record.circuits {
            let queue = (record.partner, *campaign);
            shared_circuits::write(&context, queue, *circuit).await?;
            circuits.push((*campaign, *circuit));
        }
        Ok(())
    };
    let result = result.await;
    Recorded {
        partner: record.partner,
        calls: record.results.calls,
        circuits,
        result,
    }
}

async fn write(context: &Context, record: &Record) -> Result<(), Error> {
    let id = record.partner;
    if let Some(until) = record.rest {
        let told = context.db.run_tx("partner.throttled", |tx| {
            Box::pin(async move { partner::store::set_throttled(tx, id, until).await })
        });
        told.await?;
    }
    let reporter = Reporter {
        partner: id,
        actor: &record.actor,
    };
    let results = &record.results;
    if !results.sent.is_empty() {
        settle(context, reporter, &results.sent).await?;
    }
    if !results.forgotten.is_empty() {
        forget(context, reporter, &results.forgotten).await?;
    }
    if results.reports.is_empty() {
        return Ok(());
    }
    let reports = &results.reports;
    let applied = context.db.run_tx("handoff.follow_up", |tx| {
        Box::pin(async move {
            apply_status(tx, context, reporter, reports).await?;
            Ok(())
        })
    });
    applied.await
}
