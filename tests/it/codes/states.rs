//! States as they are shown: one function of row and time, and none for a column that holds no state.

use redress::kernel::caller::Role;
use redress::kernel::clock::Timestamp;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use sea_orm::DbBackend;
use tonic::Status;
use wire::CodeState::{Expired, Issued, Revoked, Superseded};
use wire::revoke_codes_request::Target;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

impl House {
    /// Writes a word that is none of the column's into every row, past the constraints of the table.
    async fn damage(&self, table: &str, column: &str) {
        let update = format!("UPDATE {table} SET {column} = 'LOST'");
        if self.owner.get_database_backend() == DbBackend::Sqlite {
            return self
                .run(&format!(
                    "PRAGMA ignore_check_constraints = ON; {update}; PRAGMA ignore_check_constraints = OFF"
                ))
                .await;
        }
        self.run(&format!(
            "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conname FROM pg_constraint \
             WHERE conrelid = '{table}'::regclass AND contype = 'c' \
             LOOP EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', c.conname); END LOOP; END $$"
        ))
        .await;
        self.run(&update).await;
    }
}

fn corrupt<T: std::fmt::Debug>(answer: Result<T, Status>) {
    assert_eq!(reason_of(&answer.unwrap_err()), Some(Reason::DataCorrupt));
}

#[apply(both)]
async fn a_stored_word_that_is_no_state_is_data_corrupt_in_every_answer(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await.to_string();
    let (campaign_id, individual_id) = (campaign.to_string(), person.to_string());
    let get = || {
        by(
            Role::Operator,
            wire::GetEnrollmentRequest {
                campaign: NUMBER.into(),
                which: Some(wire::get_enrollment_request::Which::EnrollmentId(
                    enrollment.clone(),
                )),
            },
        )
    };
    let enrollments = || {
        by(
            Role::Operator,
            wire::ListEnrollmentsRequest {
                campaign: campaign_id.clone(),
                ..Default::default()
            },
        )
    };
    let codes = || {
        by(
            Role::Operator,
            wire::ListCodesRequest {
                campaign: campaign_id.clone(),
                individual_id: individual_id.clone(),
                ..Default::default()
            },
        )
    };
    let batches = || {
        by(
            Role::Operator,
            wire::ListBatchesRequest {
                campaign: campaign_id.clone(),
                ..Default::default()
            },
        )
    };
    let waves = || {
        by(
            Role::Operator,
            wire::ListWavesRequest {
                campaign: campaign_id.clone(),
                ..Default::default()
            },
        )
    };
    let campaigns = || by(Role::Operator, wire::ListCampaignsRequest::default());

    house.handlers.get_enrollment(get()).await.unwrap();
    house.damage("enrollment", "state").await;
    corrupt(house.handlers.get_enrollment(get()).await);
    corrupt(house.handlers.list_enrollments(enrollments()).await);
    corrupt(house.cancel(&enrollment).await);

    house.handlers.list_codes(codes()).await.unwrap();
    house.damage("code", "state").await;
    corrupt(house.handlers.list_codes(codes()).await);
    corrupt(house.check(&code).await);
    corrupt(house.reissue(person).await);

    house.handlers.list_batches(batches()).await.unwrap();
    house.damage("code_batch", "state").await;
    corrupt(house.handlers.list_batches(batches()).await);

    house.handlers.list_waves(waves()).await.unwrap();
    house.damage("wave", "kind").await;
    corrupt(house.handlers.list_waves(waves()).await);

    house.handlers.list_campaigns(campaigns()).await.unwrap();
    house.damage("product", "population").await;
    corrupt(house.handlers.list_campaigns(campaigns()).await);
    house.run("DELETE FROM product").await;
    house.damage("campaign", "state").await;
    corrupt(house.handlers.list_campaigns(campaigns()).await);
}

#[apply(both)]
async fn an_issued_code_is_shown_as_expired_once_its_last_day_has_passed(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, _) = house.one_letter().await;
    let request = wire::ReissueCodeRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        individual_id: person.to_string(),
        reason: wire::ReissueReason::Lost.into(),
        ..Default::default()
    };
    let reissued = async || {
        let answer = house
            .handlers
            .reissue_code(by(Role::Operator, request.clone()))
            .await;
        answer.unwrap().into_inner().letter_code.unwrap()
    };
    let states = async || -> Vec<_> {
        house
            .lineage(campaign, person)
            .await
            .iter()
            .map(wire::LetterCode::state)
            .collect()
    };
    assert_eq!(
        (reissued().await.state(), states().await),
        (Issued, vec![Issued, Superseded])
    );
    let end: Timestamp = "2016-02-01T05:00:00Z".parse().unwrap();
    house.clock.set("2016-02-01T04:59:59Z".parse().unwrap());
    assert_eq!(states().await, [Issued, Superseded]);
    house.clock.set(end);
    assert_eq!(states().await, [Expired, Superseded]);
    assert_eq!(
        house.lineage(campaign, person).await[0].settle_time,
        Some(end.to_proto())
    );
    // The answer to the same request again is of now.
    assert_eq!(reissued().await.state(), Expired);
    assert_eq!(
        house
            .count("code WHERE state = 'ISSUED' AND generation > 0")
            .await,
        1
    );
    house
        .revoke(campaign, Target::IndividualId(person.to_string()))
        .await
        .unwrap();
    assert_eq!(states().await, [Revoked, Superseded]);
}
