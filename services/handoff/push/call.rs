//! One call to a partner as the worker has it under way, and what it came to.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use crate::handoff::outcome::settle::EndedCall;
use crate::handoff::person::decrypt::Decrypted;
use crate::handoff::queue::retry_policy::{Answer, Failure};
use crate::kernel::ids::{CampaignId, PartnerId};
use crate::kernel::telemetry::in_trace;

use super::circuit_breaker::{Signal, Tried};
use super::client::{Bureau, Overdue};

/// A call that ended, and what it says about the partner.
pub struct Finished {
    pub partner: PartnerId,
    pub campaign: CampaignId,
    pub tried: Tried,
    pub signal: Signal,
    pub call: Call,
}

pub enum Call {
    /// A handoff was sent.
    Sent(Box<EndedCall>),
    /// The partner was asked about a handoff that it accepted; without an answer it no longer knows it.
    Asked(Option<Answer>),
}

/// Sends a handoff. A panic neither stops the worker nor passes for an answer.
pub async fn sent(bureau: Bureau, partner: PartnerId, handoff: Decrypted) -> Finished {
    let trace = handoff.leased.handoff.trace_context.clone();
    let called = in_trace("handoff.push", trace.as_deref(), bureau.carry_out(&handoff));
    let ended = Box::pin(AssertUnwindSafe(called).catch_unwind()).await;
    let (answer, signal) = ended.unwrap_or((Err(Failure::Unseen), Signal::None));
    let leased = handoff.leased;
    Finished {
        partner,
        campaign: leased.handoff.campaign_id,
        tried: Tried {
            handoff: leased.handoff.id,
            failed_before: leased.handoff.tries > 0,
        },
        signal,
        call: Call::Sent(Box::new(EndedCall {
            leased,
            answer,
            partner_answers: false,
        })),
    }
}

/// Asks about a handoff that was accepted long ago.
pub async fn asked(bureau: Bureau, partner: PartnerId, late: Overdue) -> Finished {
    let called = bureau.follow_up(&late);
    let ended = AssertUnwindSafe(called).catch_unwind().await;
    let (answer, signal) = match ended {
        Ok(Some((answer, signal))) => (Some(answer), signal),
        Ok(None) => (None, Signal::Up),
        Err(_) => (Some(Err(Failure::StillUnknown)), Signal::None),
    };
    Finished {
        partner,
        campaign: late.handoff.campaign_id,
        tried: Tried {
            handoff: late.handoff.id,
            failed_before: false,
        },
        signal,
        call: Call::Asked(answer),
    }
}
