//! Rows that may be of one person: two people until somebody has looked, and what becomes of both when somebody has.

use redress::kernel::caller::Role;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::review_service_server::ReviewService;
use sea_orm::DbBackend;
use tonic::Status;
use wire::ReviewState::{KeptApart, Merged, Open};

use redress::identity::roster::row::RawRow;

use super::export::export;
use super::house::{House, NUMBER, by};
use super::people::{ada, but};

mod decisions;
mod pairs;

impl House {
    /// Decides about two people, takes it back, and decides otherwise.
    pub async fn review_all(&self) {
        let other = |row: RawRow| {
            but(row, |row| {
                row.family_name = "Zimmermann".into();
                row.external_ref = format!("Z-{}", row.given_name.expose().len()).into();
            })
        };
        let first = but(ada(2), |row| row.ssn = "666-88-0001".into());
        self.load("d", &[other(first), other(moved(3))]).await;
        let message = wire::ListReviewsRequest {
            campaign: NUMBER.into(),
            page_size: 1,
            individual_id: self.individuals().await.pop().unwrap().id.to_string(),
            ..wire::ListReviewsRequest::default()
        };
        let page = self.handlers.list_reviews(by(Role::Operator, message));
        let page = page.await.unwrap().into_inner();
        assert_eq!(page.reviews.len(), 1);
        let review = page.reviews[0].review_id.clone();
        for decision in [Merged, Open, KeptApart] {
            self.rule(&review, decision).await;
        }
        let message = wire::GetReviewRequest {
            campaign: NUMBER.into(),
            review_id: review,
        };
        let found = self.handlers.get_review(by(Role::Operator, message));
        let found = found.await.unwrap().into_inner().review.unwrap();
        assert_eq!(found.state(), KeptApart);
    }

    async fn reviews(&self, state: wire::ReviewState) -> Vec<wire::Review> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let message = wire::ListReviewsRequest {
                campaign: NUMBER.into(),
                page_size: 1,
                page_token,
                state: state.into(),
                individual_id: String::new(),
            };
            let page = self.handlers.list_reviews(by(Role::Operator, message));
            let page = page.await.unwrap().into_inner();
            all.extend(page.reviews);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    fn ruling(&self, review: &str, decision: wire::ReviewState) -> wire::DecideReviewRequest {
        wire::DecideReviewRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            review_id: review.into(),
            decision: decision.into(),
            reason: "the clinic says so".into(),
        }
    }

    async fn ruled(
        &self,
        message: wire::DecideReviewRequest,
    ) -> Result<wire::DecideReviewResponse, Status> {
        let answer = self.handlers.decide_review(by(Role::Operator, message));
        Ok(answer.await?.into_inner())
    }

    async fn rule(&self, review: &str, decision: wire::ReviewState) -> wire::DecideReviewResponse {
        self.ruled(self.ruling(review, decision)).await.unwrap()
    }

    /// The roster as far as a merge touches it: who is listed, found and written to, and whose the references are.
    async fn picture(&self) -> [String; 4] {
        let mut picture = Vec::new();
        for (table, columns, order) in [
            (
                "individual",
                "CAST(id AS TEXT) || population || mailable || (withdrawn_at IS NULL)",
                "id",
            ),
            (
                "individual_index",
                "CAST(ssn AS TEXT) || name_dob",
                "individual_id",
            ),
            (
                "individual_entity",
                "CAST(ref_mac AS TEXT) || CAST(individual_id AS TEXT) || withdrawn",
                "ref_mac",
            ),
        ] {
            let gather = match self.owner.get_database_backend() {
                DbBackend::Postgres => "string_agg",
                _ => "group_concat",
            };
            let hex = |text: &str| match self.owner.get_database_backend() {
                DbBackend::Postgres => text.to_owned(),
                _ => text.replace("CAST(", "HEX(").replace(" AS TEXT)", ")"),
            };
            let columns = hex(columns);
            let sql = format!(
                "SELECT COALESCE({gather}(one, ' '), '') FROM (SELECT {columns} AS one FROM {table} ORDER BY {order}) AS a"
            );
            picture.push(self.text(&sql).await);
        }
        picture.push(format!("{:?}", export(self, None).await));
        picture.try_into().unwrap()
    }
}

/// A second row of Katherine, from another clinic.
fn again(line: i64) -> RawRow {
    but(ada(line), |row| {
        row.covered_entity = "st-francis".into();
        row.external_ref = format!("SF-{line}").into();
    })
}

/// Katherine moved, and her second row has no number: the names and the birth date are all that agree.
fn moved(line: i64) -> RawRow {
    but(again(line), |row| {
        row.ssn = "".into();
        row.address_line1 = "9 New Ave".into();
        row.address_line2 = "".into();
        row.postal_code = "47401".into();
        row.phone = "260-555-0177".into();
        row.email = "".into();
    })
}
