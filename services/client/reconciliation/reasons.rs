//! Why a line of an invoice is not payable, in words for whoever writes to the partner.

use crate::wire::redress::handoff::v1::{InvoiceLine, InvoiceVerdict, NotPayableReason};

/// Says what a line came to. `place` writes the place of another line of the invoice.
pub fn words(line: &InvoiceLine, place: impl Fn(i64) -> String) -> String {
    match line.verdict() {
        InvoiceVerdict::Unspecified => return "not checked".to_owned(),
        InvoiceVerdict::Payable => return String::new(),
        InvoiceVerdict::NotBilled => {
            return "active in the period and on no invoice".to_owned();
        }
        InvoiceVerdict::NotPayable => {}
    }
    match line.reason() {
        NotPayableReason::Unspecified => "no reason is given",
        NotPayableReason::UnknownReference => "no order of ours bears this reference",
        NotPayableReason::OtherPartner => "it was ordered from another partner",
        NotPayableReason::OtherCampaign => "it belongs to another campaign",
        NotPayableReason::ReferencesDisagree => {
            "by our books the handoff_id and the partner's reference are two different enrollments"
        }
        NotPayableReason::ProductDiffers => "another product was ordered",
        NotPayableReason::NeverActive => {
            "it was never reported active, or it was withdrawn before it began"
        }
        NotPayableReason::ActivatedAfter => "it became active after the period",
        NotPayableReason::CanceledBefore => "it was canceled before the period",
        NotPayableReason::EndedBefore => "it ended before the period",
        NotPayableReason::Suspended => "it was suspended during the whole period",
        NotPayableReason::BilledTwice => {
            let first = line.first_index.map(place).unwrap_or_default();
            return format!("{first} of this invoice bills it already");
        }
        NotPayableReason::BilledBefore => {
            let other = &line.other_invoice_number;
            return format!("invoice {other} bills it already for days of this period");
        }
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let reasons = (1..100).filter_map(|number| NotPayableReason::try_from(number).ok());
        let said: Vec<String> = reasons
            .map(|reason| {
                let line = InvoiceLine {
                    verdict: InvoiceVerdict::NotPayable.into(),
                    reason: reason.into(),
                    first_index: Some(3),
                    other_invoice_number: "2015-08".to_owned(),
                    ..InvoiceLine::default()
                };
                words(&line, |at| format!("line {}", at + 2))
            })
            .collect();
        assert_eq!(said.len(), 12);
        assert_eq!(said.iter().collect::<BTreeSet<_>>().len(), said.len());
        assert!(said.contains(&"line 5 of this invoice bills it already".to_owned()));
        assert!(said.iter().any(|it| it.starts_with("invoice 2015-08")));
    }
}
