//! What can be seen of a handoff from outside: its row, its attempts, its outcomes, and the bureau's book.

use std::time::Duration;

use redress::db::entities::{ClosedSet, audit_event, handoff, handoff_attempt, outcome};
use redress::kernel::ids::HandoffId;
use redress::wire::redress::bureau::v1::EnrollmentProgress;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::world::World;

impl World {
    pub async fn row(&self, id: HandoffId) -> handoff::Model {
        let row = handoff::Entity::find().filter(handoff::Column::Id.eq(id));
        row.one(&self.owner).await.unwrap().unwrap()
    }

    pub async fn state(&self, id: HandoffId) -> &'static str {
        self.row(id).await.state.as_str()
    }

    /// Gives how the attempts of a handoff ended, first to last.
    pub async fn attempts(&self, id: HandoffId) -> Vec<&'static str> {
        let rows = handoff_attempt::Entity::find()
            .filter(handoff_attempt::Column::HandoffId.eq(id))
            .order_by_asc(handoff_attempt::Column::Attempt)
            .all(&self.owner)
            .await
            .unwrap();
        rows.into_iter().map(|row| row.result.as_str()).collect()
    }

    /// Gives the first outcome of a handoff.
    pub async fn outcome(&self, id: HandoffId) -> outcome::Model {
        let of = outcome::Entity::find().filter(outcome::Column::HandoffId.eq(id));
        of.one(&self.owner).await.unwrap().unwrap()
    }

    /// Gives the outcomes of a handoff as `RESULT CLASS`.
    pub async fn outcomes(&self, id: HandoffId) -> Vec<String> {
        let rows = outcome::Entity::find()
            .filter(outcome::Column::HandoffId.eq(id))
            .order_by_asc(outcome::Column::Id)
            .all(&self.owner)
            .await
            .unwrap();
        rows.into_iter()
            .map(|row| {
                let class = row.outcome_class.map_or("", ClosedSet::as_str);
                format!("{} {class}", row.result.as_str()).trim().to_owned()
            })
            .collect()
    }

    /// Gives what the audit log tells about a handoff.
    pub async fn audited(&self, id: HandoffId) -> Vec<String> {
        let rows = audit_event::Entity::find()
            .filter(audit_event::Column::SubjectId.eq(id.as_uuid()))
            .order_by_asc(audit_event::Column::Id)
            .all(&self.owner)
            .await
            .unwrap();
        rows.into_iter().map(|row| row.action).collect()
    }

    /// Gives how often each enrollment in the bureau's book was offered.
    pub fn offers(&self) -> Vec<i32> {
        self.desk
            .page(0, 10_000)
            .into_iter()
            .map(|(entry, _)| entry.offers)
            .collect()
    }

    /// Waits until something stands in the bureau's book.
    pub async fn until_offered(&self) {
        let offered = async {
            while self.offers().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let patience = Duration::from_secs(20);
        let waited = tokio::time::timeout(patience, offered).await;
        waited.expect("the bureau books what it is sent");
    }

    /// Gives where each enrollment in the bureau's book stands.
    pub fn booked(&self) -> Vec<EnrollmentProgress> {
        self.desk
            .page(0, 10_000)
            .into_iter()
            .map(|(_, status)| status.progress())
            .collect()
    }
}
