//! Comparing a partner's own list with our books.

mod close;
mod differences;
mod invoice_bad_days;
mod invoice_many;
mod invoices;
mod lists;
mod manifests;
mod many;
mod partners;
mod repair;

use std::collections::BTreeMap;

use redress::kernel::caller::Role;
use redress::kernel::client::Client;
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::bureau::v1::{EnrollmentProgress, EnrollmentStatus};
use redress::wire::redress::handoff::v1 as wire;
use redress::wire::redress::r#type::v1::OutcomeClass;
use tonic::Status;
use wire::reconcile_request::Part;
use wire::reconciliation_service_client::ReconciliationServiceClient;
use wire::{
    Difference, DifferenceState, ListChunk, ListDifferencesRequest, ListEnd, ListEntry, ListHeader,
    ReconcileRequest, Reconciliation,
};

use super::pull::{acknowledge, drain};
use super::said::report;
use super::world::World;

const BUREAU: &str = "sandbox-bureau";

/// An entry of a list by our reference.
fn entry(id: HandoffId, progress: EnrollmentProgress) -> ListEntry {
    ListEntry {
        handoff_id: id.to_string(),
        progress: progress.into(),
        ..ListEntry::default()
    }
}

/// An entry of a list by the partner's reference alone.
fn by_reference(reference: &str, progress: EnrollmentProgress) -> ListEntry {
    ListEntry {
        partner_reference: reference.to_owned(),
        progress: progress.into(),
        ..ListEntry::default()
    }
}

fn parts(header: ListHeader, entries: &[ListEntry], claimed: usize) -> Vec<ReconcileRequest> {
    let chunks = entries.chunks(1_000).map(|entries| {
        Part::Chunk(ListChunk {
            entries: entries.to_vec(),
        })
    });
    let end = ListEnd {
        entries: i64::try_from(claimed).unwrap(),
    };
    let parts = [Part::Header(header)]
        .into_iter()
        .chain(chunks)
        .chain([Part::End(end)]);
    parts
        .map(|part| ReconcileRequest { part: Some(part) })
        .collect()
}

/// How a difference stands: its kind, its state, what to do.
fn words(difference: &Difference) -> [&'static str; 3] {
    let kind = difference.kind().as_str_name();
    let state = difference.state().as_str_name();
    let action = difference.suggested_action().as_str_name();
    [
        kind.trim_start_matches("DIFFERENCE_KIND_"),
        state.trim_start_matches("DIFFERENCE_STATE_"),
        action.trim_start_matches("SUGGESTED_ACTION_"),
    ]
}

impl World {
    fn reconciling(&self, role: Role, name: &str) -> ReconciliationServiceClient<Client> {
        ReconciliationServiceClient::new(self.channel(role, name))
    }

    pub fn as_operator(&self) -> ReconciliationServiceClient<Client> {
        self.reconciling(Role::Operator, "one")
    }

    fn header(&self, partner: PartnerId, as_of: Timestamp) -> ListHeader {
        ListHeader {
            request_id: self.request_id(),
            campaign: "B123456".to_owned(),
            partner_id: partner.to_string(),
            as_of_time: Some(as_of.to_proto()),
        }
    }

    /// Sends these messages as an operator.
    async fn send(&self, parts: Vec<ReconcileRequest>) -> Result<Reconciliation, Status> {
        let mut client = self.as_operator();
        let answer = client.reconcile(tokio_stream::iter(parts)).await?;
        Ok(answer.into_inner().reconciliation.unwrap())
    }

    /// Compares a list as of now.
    async fn reconcile(&self, partner: PartnerId, entries: &[ListEntry]) -> Reconciliation {
        self.try_reconcile(partner, entries).await.unwrap()
    }

    pub async fn try_reconcile(
        &self,
        partner: PartnerId,
        entries: &[ListEntry],
    ) -> Result<Reconciliation, Status> {
        let header = self.header(partner, self.context.clock.now());
        self.send(parts(header, entries, entries.len())).await
    }

    /// All differences, in one state or in all.
    async fn differences(&self, state: DifferenceState) -> Vec<Difference> {
        let request = ListDifferencesRequest {
            campaign: self.campaign.to_string(),
            state: state.into(),
            page_size: 500,
            ..ListDifferencesRequest::default()
        };
        let answer = self.as_operator().list_differences(request).await;
        answer.unwrap().into_inner().differences
    }

    /// All differences by our reference, or by the partner's where there is none.
    async fn found(&self) -> BTreeMap<String, [&'static str; 3]> {
        let found = self.differences(DifferenceState::Unspecified).await;
        let named = found.iter().map(|it| {
            let name = match it.handoff_id.as_str() {
                "" => it.partner_reference.clone(),
                id => id.to_owned(),
            };
            (name, words(it))
        });
        named.collect()
    }

    /// The one difference about an order.
    async fn difference(&self, id: HandoffId) -> Difference {
        let found = self.differences(DifferenceState::Unspecified).await;
        let of = |it: &Difference| it.handoff_id == id.to_string();
        found.into_iter().find(of).unwrap()
    }

    /// Enrolls so many people with the partner that pulls, which acknowledges them all.
    async fn accepted<const N: usize>(&self, partner: PartnerId) -> [HandoffId; N] {
        let mut ids = Vec::new();
        for _ in 0..N {
            ids.push(self.enroll(partner, "666010001").await);
        }
        let offers = drain(self, 0).await;
        assert_eq!(offers.len(), N);
        let request = acknowledge(self, &offers);
        let answer = self.as_partner(BUREAU).acknowledge_handoffs(request).await;
        answer.unwrap();
        ids.try_into().unwrap()
    }

    /// The partner reports how some stand.
    async fn bureau_reports(&self, said: &[(HandoffId, EnrollmentProgress)]) {
        let status = |(id, progress): &(HandoffId, EnrollmentProgress)| EnrollmentStatus {
            handoff_id: id.to_string(),
            progress: (*progress).into(),
            outcome_class: match progress {
                EnrollmentProgress::ActionRequired | EnrollmentProgress::Refused => {
                    OutcomeClass::FileFrozen.into()
                }
                _ => OutcomeClass::Unspecified.into(),
            },
            ..EnrollmentStatus::default()
        };
        let statuses: Vec<EnrollmentStatus> = said.iter().map(status).collect();
        let verdicts = report(self, BUREAU, statuses).await;
        assert!(verdicts.iter().all(|it| *it == "APPLIED"), "{verdicts:?}");
    }
}
