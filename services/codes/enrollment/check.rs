//! Asking whether a code could begin an enrollment.

use serde_json::json;

use crate::codes::attempt::throttles;
use crate::codes::code::Code;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::audit::{self, Event};
use crate::kernel::clock::Timestamp;
use crate::process::{Act, Call};

use super::eligibility::Eligible;
use super::look_up::{Entitlement, look_up, refusal};

/// Tells until when a code could begin an enrollment.
pub async fn check_code(
    context: &Context,
    call: &Call,
    engagement_number: &str,
    code: Code,
) -> Result<Timestamp, Error> {
    let charged = throttles::charge(context, call, engagement_number).await?;
    let now = context.now();
    let entitlement = &Entitlement::Code(code);
    let until = context.db.run_tx("check_code", |tx| {
        Box::pin(async move {
            let found = look_up(context, tx, engagement_number, entitlement).await?;
            let (event, until) = match found.decide(now) {
                Ok(eligible) => (accepted(context, call, &eligible), Ok(eligible.until)),
                Err(cause) => (refusal(context, call, &found, cause), Err(cause)),
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>(until)
        })
    });
    charged.answer(until.await?)
}

fn accepted(context: &Context, call: &Call, eligible: &Eligible<'_>) -> Event {
    let subject = (
        "individual",
        Some(eligible.candidate.individual_id.as_uuid()),
    );
    call.event(
        context,
        Some(eligible.campaign),
        Act::of("code.checked", subject),
        json!({}),
    )
}
