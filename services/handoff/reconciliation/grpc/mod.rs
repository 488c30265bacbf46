//! Reconciliation on the wire. A partner reaches its own, operators reach all: the certificate tells who calls.

mod convert;
mod convert_invoice;
mod invoice_stream;
mod invoices;
mod lists;
mod manifests;
mod stream;

use tonic::Request;
use uuid::Uuid;

use crate::db::entities::reconciliation_difference::CloseReason;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner;
use crate::handoff::request::page_size;
use crate::kernel::caller::Role;
use crate::kernel::fields::Fields;
use crate::kernel::ids::{DifferenceId, PartnerId, ReconciliationId};
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::Item;
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::r#type::v1::{ItemReason, ItemVerdict};

use super::close::{Close, close_difference};
use super::difference_store::{self, Filter};
use super::list_store;
use super::repair::{Verdict, repair_differences};

pub(crate) use invoice_stream::check_invoice;
pub(crate) use invoices::{list_invoice_checks, list_invoice_lines};
pub(crate) use lists::reconcile;
pub(crate) use manifests::{get_manifest, list_manifests};

const CLOSE: &str = "redress.handoff.v1.ReconciliationService/CloseDifference";
const REPAIR: &str = "redress.handoff.v1.ReconciliationService/RepairDifferences";

/// The most differences that one call repairs.
const MOST: usize = 500;
/// The most characters of a note.
const NOTE: usize = 200;
/// So many digits in a row are no personal number yet.
const DIGITS: usize = 6;

/// ListReconciliations.
pub(crate) async fn list_reconciliations(
    context: &Context,
    request: Request<wire::ListReconciliationsRequest>,
) -> Result<wire::ListReconciliationsResponse, Error> {
    let call = Call::of(&request)?;
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let partner = whose(context, &call, &mut fields, &message.partner_id).await?;
    let of = partner.map(|id| id.to_string()).unwrap_or_default();
    let filter: [&[u8]; 3] = [b"lists", campaign.as_bytes(), of.as_bytes()];
    let rows = (fields.absorb(page_size(message.page_size))).unwrap_or_default();
    let token = paging::page_after::<ReconciliationId>(&filter, &message.page_token);
    let before = fields.absorb(token).flatten();
    fields.finish()?;
    let db = context.db.read();
    let found = list_store::page(db, (campaign, partner), before, rows + 1).await?;
    let entries = found.iter().map(|it| (it.id, convert::reconciliation(it)));
    let room = Room {
        rows,
        bytes,
        filter: &filter,
    };
    let (reconciliations, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListReconciliationsResponse {
        reconciliations,
        next_page_token,
    })
}

/// ListDifferences.
pub(crate) async fn list_differences(
    context: &Context,
    request: Request<wire::ListDifferencesRequest>,
) -> Result<wire::ListDifferencesResponse, Error> {
    let call = Call::of(&request)?;
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let partner = whose(context, &call, &mut fields, &message.partner_id).await?;
    let state = convert::state_filter(message.state).unwrap_or_else(|()| {
        fields.wrong("state", "is not a state of a difference");
        None
    });
    let kind = convert::kind_filter(message.kind).unwrap_or_else(|()| {
        fields.wrong("kind", "is not a kind of difference");
        None
    });
    let which = format!("{partner:?}{state:?}{kind:?}");
    let filter: [&[u8]; 2] = [campaign.as_bytes(), which.as_bytes()];
    let rows = (fields.absorb(page_size(message.page_size))).unwrap_or_default();
    let token = paging::page_after::<DifferenceId>(&filter, &message.page_token);
    let after = fields.absorb(token).flatten();
    fields.finish()?;
    let wanted = Filter {
        campaign,
        partner,
        state,
        kind,
    };
    let found = difference_store::page(context.db.read(), wanted, after, rows + 1).await?;
    let entries = found.iter().map(|it| (it.id, convert::difference(it)));
    let room = Room {
        rows,
        bytes,
        filter: &filter,
    };
    let (differences, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListDifferencesResponse {
        differences,
        next_page_token,
    })
}

/// CloseDifference.
pub(crate) async fn close(
    context: &Context,
    request: Request<wire::CloseDifferenceRequest>,
) -> Result<wire::CloseDifferenceResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let mut fields = Fields::default();
    let request_id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let difference: DifferenceId = fields.id("difference_id", &message.difference_id);
    let reason = convert::reason_of(message.reason);
    fields.demand(
        reason.is_some(),
        "reason",
        "must be a reason of the contract",
    );
    let note = fields.maybe_text("note", &message.note, NOTE);
    fields.demand(
        !note.is_some_and(tells_of_a_person),
        "note",
        "must hold no personal data: no @, and at most 6 digits in a row",
    );
    fields.demand(
        reason != Some(CloseReason::Other) || note.is_some(),
        "note",
        "must say why, with the reason OTHER",
    );
    let command = Close {
        campaign,
        difference,
        reason: reason.unwrap_or(CloseReason::Other),
        note: note.map(str::to_owned),
    };
    fields.finish()?;
    let key = call.request(context, request_id, CLOSE, &message)?;
    let closed = close_difference(context, &key, &command).await?;
    Ok(wire::CloseDifferenceResponse {
        difference: Some(convert::difference(&closed)),
    })
}

/// RepairDifferences.
pub(crate) async fn repair(
    context: &Context,
    request: Request<wire::RepairDifferencesRequest>,
) -> Result<wire::RepairDifferencesResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let mut fields = Fields::default();
    let request_id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let fits = (1..=MOST).contains(&message.difference_ids.len());
    fields.demand(fits, "difference_ids", "must hold 1 to 500 ids");
    fields.finish()?;
    let ids = message.difference_ids.iter();
    let items: Vec<Option<DifferenceId>> = ids.map(|id| id.parse().ok()).collect();
    let key = call.request(context, request_id, REPAIR, &message)?;
    let verdicts = repair_differences(context, &key, campaign, &items).await?;
    let items = message.difference_ids.iter().zip(verdicts).enumerate();
    Ok(wire::RepairDifferencesResponse {
        verdicts: items
            .map(|(at, (id, verdict))| verdict_to_wire((at, id), verdict))
            .collect(),
    })
}

/// Gives whose books a call is about: a partner's own, or the one that an operator names, if it names one.
async fn whose(
    context: &Context,
    call: &Call,
    fields: &mut Fields,
    partner_id: &str,
) -> Result<Option<PartnerId>, Error> {
    let named: Option<PartnerId> = fields.maybe_id("partner_id", partner_id);
    let db = context.db.read();
    if call.caller.role == Role::Partner {
        let own = partner::store::by_name(db, &call.caller.name).await?.id;
        return match named {
            Some(other) if other != own => Err(Error::PartnerNotFound),
            _ => Ok(Some(own)),
        };
    }
    match named {
        Some(named) => Ok(Some(partner::store::by_id(db, named).await?.id)),
        None => Ok(None),
    }
}

/// Gives whose books a call is about, where it must be about one partner's.
async fn whose_alone(
    context: &Context,
    call: &Call,
    fields: &mut Fields,
    partner_id: &str,
) -> Result<PartnerId, Error> {
    let partner = whose(context, call, fields, partner_id).await?;
    fields.demand(partner.is_some(), "partner_id", "must name the partner");
    Ok(partner.unwrap_or_else(|| PartnerId::from_uuid(Uuid::nil())))
}

fn tells_of_a_person(note: &str) -> bool {
    let mut digits = note.split(|letter: char| !letter.is_ascii_digit());
    note.contains('@') || digits.any(|run| run.len() > DIGITS)
}

fn verdict_to_wire((at, id): (usize, &str), verdict: Verdict) -> ItemVerdict {
    let item = Item::at(at, id);
    let (reason, help) = match verdict {
        Verdict::Repaired => return item.applied(),
        Verdict::Unchanged => return item.unchanged(),
        Verdict::Unknown => (
            ItemReason::UnknownDifference,
            "compare the id with the list of differences of this campaign",
        ),
        Verdict::Somebodys => (
            ItemReason::NotRepairable,
            "do what its suggested action says, or close it with a reason",
        ),
        Verdict::Changed => (
            ItemReason::Contradicts,
            "the order has changed since the list; send a newer list of the partner",
        ),
        Verdict::Malformed => (
            ItemReason::Malformed,
            "give the difference's id as it was listed",
        ),
    };
    item.refused(reason, format!("difference_ids[{at}]"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_with_a_number_or_an_address_is_refused() {
        for note in ["ada@example.org", "SSN 123456789", "call 2605550100"] {
            assert!(tells_of_a_person(note), "{note}");
        }
        for note in ["their ticket 48213", "agreed on 2026-11-30", ""] {
            assert!(!tells_of_a_person(note), "{note}");
        }
    }
}
