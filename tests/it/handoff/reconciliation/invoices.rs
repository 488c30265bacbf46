//! What a partner may bill.

use std::time::Duration;

use redress::db::entities::coverage;
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::google::r#type::Date;
use redress::wire::redress::bureau::v1::EnrollmentProgress::{
    Active, Canceled, Ended, Refused, Suspended,
};
use redress::wire::redress::handoff::v1 as wire;
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use tonic::Status;
use wire::check_invoice_request::Part;
use wire::{
    CheckInvoiceRequest, InvoiceCheck, InvoiceChunk, InvoiceEnd, InvoiceEntry, InvoiceHeader,
    InvoiceLine, InvoiceVerdict, ListInvoiceLinesRequest,
};

use crate::handoff::said::another_partner;
use crate::handoff::seed::{ada, open_numbered};
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

pub(super) const DAY: Duration = Duration::from_hours(24);

/// A day of the summer of 2015.
pub(super) fn day(month: i32, day: i32) -> Date {
    Date {
        year: 2015,
        month,
        day,
    }
}

/// Lines of an invoice by our references.
pub(super) fn bill(ids: &[HandoffId]) -> Vec<InvoiceEntry> {
    let entries = ids.iter().map(|id| InvoiceEntry {
        handoff_id: id.to_string(),
        ..InvoiceEntry::default()
    });
    entries.collect()
}

pub(super) fn parts(
    header: InvoiceHeader,
    entries: &[InvoiceEntry],
    claimed: usize,
) -> Vec<CheckInvoiceRequest> {
    let chunks = entries.chunks(5_000).map(|entries| {
        Part::Chunk(InvoiceChunk {
            entries: entries.to_vec(),
        })
    });
    let end = InvoiceEnd {
        entries: i64::try_from(claimed).unwrap(),
    };
    let parts = [Part::Header(header)]
        .into_iter()
        .chain(chunks)
        .chain([Part::End(end)]);
    let parts = parts.map(|part| CheckInvoiceRequest { part: Some(part) });
    parts.collect()
}

/// What a line came to: its verdict, or the reason where it is not payable.
pub(super) fn word(line: &InvoiceLine) -> &'static str {
    match line.verdict() {
        InvoiceVerdict::NotPayable => {
            let reason = line.reason().as_str_name();
            reason.trim_start_matches("NOT_PAYABLE_REASON_")
        }
        verdict => {
            let verdict = verdict.as_str_name();
            verdict.trim_start_matches("INVOICE_VERDICT_")
        }
    }
}

impl World {
    pub(super) fn invoice(
        &self,
        partner: PartnerId,
        number: &str,
        (first, last): (Date, Date),
    ) -> InvoiceHeader {
        InvoiceHeader {
            request_id: self.request_id(),
            campaign: "B123456".to_owned(),
            partner_id: partner.to_string(),
            invoice_number: number.to_owned(),
            first_date: Some(first),
            last_date: Some(last),
            ..InvoiceHeader::default()
        }
    }

    pub(super) async fn check(
        &self,
        parts: Vec<CheckInvoiceRequest>,
    ) -> Result<InvoiceCheck, Status> {
        let mut client = self.as_operator();
        let answer = client.check_invoice(tokio_stream::iter(parts)).await?;
        Ok(answer.into_inner().invoice_check.unwrap())
    }

    /// Checks a whole invoice.
    pub(super) async fn checked(
        &self,
        header: InvoiceHeader,
        entries: &[InvoiceEntry],
    ) -> InvoiceCheck {
        let parts = parts(header, entries, entries.len());
        self.check(parts).await.unwrap()
    }

    pub(super) async fn invoice_lines(&self, check: &InvoiceCheck) -> Vec<InvoiceLine> {
        let mut lines = Vec::new();
        let mut token = String::new();
        loop {
            let request = ListInvoiceLinesRequest {
                campaign: check.campaign_id.clone(),
                invoice_check_id: check.invoice_check_id.clone(),
                page_size: 7,
                page_token: token,
                ..ListInvoiceLinesRequest::default()
            };
            let page = self.as_operator().list_invoice_lines(request).await;
            let page = page.unwrap().into_inner();
            lines.extend(page.invoice_lines);
            token = page.next_page_token;
            if token.is_empty() {
                return lines;
            }
        }
    }

    /// What each line came to, in the order of the invoice.
    pub(super) async fn words(&self, check: &InvoiceCheck) -> Vec<&'static str> {
        self.invoice_lines(check).await.iter().map(word).collect()
    }

    /// The coverage of an order as the codes process would keep it, not yet active.
    async fn coverage(&self, id: HandoffId) -> coverage::Model {
        let handoff = self.row(id).await;
        coverage::Model {
            asked_term_months: None,
            campaign_id: handoff.campaign_id,
            id: handoff.coverage_id,
            enrollment_id: handoff.enrollment_id,
            partner_id: handoff.partner_id,
            product_code: handoff.product_code,
            term_months: handoff.term_months,
            handoff_id: id,
            state: coverage::State::Submitted,
            outcome_class: None,
            native_code: None,
            revision: 0,
            order_attempt: 1,
            activated_at: None,
            term_ends_on: None,
            suspended_at: None,
            settled_at: None,
            replaces_coverage_id: None,
        }
    }

    async fn put(&self, coverage: coverage::Model) {
        let row = coverage.into_active_model();
        row.insert(&self.owner).await.unwrap();
    }
}

/// Every reason by one invoice, of a partner that bills twice, for withdrawn people, and for whom it never had.
#[apply(both)]
async fn every_line_is_told_why_it_is_not_payable(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [
        active,
        withdrawn,
        dropped,
        ended,
        halted,
        never,
        refused,
        late,
        odd,
        named,
        unbilled,
    ] = world.accepted(partner).await;
    let now = world.context.clock.now();
    let (ids, keys) = (&world.ids, &*world.context.keys);
    let elsewhere = open_numbered(&world.owner, ids, keys, (now, "B654321")).await;
    let of = (elsewhere.0, &elsewhere.1);
    let foreign = world.enroll_in(of, partner, &ada("666010001")).await;
    let other = another_partner(&world).await;
    let strange = world.enroll(other, "666010001").await;
    let began = [
        active, withdrawn, dropped, ended, halted, odd, named, unbilled,
    ];
    world.bureau_reports(&began.map(|id| (id, Active))).await;
    world.bureau_reports(&[(refused, Refused)]).await;
    world.hand.advance(DAY * 9);
    world.cancel(withdrawn).await;
    let over = [(dropped, Canceled), (ended, Ended), (halted, Suspended)];
    world.bureau_reports(&over).await;
    world.hand.advance(DAY * 24);
    world.bureau_reports(&[(late, Active)]).await;
    world.hand.advance(DAY);

    let reference = world.row(named).await.partner_reference.unwrap();
    let mut entries = bill(&[
        active, withdrawn, dropped, ended, halted, never, refused, late, odd, active, withdrawn,
        foreign, strange, odd,
    ]);
    entries[0].amount_minor = Some(795);
    entries[1].amount_minor = Some(1_000);
    entries[9].amount_minor = Some(500);
    entries[8].product_code = "SINGLE-12".to_owned();
    entries[13].partner_reference = "M-4711".to_owned();
    entries.push(InvoiceEntry {
        partner_reference: reference,
        product_code: "triple-24".to_owned(),
        amount_minor: Some(5),
        ..InvoiceEntry::default()
    });
    entries.push(InvoiceEntry {
        partner_reference: "M-4712".to_owned(),
        ..InvoiceEntry::default()
    });
    entries.extend(bill(&[world.ids.next()]));
    let mut header = world.invoice(partner, "2015-08", (day(8, 12), day(8, 31)));
    header.currency_code = "USD".to_owned();
    let checked = world.checked(header, &entries).await;

    let lines = world.invoice_lines(&checked).await;
    let words: Vec<&str> = lines.iter().map(word).collect();
    assert_eq!(
        words,
        [
            "PAYABLE",
            "CANCELED_BEFORE",
            "CANCELED_BEFORE",
            "ENDED_BEFORE",
            "SUSPENDED",
            "NEVER_ACTIVE",
            "NEVER_ACTIVE",
            "ACTIVATED_AFTER",
            "PRODUCT_DIFFERS",
            "BILLED_TWICE",
            "CANCELED_BEFORE",
            "OTHER_CAMPAIGN",
            "OTHER_PARTNER",
            "REFERENCES_DISAGREE",
            "PAYABLE",
            "UNKNOWN_REFERENCE",
            "UNKNOWN_REFERENCE",
            "NOT_BILLED",
        ]
    );
    assert_eq!(lines[9].first_index, Some(0));
    assert_eq!(lines[14].handoff_id, named.to_string());
    assert_eq!(lines[17].handoff_id, unbilled.to_string());
    assert_eq!(
        (lines[0].activate_time, lines[0].end_time),
        (Some(now.to_proto()), None)
    );
    assert_eq!(lines[1].end_time, Some((now + DAY * 9).to_proto()));

    assert_eq!((checked.entries, checked.not_billed), (17, 1));
    let payable = checked.payable.unwrap();
    assert_eq!((payable.entries, payable.amount_minor), (2, 800));
    let sums = checked.not_payable.iter().map(|it| it.sum.unwrap());
    let sums = sums.fold((0, 0), |all, it| {
        (all.0 + it.entries, all.1 + it.amount_minor)
    });
    assert_eq!(sums, (15, 1_500));
}

/// One day of the period is enough, and it is a day where the campaign is.
#[apply(both)]
async fn a_day_of_the_period_is_enough(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [id] = world.accepted(partner).await;
    // The third of August in UTC, and the second where the campaign is.
    world.hand.advance(Duration::from_hours(39));
    world.bureau_reports(&[(id, Active)]).await;
    world.hand.advance(DAY * 4);
    world.cancel(id).await;
    world.hand.advance(DAY * 20);
    let line = bill(&[id]);
    for (at, (first, last, expected)) in [
        (day(8, 1), day(8, 1), "ACTIVATED_AFTER"),
        (day(8, 2), day(8, 2), "PAYABLE"),
        (day(8, 6), day(8, 10), "PAYABLE"),
        (day(8, 7), day(8, 10), "CANCELED_BEFORE"),
    ]
    .into_iter()
    .enumerate()
    {
        let header = world.invoice(partner, &at.to_string(), (first, last));
        let checked = world.checked(header, &line).await;
        assert_eq!(world.words(&checked).await, [expected], "{first:?}");
    }
}

/// What the codes process has written of coverages tells, also of terms that are over.
#[apply(both)]
async fn what_coverages_say_tells_when_they_ran(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [runs, over, moved, back, again] = world.accepted(partner).await;
    let began = world.context.clock.now();
    let active = |before: coverage::Model, last: &str| coverage::Model {
        state: coverage::State::Active,
        activated_at: Some(began),
        term_ends_on: Some(last.to_owned()),
        ..before
    };
    world
        .put(active(world.coverage(runs).await, "2017-07-31"))
        .await;
    // Nobody has ended it yet, and its last day has gone by.
    world
        .put(active(world.coverage(over).await, "2015-08-20"))
        .await;
    let canceled = coverage::Model {
        state: coverage::State::Canceled,
        settled_at: Some(began + DAY * 10),
        ..active(world.coverage(moved).await, "2017-07-31")
    };
    world.put(canceled).await;
    // Once active, then taken back by the partner: the person must act.
    let waits = coverage::Model {
        state: coverage::State::ActionRequired,
        outcome_class: Some(redress::db::entities::outcome::OutcomeClass::NoHit),
        ..active(world.coverage(back).await, "2017-07-31")
    };
    world.put(waits).await;
    // Ordered again after that.
    let reordered = coverage::Model {
        state: coverage::State::Submitted,
        ..active(world.coverage(again).await, "2017-07-31")
    };
    world.put(reordered).await;
    world.hand.advance(DAY * 60);
    let entries = bill(&[runs, over, moved, back, again]);
    let header = world.invoice(partner, "2015-09", (day(9, 1), day(9, 28)));
    let checked = world.checked(header, &entries).await;
    assert_eq!(
        world.words(&checked).await,
        [
            "PAYABLE",
            "ENDED_BEFORE",
            "ENDED_BEFORE",
            "NEVER_ACTIVE",
            "NEVER_ACTIVE"
        ]
    );
}

/// What another invoice bills for days of the period is not payable twice, and not unbilled either; the next period is another matter.
#[apply(both)]
async fn an_earlier_invoice_is_remembered(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [one, two, three] = world.accepted(partner).await;
    world.bureau_reports(&[(one, Active), (two, Active)]).await;
    world.hand.advance(DAY * 60);
    let august = (day(8, 1), day(8, 31));
    let first = world.invoice(partner, "A-1", august);
    // The third one is refused, so it may be billed once it is active.
    let first = world.checked(first, &bill(&[one, three])).await;
    assert_eq!(
        world.words(&first).await,
        ["PAYABLE", "NEVER_ACTIVE", "NOT_BILLED"]
    );

    let second = world.invoice(partner, "A-2", (day(8, 31), day(9, 10)));
    let second = world.checked(second, &bill(&[two, one])).await;
    let lines = world.invoice_lines(&second).await;
    assert_eq!(
        lines.iter().map(word).collect::<Vec<_>>(),
        ["PAYABLE", "BILLED_BEFORE"]
    );
    assert_eq!(lines[1].other_invoice_number, "A-1");
    assert_eq!(second.not_billed, 0);

    let third = world.invoice(partner, "A-3", (day(9, 11), day(9, 28)));
    let third = world.checked(third, &bill(&[one])).await;
    assert_eq!(world.words(&third).await, ["PAYABLE", "NOT_BILLED"]);
}
