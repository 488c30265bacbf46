//! Checks of invoices as the contract has them.

use sea_orm::Iterable;

use crate::db::entities::invoice_check::{self, State};
use crate::db::entities::invoice_line::{self, Reason, Verdict};
use crate::handoff::reconciliation::invoice::judge::Sum;
use crate::kernel::clock::Timestamp;
use crate::process::convert::date;
use crate::wire::google::r#type::Date;
use crate::wire::redress::handoff::v1 as wire;

const fn verdict_to_wire(verdict: Verdict) -> wire::InvoiceVerdict {
    match verdict {
        Verdict::Payable => wire::InvoiceVerdict::Payable,
        Verdict::NotPayable => wire::InvoiceVerdict::NotPayable,
        Verdict::NotBilled => wire::InvoiceVerdict::NotBilled,
    }
}

/// Reads the verdict that lines are filtered by; `None` lists all.
pub(super) fn verdict_filter(number: i32) -> Result<Option<Verdict>, ()> {
    if number == 0 {
        return Ok(None);
    }
    let known = Verdict::iter().find(|known| i32::from(verdict_to_wire(*known)) == number);
    known.map(Some).ok_or(())
}

const fn reason_to_wire(reason: Reason) -> wire::NotPayableReason {
    match reason {
        Reason::UnknownReference => wire::NotPayableReason::UnknownReference,
        Reason::OtherPartner => wire::NotPayableReason::OtherPartner,
        Reason::OtherCampaign => wire::NotPayableReason::OtherCampaign,
        Reason::ReferencesDisagree => wire::NotPayableReason::ReferencesDisagree,
        Reason::ProductDiffers => wire::NotPayableReason::ProductDiffers,
        Reason::NeverActive => wire::NotPayableReason::NeverActive,
        Reason::ActivatedAfter => wire::NotPayableReason::ActivatedAfter,
        Reason::CanceledBefore => wire::NotPayableReason::CanceledBefore,
        Reason::EndedBefore => wire::NotPayableReason::EndedBefore,
        Reason::Suspended => wire::NotPayableReason::Suspended,
        Reason::BilledTwice => wire::NotPayableReason::BilledTwice,
        Reason::BilledBefore => wire::NotPayableReason::BilledBefore,
    }
}

const fn state_to_wire(state: State) -> wire::InvoiceCheckState {
    match state {
        State::Incomplete => wire::InvoiceCheckState::Incomplete,
        State::Checked => wire::InvoiceCheckState::Checked,
        State::Replaced => wire::InvoiceCheckState::Replaced,
    }
}

pub(super) fn check(it: &invoice_check::Model) -> wire::InvoiceCheck {
    // Written by this process from the same type.
    let sums: Vec<Sum> = serde_json::from_str(&it.sums).unwrap_or_default();
    let of = |verdict| sums.iter().find(move |sum| sum.verdict == verdict);
    let mut not_payable: Vec<wire::NotPayableSum> = sums
        .iter()
        .filter_map(|found| {
            Some(wire::NotPayableSum {
                reason: reason_to_wire(found.reason?).into(),
                sum: Some(sum(found)),
            })
        })
        .collect();
    not_payable.sort_by_key(|it| it.reason);
    wire::InvoiceCheck {
        invoice_check_id: it.id.to_string(),
        campaign_id: it.campaign_id.to_string(),
        partner_id: it.partner_id.to_string(),
        invoice_number: it.invoice_number.clone(),
        first_date: day(&it.first_on),
        last_date: day(&it.last_on),
        currency_code: it.currency.clone().unwrap_or_default(),
        state: state_to_wire(it.state).into(),
        entries: it.lines,
        payable: Some(of(Verdict::Payable).map(sum).unwrap_or_default()),
        not_payable,
        not_billed: of(Verdict::NotBilled).map_or(0, |sum| sum.lines),
        content_sha256: it.content_sha256.clone().unwrap_or_default(),
        start_time: Some(it.started_at.to_proto()),
        finish_time: it.finished_at.map(Timestamp::to_proto),
        started_by: it.started_by.clone(),
    }
}

const fn sum(sum: &Sum) -> wire::InvoiceSum {
    wire::InvoiceSum {
        entries: sum.lines,
        amount_minor: sum.amount_minor,
    }
}

/// Written by this process from a date.
fn day(text: &str) -> Option<Date> {
    text.parse().ok().map(date)
}

pub(super) fn line(it: &invoice_line::Model) -> wire::InvoiceLine {
    wire::InvoiceLine {
        index: it.position,
        verdict: it.verdict.map(verdict_to_wire).unwrap_or_default().into(),
        reason: it.reason.map(reason_to_wire).unwrap_or_default().into(),
        handoff_id: it.handoff_id.map(|id| id.to_string()).unwrap_or_default(),
        partner_reference: it.partner_reference.clone().unwrap_or_default(),
        product_code: it.product_code.clone().unwrap_or_default(),
        amount_minor: it.amount_minor,
        activate_time: it.activated_at.map(Timestamp::to_proto),
        end_time: it.ended_at.map(Timestamp::to_proto),
        first_index: it.first_position,
        other_invoice_number: it.other_invoice.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_is_read_and_no_other() {
        for verdict in Verdict::iter() {
            let number = verdict_to_wire(verdict).into();
            assert_eq!(verdict_filter(number), Ok(Some(verdict)));
        }
        assert_eq!(verdict_filter(0), Ok(None));
        assert!(verdict_filter(99).is_err());
    }

    /// The columns and the contract call the reasons by the same names, in the same order.
    #[test]
    fn every_reason_has_its_name_in_the_contract() {
        use crate::db::entities::ClosedSet as _;
        for (number, reason) in (1..).zip(Reason::iter()) {
            let wire = reason_to_wire(reason);
            assert_eq!(i32::from(wire), number);
            let name = wire.as_str_name().trim_start_matches("NOT_PAYABLE_REASON_");
            assert_eq!(name, reason.as_str());
        }
    }
}
