//! `redress reconcile invoice`, `invoices` and `invoice-lines`: what a partner bills against what it may bill.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::zone;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::list::{self, ListArgs};
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::{
    date, given, parse_date, parse_value, state, time, wire_date, with_commas,
};
use crate::client::partner;
use crate::client::problem::{Outcome, Problem};
use crate::client::reconciliation::{self, InvoiceHeader, amount_text, reason_words};
use crate::kernel::clock::Timestamp;
use crate::wire::redress::handoff::v1 as wire;
use wire::{InvoiceCheck, InvoiceLine, InvoiceVerdict};

/// What an invoice is, and what follows.
pub const HELP: &str = "FILE is the partner's invoice of this campaign: one enrollment a row, CSV or a workbook, in any common encoding, with a header. Columns:
  handoff_id           our reference, as the order had it
  partner_reference    the partner's own; one of the two is needed
  product_code         what is billed; may be left out
  amount               such as 7.95; may be left out

Each line is PAYABLE or NOT_PAYABLE with a reason. An enrollment may be billed for a period if it was active on at least one of its days, in the
campaign's time zone, once. What was active and is on no invoice is NOT_BILLED. Shown is what is not payable and what was not billed; --all shows every line.

The same file again is the same check. Where the partner has corrected an invoice, --replace checks it in the place of the one before.

Examples:
  redress reconcile invoice 2026-11.csv --partner bureau-one --number 2026-11 --from 11/01/2026 --to 11/30/2026
  redress reconcile invoices --partner bureau-one
  redress reconcile invoice-lines ID --verdict payable

Exit code 1 when a line is not payable.";

/// Flags of `reconcile invoice`.
#[derive(Debug, Args)]
pub struct InvoiceArgs {
    /// The partner's invoice.
    file: PathBuf,
    #[command(flatten)]
    list: ListArgs,
    /// The partner's name.
    #[arg(long, value_name = "NAME")]
    partner: String,
    #[command(flatten)]
    campaign: CampaignArg,
    /// The partner's number of the invoice.
    #[arg(long, value_name = "NUMBER")]
    number: String,
    /// The first day that is billed.
    #[arg(long, value_name = "DAY", value_parser = parse_date)]
    from: Date,
    /// The last day that is billed.
    #[arg(long, value_name = "DAY", value_parser = parse_date)]
    to: Date,
    /// The currency of the amounts, one with two decimals.
    #[arg(long, value_name = "CODE", default_value = "USD")]
    currency: String,
    /// Check it in the place of the invoice of the same number that was checked before.
    #[arg(long)]
    replace: bool,
    /// Show the lines that are payable too.
    #[arg(long)]
    all: bool,
}

/// Flags of `reconcile invoices`.
#[derive(Debug, Args)]
pub struct InvoicesArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Only this partner's.
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
}

/// Flags of `reconcile invoice-lines`.
#[derive(Debug, Args)]
pub struct LinesArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The check's id, as `redress reconcile invoices` lists it.
    invoice_check_id: String,
    /// Only this verdict: payable, not-payable or not-billed.
    #[arg(long, value_name = "VERDICT", value_parser = verdict_of)]
    verdict: Option<InvoiceVerdict>,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: InvoiceArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let zone = zone::named(&campaign.time_zone)?;
    let currency = args.currency.trim().to_uppercase();
    let read = reconciliation::read_invoice(&args.file, &args.list.options()?, &currency)?;
    list::tell(&read.detected.0, &read.detected.1);
    let partner = partner::find(channels, &args.partner).await?;
    let header = InvoiceHeader {
        campaign_id: campaign.campaign_id.clone(),
        partner_id: partner.partner_id,
        number: args.number,
        days: (wire_date(args.from), wire_date(args.to)),
        currency_code: currency,
        replace: args.replace,
    };
    let places = read.lines.clone();
    let checked = reconciliation::send_invoice(channels, header, read).await?;
    let of = (
        campaign.campaign_id.as_str(),
        checked.invoice_check_id.as_str(),
    );
    let mut lines = Vec::new();
    let shown = [
        InvoiceVerdict::Payable,
        InvoiceVerdict::NotPayable,
        InvoiceVerdict::NotBilled,
    ];
    for verdict in shown.into_iter().skip(usize::from(!args.all)) {
        lines.extend(reconciliation::invoice_lines(channels, of, verdict).await?);
    }
    let place = |index: i64| {
        let at = usize::try_from(index).ok().and_then(|at| places.get(at));
        at.copied()
    };
    let shown = Shown {
        zone,
        currency: checked.currency_code.clone(),
    };
    let rows: Vec<Record> = lines.iter().map(|it| shown.line(it, place)).collect();
    let nothing = "every line is payable, and nothing was left out";
    render::one_with(
        session.format,
        &summary(&checked),
        "line_items",
        &rows,
        nothing,
    )?;
    let refused: i64 = (checked.not_payable.iter())
        .filter_map(|it| it.sum)
        .map(|sum| sum.entries)
        .sum();
    match refused {
        0 => Ok(()),
        1 => Err(Problem::refused("1 line is not payable")),
        many => Err(Problem::refused(format!(
            "{} lines are not payable",
            with_commas(many)
        ))),
    }
}

/// Lists the invoices that were checked.
pub(super) async fn invoices(
    session: &Session,
    channels: &Channels,
    args: InvoicesArgs,
) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let partner_id = match &args.partner {
        Some(name) => partner::find(channels, name).await?.partner_id,
        None => String::new(),
    };
    let of = (campaign.campaign_id.as_str(), partner_id.as_str());
    let found = reconciliation::invoices(channels, of).await?;
    let rows: Vec<Record> = found.iter().map(summary).collect();
    render::many(
        session.format,
        &rows,
        "no invoice was checked yet; `redress reconcile invoice --help` shows how",
    )
}

/// Lists the lines of one that was checked.
pub(super) async fn lines(session: &Session, channels: &Channels, args: LinesArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let of = (
        campaign.campaign_id.as_str(),
        args.invoice_check_id.as_str(),
    );
    let verdict = args.verdict.unwrap_or_default();
    let found = reconciliation::invoice_lines(channels, of, verdict).await?;
    let checks = reconciliation::invoices(channels, (of.0, "")).await?;
    let check = checks.iter().find(|it| it.invoice_check_id == of.1);
    let shown = Shown {
        zone: zone::named(&campaign.time_zone)?,
        currency: check.map(|it| it.currency_code.clone()).unwrap_or_default(),
    };
    let rows: Vec<Record> = found
        .iter()
        .map(|it| shown.line(it, |at| Some(at + 1)))
        .collect();
    render::many(session.format, &rows, "no line came to that")
}

/// An invoice in one line.
fn summary(check: &InvoiceCheck) -> Record {
    let payable = check.payable.unwrap_or_default();
    let refused = check.not_payable.iter().filter_map(|it| it.sum);
    let (lines, amount) = refused.fold((0, 0), |(lines, amount), sum| {
        (lines + sum.entries, amount + sum.amount_minor)
    });
    let reasons = check.not_payable.iter().map(|it| {
        let reason = state(it.reason().as_str_name(), "NOT_PAYABLE_REASON_");
        format!(
            "{} {reason}",
            with_commas(it.sum.unwrap_or_default().entries)
        )
    });
    let reasons: Vec<String> = reasons.collect();
    let money = |minor| amount_text(minor, &check.currency_code);
    Record::new()
        .with("invoice_check_id", check.invoice_check_id.as_str())
        .with("number", check.invoice_number.as_str())
        .with("from", date(check.first_date.as_ref()))
        .with("to", date(check.last_date.as_ref()))
        .with(
            "state",
            state(check.state().as_str_name(), "INVOICE_CHECK_STATE_"),
        )
        .with("lines", check.entries)
        .with("payable", payable.entries)
        .with("payable_amount", money(payable.amount_minor))
        .with("not_payable", lines)
        .with("not_payable_amount", money(amount))
        .with("reasons", reasons.join(", "))
        .with("not_billed", check.not_billed)
        .with("checked", time(check.finish_time.as_ref()))
}

/// What lines are shown by: days in the campaign's zone, amounts in the invoice's currency.
struct Shown {
    zone: TimeZone,
    currency: String,
}

impl Shown {
    /// A line with its place in the file, as `place` gives it, and why it is not payable.
    fn line(&self, it: &InvoiceLine, place: impl Fn(i64) -> Option<i64>) -> Record {
        let is_line = it.verdict() != InvoiceVerdict::NotBilled;
        let why = reason_words(it, |at| match place(at) {
            Some(line) => format!("line {line}"),
            None => "an earlier line".to_owned(),
        });
        let amount = it
            .amount_minor
            .map(|minor| amount_text(minor, &self.currency));
        Record::new()
            .with("line", is_line.then(|| place(it.index)).flatten())
            .with(
                "verdict",
                state(it.verdict().as_str_name(), "INVOICE_VERDICT_"),
            )
            .with(
                "reason",
                given(it.reason().as_str_name(), "NOT_PAYABLE_REASON_"),
            )
            .with("handoff_id", it.handoff_id.as_str())
            .with("partner_reference", it.partner_reference.as_str())
            .with("product", it.product_code.as_str())
            .with("amount", amount)
            .with("active_from", self.day(it.activate_time.as_ref()))
            .with("ended", self.day(it.end_time.as_ref()))
            .with("why", why)
    }

    fn day(&self, time: Option<&prost_types::Timestamp>) -> Option<String> {
        let at = Timestamp::from_proto(time?).ok()?;
        let day = at.date_in(&self.zone).ok()?;
        Some(day.to_string())
    }
}

fn verdict_of(text: &str) -> Result<InvoiceVerdict, String> {
    parse_value(text, InvoiceVerdict::as_str_name, "INVOICE_VERDICT_")
}
