//! The bureau's list is compared with our books.

use redress::wire::redress::bureau::v1::EnrollmentStatus;
use redress::wire::redress::handoff::v1 as wire;
use wire::{DifferenceState, ListDifferencesRequest, ListEntry, RepairDifferencesRequest};

use super::run::Run;

impl Run {
    /// Compares the bureau's whole book and repairs what can be, as an operator does who asks nobody; tells whether anything was repaired.
    pub async fn reconcile(&self) -> bool {
        let world = &self.world;
        let book = world.desk.page(0, 1_000);
        let entries: Vec<ListEntry> = book.iter().map(|(_, status)| listed(status)).collect();
        if world.try_reconcile(self.partner, &entries).await.is_err() {
            return false;
        }
        let request = ListDifferencesRequest {
            campaign: world.campaign.to_string(),
            state: DifferenceState::Open.into(),
            page_size: 500,
            ..ListDifferencesRequest::default()
        };
        let Ok(found) = world.as_operator().list_differences(request).await else {
            return false;
        };
        let found = found.into_inner().differences.into_iter();
        let request = RepairDifferencesRequest {
            request_id: world.request_id(),
            campaign: world.campaign.to_string(),
            difference_ids: found.map(|it| it.difference_id).collect(),
        };
        if request.difference_ids.is_empty() {
            return false;
        }
        world
            .as_operator()
            .repair_differences(request)
            .await
            .is_ok()
    }
}

fn listed(status: &EnrollmentStatus) -> ListEntry {
    ListEntry {
        handoff_id: status.handoff_id.clone(),
        partner_reference: status.partner_reference.clone(),
        progress: status.progress,
        effective_time: status.effective_time,
        outcome_class: status.outcome_class,
        revision: status.revision,
    }
}
