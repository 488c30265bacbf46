//! Sends an invoice to be checked, and reads what checks came to.

use crate::client::connect::Channels;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Problem};
use crate::client::request::new_request_id;
use crate::wire::google::r#type::Date;
use crate::wire::redress::handoff::v1 as wire;
use wire::check_invoice_request::Part;

use super::rows::Entries;
use super::send::{CHUNK, by_line, client};

/// Whose invoice it is.
#[derive(Clone, Debug)]
pub struct InvoiceHeader {
    /// The campaign's id.
    pub campaign_id: String,
    /// The partner's id.
    pub partner_id: String,
    /// The invoice's number.
    pub number: String,
    /// The first and the last day that it bills.
    pub days: (Date, Date),
    /// ISO 4217.
    pub currency_code: String,
    /// Whether it takes the place of the one of the same number.
    pub replace: bool,
}

/// Sends an invoice to be checked. What the service says of its entries is said of their lines.
pub async fn send_invoice(
    channels: &Channels,
    header: InvoiceHeader,
    invoice: Entries<wire::InvoiceEntry>,
) -> Result<wire::InvoiceCheck, Problem> {
    const DOING: &str = "check the invoice";
    let Entries { entries, lines, .. } = invoice;
    let end = wire::InvoiceEnd {
        entries: i64::try_from(entries.len()).unwrap_or(i64::MAX),
    };
    let has_amounts = entries.iter().any(|it| it.amount_minor.is_some());
    let header = wire::InvoiceHeader {
        request_id: new_request_id(),
        campaign: header.campaign_id,
        partner_id: header.partner_id,
        invoice_number: header.number,
        first_date: Some(header.days.0),
        last_date: Some(header.days.1),
        currency_code: if has_amounts {
            header.currency_code
        } else {
            String::new()
        },
        replace: header.replace,
    };
    let chunks: Vec<Part> = entries
        .chunks(CHUNK)
        .map(|entries| {
            Part::Chunk(wire::InvoiceChunk {
                entries: entries.to_vec(),
            })
        })
        .collect();
    let parts = [Part::Header(header)]
        .into_iter()
        .chain(chunks)
        .chain([Part::End(end)]);
    let parts = parts.map(|part| wire::CheckInvoiceRequest { part: Some(part) });
    let answer = client(channels)
        .check_invoice(tokio_stream::iter(parts))
        .await;
    let answer = answer.map_err(|status| by_line(DOING, &status, &lines));
    Ok(answer?.into_inner().invoice_check.unwrap_or_default())
}

/// Reads the lines of a checked invoice, of one verdict or of all.
pub async fn invoice_lines(
    channels: &Channels,
    (campaign_id, invoice_check_id): (&str, &str),
    verdict: wire::InvoiceVerdict,
) -> Result<Vec<wire::InvoiceLine>, Problem> {
    let mut client = client(channels);
    read_all(async |page_token| {
        let request = wire::ListInvoiceLinesRequest {
            campaign: campaign_id.to_owned(),
            invoice_check_id: invoice_check_id.to_owned(),
            verdict: verdict.into(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_invoice_lines(request).await;
        let page = answer.or_problem("list the invoice's lines")?;
        Ok((page.invoice_lines, page.next_page_token))
    })
    .await
}

/// Reads a campaign's invoices, of one partner or of all, newest first.
pub async fn invoices(
    channels: &Channels,
    (campaign_id, partner_id): (&str, &str),
) -> Result<Vec<wire::InvoiceCheck>, Problem> {
    let mut client = client(channels);
    read_all(async |page_token| {
        let request = wire::ListInvoiceChecksRequest {
            campaign: campaign_id.to_owned(),
            partner_id: partner_id.to_owned(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_invoice_checks(request).await;
        let page = answer.or_problem("list the invoices")?;
        Ok((page.invoice_checks, page.next_page_token))
    })
    .await
}
