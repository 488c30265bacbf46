//! Invoices that were checked, and their lines.

use tonic::Request;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::reconciliation::invoice::store;
use crate::handoff::request::page_size;
use crate::kernel::fields::Fields;
use crate::kernel::ids::InvoiceCheckId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::handoff::v1 as wire;

use super::{convert_invoice, whose};

/// ListInvoiceChecks.
pub(crate) async fn list_invoice_checks(
    context: &Context,
    request: Request<wire::ListInvoiceChecksRequest>,
) -> Result<wire::ListInvoiceChecksResponse, Error> {
    let call = Call::of(&request)?;
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let partner = whose(context, &call, &mut fields, &message.partner_id).await?;
    let of = partner.map(|id| id.to_string()).unwrap_or_default();
    let filter: [&[u8]; 3] = [b"invoices", campaign.as_bytes(), of.as_bytes()];
    let rows = (fields.absorb(page_size(message.page_size))).unwrap_or_default();
    let token = paging::page_after::<InvoiceCheckId>(&filter, &message.page_token);
    let before = fields.absorb(token).flatten();
    fields.finish()?;
    let db = context.db.read();
    let found = store::page(db, (campaign, partner), before, rows + 1).await?;
    let entries = found.iter().map(|it| (it.id, convert_invoice::check(it)));
    let room = Room {
        rows,
        bytes,
        filter: &filter,
    };
    let (invoice_checks, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListInvoiceChecksResponse {
        invoice_checks,
        next_page_token,
    })
}

/// ListInvoiceLines.
pub(crate) async fn list_invoice_lines(
    context: &Context,
    request: Request<wire::ListInvoiceLinesRequest>,
) -> Result<wire::ListInvoiceLinesResponse, Error> {
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let check: InvoiceCheckId = fields.id("invoice_check_id", &message.invoice_check_id);
    let verdict = convert_invoice::verdict_filter(message.verdict).unwrap_or_else(|()| {
        fields.wrong("verdict", "is not a verdict of a line");
        None
    });
    let which = format!("{verdict:?}");
    let filter: [&[u8]; 3] = [campaign.as_bytes(), check.as_bytes(), which.as_bytes()];
    let rows = (fields.absorb(page_size(message.page_size))).unwrap_or_default();
    let token = paging::page_after::<i64>(&filter, &message.page_token);
    let after = fields.absorb(token).flatten();
    fields.finish()?;
    let (db, key) = (context.db.read(), (campaign, check));
    let found = store::get(db, key).await?;
    found.ok_or(Error::InvoiceCheckNotFound)?;
    let found = store::lines(db, key, verdict, (after, rows + 1)).await?;
    let entries = found
        .iter()
        .map(|it| (it.position, convert_invoice::line(it)));
    let room = Room {
        rows,
        bytes,
        filter: &filter,
    };
    let (invoice_lines, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListInvoiceLinesResponse {
        invoice_lines,
        next_page_token,
    })
}
