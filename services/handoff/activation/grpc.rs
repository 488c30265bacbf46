//! Imports of activation codes and pools, from the wire and to it.

use prost::Message;
use tonic::Status;
use zeroize::Zeroizing;

use crate::kernel::caller::Caller;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::wire::redress::handoff::v1 as wire;

use super::code::ActivationCode;
use super::import::{Import, Verdict};
use super::store::{Counted, Key};

/// The most codes in one call.
const ROWS: usize = 5_000;
/// The highest low-water mark.
const MARK: i32 = 100_000;

pub(crate) fn read(
    caller: &Caller,
    method: &'static str,
    message: &wire::ImportActivationCodesRequest,
) -> Result<Import, Status> {
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let pool = Key {
        campaign: fields.id("campaign_id", &message.campaign_id),
        partner: fields.id("partner_id", &message.partner_id),
    };
    let fits = (1..=ROWS).contains(&message.rows.len());
    fields.demand(fits, "rows", "must hold 1 to 5000 codes");
    let fits = message
        .low_water
        .is_none_or(|mark| (0..=MARK).contains(&mark));
    fields.demand(fits, "low_water", "must be 0 to 100000");
    fields.finish()?;
    let codes = message.rows.iter();
    Ok(Import {
        id,
        caller: caller.to_string(),
        method,
        message: Zeroizing::new(message.encode_to_vec()),
        pool,
        codes: codes.map(|row| ActivationCode::parse(&row.code)).collect(),
        low_water: message.low_water,
    })
}

pub(crate) fn response(
    rows: &[wire::ActivationCodeRow],
    verdicts: &[Verdict],
) -> wire::ImportActivationCodesResponse {
    use wire::ActivationCodeReject::{Duplicate, Malformed};
    let mut answer = wire::ImportActivationCodesResponse::default();
    for (row, verdict) in rows.iter().zip(verdicts) {
        let reason = match verdict {
            Verdict::Imported => {
                answer.imported += 1;
                continue;
            }
            Verdict::Known => {
                answer.known += 1;
                continue;
            }
            Verdict::Malformed => Malformed,
            Verdict::Duplicate => Duplicate,
        };
        answer.rejected.push(wire::RejectedActivationCode {
            line: row.line,
            reason: reason.into(),
        });
    }
    answer
}

pub(crate) fn pool(pool: &Counted) -> wire::ActivationPool {
    wire::ActivationPool {
        campaign_id: pool.campaign_id.to_string(),
        partner_id: pool.partner_id.to_string(),
        partner_name: pool.partner_name.clone(),
        imported: pool.imported,
        available: pool.available,
        assigned: pool.imported - pool.available,
        low_water: pool.low_water,
        is_low: pool.is_low(),
        empty_since_time: pool.empty_since.map(Timestamp::to_proto),
    }
}
