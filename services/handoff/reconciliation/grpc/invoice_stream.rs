//! Invoices as they come in: the stream of CheckInvoice.

use jiff::civil::Date;
use tonic::{Request, Streaming};

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::reconciliation::days;
use crate::handoff::reconciliation::invoice::check::{Billed, Header, Incoming, begin};
use crate::handoff::reconciliation::invoice::judge::Period;
use crate::kernel::fields::Fields;
use crate::kernel::ids::CampaignId;
use crate::process::Call;
use crate::wire::google::r#type::Date as WireDate;
use crate::wire::redress::handoff::v1 as wire;
use wire::check_invoice_request::Part;

use super::stream::{Parts, demand_room, out_of_place, references};
use super::{convert_invoice, whose_alone};

const CHECK: &str = "redress.handoff.v1.ReconciliationService/CheckInvoice";
/// The most characters of an invoice's number and of a product's code.
const NAME: usize = 64;
/// The most that one line bills: sums over all lines of an invoice stay numbers of 64 bits.
const MOST: i64 = 1_000_000_000_000;

/// CheckInvoice.
pub(crate) async fn check_invoice(
    context: &Context,
    request: Request<Streaming<wire::CheckInvoiceRequest>>,
) -> Result<wire::CheckInvoiceResponse, Error> {
    let call = Call::of(&request)?;
    let mut parts = Parts::of(request, |message: wire::CheckInvoiceRequest| message.part);
    let Some(Part::Header(header)) = parts.next().await? else {
        return Err(out_of_place("must begin with the header"));
    };
    let mut fields = Fields::default();
    let request_id = fields.request_id(&header.request_id);
    let read = header_of(context, &call, fields, &header).await?;
    let mut incoming = begin(context, read, call.actor()).await?;
    loop {
        match parts.next().await? {
            Some(Part::Chunk(chunk)) => take(context, &mut incoming, chunk).await?,
            Some(Part::End(end)) => {
                let sent = incoming.content();
                let request = call.request(context, request_id, CHECK, &sent)?;
                let checked = incoming.end(context, end.entries, &request).await?;
                return Ok(wire::CheckInvoiceResponse {
                    invoice_check: Some(convert_invoice::check(&checked)),
                });
            }
            Some(Part::Header(_)) => return Err(out_of_place("has its header once")),
            None => {
                return Err(out_of_place(
                    "must end with the invoice's end; nothing was checked: send the whole invoice again",
                ));
            }
        }
    }
}

async fn header_of(
    context: &Context,
    call: &Call,
    mut fields: Fields,
    header: &wire::InvoiceHeader,
) -> Result<Header, Error> {
    let campaign = context.campaign_id(&mut fields, &header.campaign).await?;
    let partner = whose_alone(context, call, &mut fields, &header.partner_id).await?;
    let number = fields.text("invoice_number", &header.invoice_number, NAME);
    let first = date(&mut fields, "first_date", header.first_date);
    let last = date(&mut fields, "last_date", header.last_date);
    let currency = header.currency_code.trim();
    let is_code = currency.len() == 3 && currency.bytes().all(|it| it.is_ascii_uppercase());
    fields.demand(
        currency.is_empty() || is_code,
        "currency_code",
        "must be three capital letters as in ISO 4217, such as USD",
    );
    if let (Some(first), Some(last)) = (first, last) {
        fields.demand(first <= last, "last_date", "must not be before first_date");
    }
    fields.finish()?;
    let days = first.zip(last).unwrap_or_default();
    Ok(Header {
        campaign,
        partner,
        number,
        period: period(context, campaign, days).await?,
        currency: is_code.then(|| currency.to_owned()),
        replace: header.replace,
    })
}

fn date(fields: &mut Fields, path: &str, given: Option<WireDate>) -> Option<Date> {
    fields.date(path, given.map(|it| (it.year, it.month, it.day)))
}

/// Gives the period from its first day to its last one, in the campaign's zone.
async fn period(
    context: &Context,
    campaign: CampaignId,
    (first, last): (Date, Date),
) -> Result<Period, Error> {
    let zone = days::zone_of(context.db.read(), campaign).await?;
    let today = days::day_of(context.now(), &zone)?;
    let next = last.tomorrow().ok();
    let until = next.and_then(|day| days::start_of(day, &zone));
    let from = days::start_of(first, &zone);
    let mut fields = Fields::default();
    fields.demand(
        last <= today && until.is_some() && from.is_some(),
        "last_date",
        "must not be in the future: what is active then is not known yet",
    );
    fields.finish()?;
    let now = context.now();
    Ok(Period {
        first_on: first.to_string(),
        last_on: last.to_string(),
        from: from.unwrap_or(now),
        until: until.unwrap_or(now),
    })
}

/// Takes a chunk; lines that cannot be read are named by their places in the whole invoice.
async fn take(
    context: &Context,
    incoming: &mut Incoming,
    chunk: wire::InvoiceChunk,
) -> Result<(), Error> {
    let mut fields = Fields::default();
    let first = incoming.lines();
    demand_room(&mut fields, chunk.entries.len(), first);
    let has_currency = incoming.has_currency();
    let entries = (first..).zip(&chunk.entries);
    let lines: Vec<Billed> = entries
        .filter_map(|(place, entry)| line_of(&mut fields, (place, has_currency), entry))
        .collect();
    fields.finish()?;
    incoming.add(context, lines).await
}

fn line_of(
    fields: &mut Fields,
    (place, has_currency): (i64, bool),
    entry: &wire::InvoiceEntry,
) -> Option<Billed> {
    let named = (entry.handoff_id.as_str(), entry.partner_reference.as_str());
    let references = references(fields, place, named);
    let path = format!("entries[{place}].product_code");
    let product = fields.maybe_text(path, &entry.product_code, NAME);
    let amount = entry.amount_minor;
    let path = format!("entries[{place}].amount_minor");
    fields.demand(
        amount.is_none_or(|it| (0..=MOST).contains(&it)),
        &path,
        "must not be negative, and at most 1000000000000; a credit is no line of an invoice",
    );
    fields.demand(
        amount.is_none() || has_currency,
        &path,
        "needs the header's currency_code",
    );
    let (handoff, reference) = references?;
    Some(Billed {
        handoff,
        reference,
        product: product.map(str::to_owned),
        amount_minor: amount,
    })
}
