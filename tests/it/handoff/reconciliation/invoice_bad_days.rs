//! Invoices that come twice, at once, in pieces, corrected, or spoiled.

use std::time::Duration;

use futures::StreamExt;
use redress::db::entities::invoice_line;
use redress::handoff::reconciliation::retention;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::bureau::v1::EnrollmentProgress::Active;
use redress::wire::redress::handoff::v1::{
    CheckInvoiceRequest, InvoiceCheck, InvoiceCheckState, InvoiceEntry, InvoiceHeader,
    ListInvoiceChecksRequest, ListInvoiceLinesRequest,
};
use sea_orm::{EntityTrait, PaginatorTrait};
use tonic_types::StatusExt;

use super::invoices::{DAY, bill, day, parts, word};
use super::lists::named;
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

impl World {
    async fn invoices(&self) -> Vec<InvoiceCheck> {
        let request = ListInvoiceChecksRequest {
            campaign: "B123456".to_owned(),
            ..ListInvoiceChecksRequest::default()
        };
        let answer = self.as_operator().list_invoice_checks(request).await;
        answer.unwrap().into_inner().invoice_checks
    }

    async fn lines_kept(&self) -> u64 {
        let all = invoice_line::Entity::find();
        all.count(&self.owner).await.unwrap()
    }

    fn august(&self, partner: PartnerId, number: &str) -> InvoiceHeader {
        self.invoice(partner, number, (day(8, 1), day(8, 31)))
    }

    /// So many people who are active through August.
    async fn billable<const N: usize>(&self, partner: PartnerId) -> [HandoffId; N] {
        let ids = self.accepted(partner).await;
        self.bureau_reports(&ids.map(|id| (id, Active))).await;
        self.hand.advance(DAY * 40);
        ids
    }
}

fn whole(header: InvoiceHeader, entries: &[InvoiceEntry]) -> Vec<CheckInvoiceRequest> {
    parts(header, entries, entries.len())
}

#[apply(both)]
async fn the_same_invoice_twice_is_one_check(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [one, two] = world.billable(partner).await;
    let sent = whole(world.august(partner, "7"), &bill(&[one]));
    let first = world.check(sent.clone()).await.unwrap();
    assert_eq!((first.payable.unwrap().entries, first.not_billed), (1, 1));
    // The same call.
    assert_eq!(world.check(sent).await.unwrap(), first);
    // Another call with the same file, when the books stand otherwise.
    world.cancel(two).await;
    let again = world
        .checked(world.august(partner, "7"), &bill(&[one]))
        .await;
    assert_eq!(again, first);
    assert_eq!(world.invoices().await, std::slice::from_ref(&first));
    assert_eq!(world.lines_kept().await, 2);

    // The same number with other lines, or for other days, is another matter: the refusal says the way out.
    let other_lines = whole(world.august(partner, "7"), &bill(&[one, two]));
    let mut other_days = world.august(partner, "7");
    other_days.last_date = Some(day(8, 30));
    for other in [other_lines, whole(other_days, &bill(&[one]))] {
        let refused = world.check(other).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::InvoiceExists));
        let violations = refused.get_details_precondition_failure().unwrap();
        let way_out = &violations.violations[0];
        assert_eq!(way_out.subject, first.invoice_check_id);
        assert!(way_out.description.contains("with replace"));
    }
    let checked = world.invoices().await;
    let checked = checked
        .iter()
        .filter(|it| it.state() == InvoiceCheckState::Checked);
    assert_eq!(checked.count(), 1);
}

/// A corrected invoice takes the place of the one before, which is kept and counts no more.
#[apply(both)]
async fn a_corrected_invoice_takes_the_place_of_the_one_before(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [one, two] = world.billable(partner).await;
    let first = world
        .checked(world.august(partner, "7"), &bill(&[one, one]))
        .await;
    let mut header = world.august(partner, "7");
    header.replace = true;
    let second = world.checked(header.clone(), &bill(&[one, two])).await;
    assert_eq!(world.words(&second).await, ["PAYABLE", "PAYABLE"]);
    assert_eq!(world.checked(header, &bill(&[one, two])).await, second);
    let [newest, before] = &world.invoices().await[..] else {
        panic!("two checks")
    };
    assert_eq!(
        (newest, before.state()),
        (&second, InvoiceCheckState::Replaced)
    );
    assert_eq!(before.invoice_check_id, first.invoice_check_id);
    assert_eq!(
        world.words(before).await,
        ["PAYABLE", "BILLED_TWICE", "NOT_BILLED"]
    );
    // Where nothing was checked before there is nothing to replace.
    let mut header = world.august(partner, "8");
    header.replace = true;
    let third = world.checked(header, &bill(&[one])).await;
    assert_eq!(world.words(&third).await, ["BILLED_BEFORE"]);
}

/// Whoever calls at the same time gets the same check, and nothing is payable on two invoices.
#[apply(both)]
async fn two_callers_at_once_are_checked_one_after_the_other(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [one, two] = world.billable(partner).await;
    let same = bill(&[one]);
    let (a, b) = tokio::join!(
        world.check(whole(world.august(partner, "1"), &same)),
        world.check(whole(world.august(partner, "1"), &same)),
    );
    assert_eq!(a.unwrap(), b.unwrap());
    assert_eq!(world.invoices().await.len(), 1);

    let (a, b) = tokio::join!(
        world.check(whole(world.august(partner, "2"), &bill(&[two]))),
        world.check(whole(world.august(partner, "3"), &bill(&[two]))),
    );
    let mut said = Vec::new();
    for check in [a.unwrap(), b.unwrap()] {
        let lines = world.invoice_lines(&check).await;
        said.extend(lines.iter().map(word));
    }
    said.sort_unstable();
    assert_eq!(said, ["BILLED_BEFORE", "PAYABLE"]);

    // Two invoices under one number: one of them is refused.
    let (a, b) = tokio::join!(
        world.check(whole(world.august(partner, "4"), &bill(&[one]))),
        world.check(whole(world.august(partner, "4"), &bill(&[two]))),
    );
    assert_eq!(a.is_ok(), b.is_err());
    let refused = a.err().or(b.err()).unwrap();
    assert_eq!(reason_of(&refused), Some(Reason::InvoiceExists));
}

/// A stream that ends without its end, one whose sender goes away, one that says another number: nothing is billed by them.
#[apply(both)]
async fn an_invoice_that_is_not_whole_checks_nothing(database: Database) {
    let keep = DAY * 30;
    let world = World::with_rules(database, |rules| rules.list_retention = keep).await;
    let partner = world.pull_partner().await;
    let [one, two] = world.billable(partner).await;
    let entries = bill(&[one, two]);
    let mut unended = whole(world.august(partner, "7"), &entries);
    unended.pop();
    let refused = world.check(unended.clone()).await.unwrap_err();
    assert_eq!(named(&refused)[0].0, "part");

    let stream = tokio_stream::iter(unended).chain(futures::stream::pending());
    let mut client = world.as_operator();
    let sending = tokio::spawn(async move { client.check_invoice(stream).await.map(drop) });
    while world.invoices().await.len() < 2 || world.invoices().await[0].entries < 2 {
        tokio::task::yield_now().await;
    }
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());

    let cut_off = parts(world.august(partner, "7"), &entries, 200);
    let cut_off = named(&world.check(cut_off).await.unwrap_err());
    assert_eq!(cut_off[0].0, "end.entries");
    assert!(
        cut_off[0].1.contains("200 lines, and 2 came"),
        "{cut_off:?}"
    );

    for invoice in world.invoices().await {
        assert_eq!(invoice.state(), InvoiceCheckState::Incomplete);
        assert_eq!((invoice.finish_time, invoice.not_payable.len()), (None, 0));
        assert_eq!(world.words(&invoice).await, ["UNSPECIFIED", "UNSPECIFIED"]);
    }
    // The whole invoice is sent again, and none of these is in its way.
    let checked = world.checked(world.august(partner, "7"), &entries).await;
    assert_eq!(world.words(&checked).await, ["PAYABLE", "PAYABLE"]);

    // What was broken off goes after the time of a list; what was checked stays.
    world.hand.advance(keep + Duration::from_hours(1));
    retention::prune(&world.context).await.unwrap();
    assert_eq!(world.invoices().await, [checked]);
    assert_eq!(world.lines_kept().await, 2);
}

/// Everything that is wrong is named by its place, and nothing is checked.
#[apply(both)]
async fn what_cannot_be_read_is_named(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [one] = world.billable(partner).await;
    let mut spoiled = bill(&[one; 5]);
    spoiled[0].handoff_id = "4711".to_owned();
    spoiled[1].handoff_id.clear();
    spoiled[2].partner_reference = "x".repeat(65);
    spoiled[3].amount_minor = Some(-1);
    spoiled[4].product_code = "x".repeat(65);
    let refused = world
        .check(whole(world.august(partner, "7"), &spoiled))
        .await;
    let fields: Vec<String> = named(&refused.unwrap_err())
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(
        fields,
        [
            "entries[0].handoff_id",
            "entries[1]",
            "entries[2].partner_reference",
            "entries[3].amount_minor",
            "entries[3].amount_minor",
            "entries[4].product_code",
        ]
    );
    let mut header = world.august(partner, " ");
    header.currency_code = "Dollar".to_owned();
    header.first_date = Some(day(8, 32));
    let refused = world.check(whole(header, &[])).await.unwrap_err();
    let fields: Vec<String> = named(&refused)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["invoice_number", "first_date", "currency_code"]);
    for (first, last) in [
        (day(8, 2), day(8, 1)),
        (day(8, 1), day(9, 11)),
        (day(9, 12), day(9, 12)),
    ] {
        let header = world.invoice(partner, "7", (first, last));
        let refused = world.check(whole(header, &[])).await.unwrap_err();
        assert_eq!(named(&refused)[0].0, "last_date");
    }
    let unknown = ListInvoiceLinesRequest {
        campaign: "B123456".to_owned(),
        invoice_check_id: one.to_string(),
        ..ListInvoiceLinesRequest::default()
    };
    let refused = world.as_operator().list_invoice_lines(unknown).await;
    assert_eq!(
        reason_of(&refused.unwrap_err()),
        Some(Reason::InvoiceCheckNotFound)
    );
}
