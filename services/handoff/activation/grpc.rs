//! Imports of activation codes and pools, from the wire and to it.

use tonic::Request;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::request::page_size;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::PartnerId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::Item;
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::r#type::v1::ItemReason;

use super::code::ActivationCode;
use super::import::{Import, Verdict, import_activation_codes as import};
use super::pool_store::{self, PoolCount, PoolKey};

const IMPORT: &str = "redress.handoff.v1.HandoffAdminService/ImportActivationCodes";

/// The most codes in one call.
const ROWS: usize = 5_000;
/// What to do about a row that is no code.
const MALFORMED: &str = "write the code as the partner gave it: 4 to 64 letters, digits and dashes";
/// What to do about a row that is there twice.
const DUPLICATE: &str = "leave the row out; an earlier one has the same code";
/// The highest low-water mark.
const MARK: i32 = 100_000;

pub(crate) async fn import_activation_codes(
    context: &Context,
    request: Request<wire::ImportActivationCodesRequest>,
) -> Result<wire::ImportActivationCodesResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let verdicts = import(context, &read(context, &call, &message).await?).await?;
    Ok(response(&message.rows, &verdicts))
}

pub(crate) async fn list_activation_pools(
    context: &Context,
    request: Request<wire::ListActivationPoolsRequest>,
) -> Result<wire::ListActivationPoolsResponse, Error> {
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let filter: [&[u8]; 1] = [campaign.as_bytes()];
    let size = fields
        .absorb(page_size(message.page_size))
        .unwrap_or_default();
    let after = fields.absorb(paging::page_after::<PartnerId>(
        &filter,
        &message.page_token,
    ));
    fields.finish()?;
    let db = context.db.read();
    let found = pool_store::count(db, Some(campaign), after.flatten(), size + 1).await?;
    let entries = found.iter().map(|pool| (pool.partner_id, to_wire(pool)));
    let room = Room {
        rows: size,
        bytes,
        filter: &filter,
    };
    let (pools, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListActivationPoolsResponse {
        pools,
        next_page_token,
    })
}

async fn read(
    context: &Context,
    call: &Call,
    message: &wire::ImportActivationCodesRequest,
) -> Result<Import, Error> {
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let pool = PoolKey {
        campaign: context.campaign_id(&mut fields, &message.campaign).await?,
        partner: fields.id("partner_id", &message.partner_id),
    };
    let fits = (1..=ROWS).contains(&message.rows.len());
    fields.demand(fits, "rows", "must hold 1 to 5000 codes");
    let fits = message
        .low_water
        .is_none_or(|mark| (0..=MARK).contains(&mark));
    fields.demand(fits, "low_water", "must be 0 to 100000");
    let fits = matches!(
        message.delivery(),
        wire::ActivationDelivery::Unspecified | wire::ActivationDelivery::Assigned
    );
    fields.demand(
        fits,
        "delivery",
        "must be ASSIGNED: codes are not printed in letters yet",
    );
    fields.finish()?;
    let codes = message.rows.iter();
    Ok(Import {
        request: call.request(context, id, IMPORT, message)?,
        pool,
        codes: codes.map(|row| ActivationCode::parse(&row.code)).collect(),
        low_water: message.low_water,
    })
}

fn response(
    rows: &[wire::ActivationCodeRow],
    verdicts: &[Verdict],
) -> wire::ImportActivationCodesResponse {
    let mut answer = wire::ImportActivationCodesResponse::default();
    for (row, verdict) in rows.iter().zip(verdicts) {
        let (reason, help) = match verdict {
            Verdict::Imported => {
                answer.imported += 1;
                continue;
            }
            Verdict::Known => {
                answer.known += 1;
                continue;
            }
            Verdict::Malformed => (ItemReason::Malformed, MALFORMED),
            Verdict::Duplicate => (ItemReason::Duplicate, DUPLICATE),
        };
        let item = Item::line(row.line);
        answer.rejected.push(item.refused(reason, "code", help));
    }
    answer
}

fn to_wire(pool: &PoolCount) -> wire::ActivationPool {
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
        delivery: wire::ActivationDelivery::Assigned.into(),
    }
}
