//! Reads a partner's invoice as partners send it: one enrollment a row.

use std::path::Path;

use crate::client::problem::Problem;
use crate::client::table::columns::{Column, Vocabulary};
use crate::client::table::{Options, Row};
use crate::wire::redress::handoff::v1::InvoiceEntry;

use super::amount;
use super::rows::{self, Entries, cell, references};

static INVOICE: Vocabulary = Vocabulary::new(
    "an invoice",
    &[
        Column::optional(
            "handoff_id",
            "handoff handoffreference redressid redressreference externalid externalreference clientreference",
        ),
        Column::optional(
            "partner_reference",
            "reference ref ourreference memberid membernumber subscriberid enrollmentid accountnumber",
        ),
        Column::optional("product_code", "product sku item itemcode productid"),
        Column::optional("amount", "price unitprice total linetotal fee charge"),
    ],
);

/// Reads an invoice whole; its amounts are in `currency`.
///
/// # Errors
/// All lines that cannot be read are named.
pub fn read(
    path: &Path,
    options: &Options,
    currency: &str,
) -> Result<Entries<InvoiceEntry>, Problem> {
    rows::read(path, &INVOICE, options, |row| entry(row, currency))
}

fn entry(row: &Row, currency: &str) -> Result<InvoiceEntry, String> {
    let (handoff_id, partner_reference) = references(row)?;
    let amount = cell(row, 3);
    let amount = (!amount.is_empty()).then(|| amount::read(amount, currency));
    Ok(InvoiceEntry {
        handoff_id,
        partner_reference,
        product_code: cell(row, 2).to_owned(),
        amount_minor: amount.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice_of(text: &[u8]) -> Result<Entries<InvoiceEntry>, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("invoice.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, &Options::default(), "USD")
    }

    #[test]
    fn an_invoice_is_read_as_excel_saves_it() {
        let id = "0198a5f0-0000-7000-8000-000000000001";
        let text = format!(
            "\u{feff}Client Reference;Member Number;SKU;Unit Price\r\n{id};M-1;TRIPLE-24;\"$7,50\"\r\n;M-2;;\r\n"
        );
        let invoice = invoice_of(text.as_bytes()).unwrap();
        assert_eq!(invoice.lines, [2, 3]);
        let [first, second] = invoice.entries.as_slice() else {
            panic!("two lines")
        };
        assert_eq!(
            (first.handoff_id.as_str(), first.product_code.as_str()),
            (id, "TRIPLE-24")
        );
        assert_eq!((first.amount_minor, second.amount_minor), (Some(750), None));
        assert_eq!(second.partner_reference, "M-2");
    }

    #[test]
    fn a_line_without_a_reference_or_with_a_credit_stops_the_invoice() {
        let text = "handoff_id,partner_reference,amount\n,,1.00\n,M-1,-1.00\n,M-2,1.00\n";
        let problem = invoice_of(text.as_bytes()).unwrap_err().to_string();
        for part in [
            "2 of its lines",
            "line 2: there is neither",
            "line 3: amount is negative",
        ] {
            assert!(problem.contains(part), "{problem}");
        }
    }
}
