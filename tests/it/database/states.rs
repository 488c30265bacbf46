//! The CHECK constraints: a row in a state has what that state has earned, whoever writes it.

use redress::db::entities::{code, coverage, enrollment, handoff, individual, partner};
use redress::db::{Error, Process};
use redress::kernel::ids::Ids;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, IntoActiveModel};

use super::seed::{NOW, ids};
use crate::harness::{Database, apply, both};

/// Writes a row.
macro_rules! written {
    ($connection:expr, $row:expr) => {
        $row.into_active_model().insert($connection).await.unwrap()
    };
}

/// Tries to write a row, in vain, and names the constraint that refused it.
macro_rules! refusal {
    ($connection:expr, $row:expr) => {{
        let error = $row
            .into_active_model()
            .insert($connection)
            .await
            .unwrap_err();
        constraint(error)
    }};
}

/// Names the constraint that refused a row.
fn constraint(error: DbErr) -> String {
    let Error::Corrupt { what } = Error::from(error) else {
        panic!("another refusal")
    };
    what.rsplit(' ').next().unwrap().to_owned()
}

fn code(ids: &Ids) -> code::Model {
    code::Model {
        campaign_id: ids.next(),
        mac: ids.uuid(),
        individual_id: ids.next(),
        batch_id: ids.next(),
        generation: 1,
        state: code::State::Issued,
        proof_days: 21,
        supersedes: None,
        settled_at: None,
        enrollment_id: None,
        withheld: None,
        without_code: None,
    }
}

fn enrollment(ids: &Ids) -> enrollment::Model {
    enrollment::Model {
        campaign_id: ids.next(),
        id: ids.next(),
        individual_id: ids.next(),
        state: enrollment::State::Started,
        language: "en".to_owned(),
        code_mac: None,
        verification_id: None,
        proof_expires_at: None,
        started_by: "portal/web".to_owned(),
        continued_by: None,
        channel: enrollment::Channel::Web,
        started_at: NOW,
        submitted_at: None,
        settled_at: None,
        complete_by_at: NOW,
        cancel_reason: None,
        canceled_by: None,
        cancel_requested_at: None,
    }
}

fn handoff(ids: &Ids) -> handoff::Model {
    handoff::Model {
        campaign_id: ids.next(),
        id: ids.next(),
        enrollment_id: ids.next(),
        coverage_id: ids.next(),
        individual_id: ids.next(),
        partner_id: ids.next(),
        kind: handoff::Kind::Enroll,
        product_code: "CM24".to_owned(),
        term_months: 24,
        contract_code: None,
        order_attempt: 1,
        state: handoff::State::Queued,
        attempts: 0,
        not_before: NOW,
        lease_owner: None,
        lease_token: None,
        lease_expires_at: None,
        trace_context: None,
        partner_reference: None,
        outcome_class: None,
        native_code: None,
        revision: 0,
        dead_reason: None,
        tries: 0,
        failures: 0,
        reported_at: None,
        created_at: NOW,
        sent_at: None,
        acknowledged_at: None,
        settled_at: None,
        updated_at: NOW,
        ordered_at: NOW,
        cancel_reason: None,
        extends_to_months: 0,
    }
}

fn individual(ids: &Ids) -> individual::Model {
    individual::Model {
        campaign_id: ids.next(),
        id: ids.next(),
        salt: Some(vec![1]),
        sealed: Some(vec![2]),
        key_version: 1,
        population: individual::Population::Adult,
        region: "NY".to_owned(),
        country: "US".to_owned(),
        mailable: true,
        has_contact: false,
        created_at: NOW,
        erased_at: None,
        language: String::new(),
        confidential: false,
        data_elements: "[]".into(),
        returned: false,
        withdrawn_at: None,
    }
}

#[apply(both)]
async fn a_code_has_what_its_state_has_earned(database: Database) {
    let owner = &database.owner().await;
    let ids = ids();
    written!(owner, code(&ids));
    let unsettled = code::Model {
        state: code::State::Revoked,
        ..code(&ids)
    };
    assert_eq!(refusal!(owner, unsettled), "code_settled_check");
    let redeemed = code::Model {
        state: code::State::Redeemed,
        settled_at: Some(NOW),
        ..code(&ids)
    };
    assert_eq!(refusal!(owner, redeemed), "code_redeemed_check");
    let unknown = owner
        .execute_unprepared("UPDATE code SET state = 'LOST', settled_at = 0")
        .await;
    assert_eq!(constraint(unknown.unwrap_err()), "code_state_check");
}

#[apply(both)]
async fn an_enrollment_has_what_its_state_has_earned(database: Database) {
    let owner = &database.owner().await;
    let ids = ids();
    let submitted = || enrollment::Model {
        state: enrollment::State::Submitted,
        verification_id: Some(ids.next()),
        submitted_at: Some(NOW),
        ..enrollment(&ids)
    };
    written!(owner, submitted());
    let unsubmitted = enrollment::Model {
        submitted_at: None,
        ..submitted()
    };
    assert_eq!(refusal!(owner, unsubmitted), "enrollment_submitted_check");
    let unverified = enrollment::Model {
        verification_id: None,
        ..submitted()
    };
    assert_eq!(refusal!(owner, unverified), "enrollment_verified_check");
    let unasked = enrollment::Model {
        state: enrollment::State::CancelPending,
        ..submitted()
    };
    assert_eq!(refusal!(owner, unasked), "enrollment_canceled_check");
    let settled = enrollment::Model {
        settled_at: Some(NOW),
        ..submitted()
    };
    assert_eq!(refusal!(owner, settled), "enrollment_settled_check");
}

#[apply(both)]
async fn a_coverage_has_what_its_state_has_earned(database: Database) {
    let owner = &database.owner().await;
    let ids = ids();
    let active = || coverage::Model {
        asked_term_months: None,
        campaign_id: ids.next(),
        id: ids.next(),
        enrollment_id: ids.next(),
        partner_id: ids.next(),
        product_code: "CM24".to_owned(),
        term_months: 24,
        handoff_id: ids.next(),
        state: coverage::State::Active,
        outcome_class: None,
        native_code: None,
        revision: 0,
        order_attempt: 1,
        activated_at: Some(NOW),
        term_ends_on: Some("2017-07-17".to_owned()),
        suspended_at: None,
        settled_at: None,
        replaces_coverage_id: None,
    };
    written!(owner, active());
    let endless = coverage::Model {
        term_ends_on: None,
        ..active()
    };
    assert_eq!(refusal!(owner, endless), "coverage_active_check");
    let paused = coverage::Model {
        suspended_at: Some(NOW),
        ..active()
    };
    assert_eq!(refusal!(owner, paused), "coverage_suspended_check");
    let unexplained = coverage::Model {
        state: coverage::State::ActionRequired,
        ..active()
    };
    assert_eq!(refusal!(owner, unexplained), "coverage_class_check");
    let unsettled = coverage::Model {
        state: coverage::State::Canceled,
        ..active()
    };
    assert_eq!(refusal!(owner, unsettled), "coverage_settled_check");
}

#[apply(both)]
async fn a_person_has_one_living_enrollment(database: Database) {
    let owner = &database.owner().await;
    let ids = ids();
    let first = enrollment(&ids);
    let again = || enrollment::Model {
        id: ids.next(),
        ..first.clone()
    };
    let canceled = || enrollment::Model {
        state: enrollment::State::Canceled,
        settled_at: Some(NOW),
        cancel_reason: Some(enrollment::CancelReason::PersonAsked),
        canceled_by: Some("portal/web".to_owned()),
        cancel_requested_at: Some(NOW),
        ..again()
    };
    for row in [canceled(), canceled(), first.clone()] {
        written!(owner, row);
    }
    let error = again().into_active_model().insert(owner).await.unwrap_err();
    assert!(Error::from(error).is_unique("enrollment_individual_id_key"));
}

#[apply(both)]
async fn a_handoff_has_what_its_state_has_earned(database: Database) {
    let owner = &database.owner().await;
    let ids = ids();
    let leased = || handoff::Model {
        state: handoff::State::Leased,
        lease_owner: Some("worker".to_owned()),
        lease_token: Some(ids.uuid()),
        lease_expires_at: Some(NOW),
        ..handoff(&ids)
    };
    for row in [handoff(&ids), leased()] {
        written!(owner, row);
    }
    let tokenless = handoff::Model {
        lease_token: None,
        ..leased()
    };
    assert_eq!(refusal!(owner, tokenless), "handoff_leased_check");
    let dead = handoff::Model {
        state: handoff::State::Dead,
        ..handoff(&ids)
    };
    assert_eq!(refusal!(owner, dead), "handoff_dead_check");
    let accepted = handoff::Model {
        state: handoff::State::Accepted,
        ..handoff(&ids)
    };
    assert_eq!(refusal!(owner, accepted), "handoff_acknowledged_check");
    let refused = handoff::Model {
        state: handoff::State::Refused,
        ..handoff(&ids)
    };
    assert_eq!(refusal!(owner, refused), "handoff_settled_check");
}

#[apply(both)]
async fn what_is_erased_has_no_key_and_what_is_not_has_one(database: Database) {
    let owner = &database.owner().await;
    let ids = ids();
    let erased = || individual::Model {
        salt: None,
        sealed: None,
        erased_at: Some(NOW),
        ..individual(&ids)
    };
    for row in [individual(&ids), erased()] {
        written!(owner, row);
    }
    for half in [
        individual::Model {
            erased_at: Some(NOW),
            ..individual(&ids)
        },
        individual::Model {
            sealed: Some(vec![2]),
            ..erased()
        },
        individual::Model {
            salt: None,
            ..individual(&ids)
        },
    ] {
        assert_eq!(refusal!(owner, half), "individual_erased_check");
    }
}

/// Drivers repeat the row in the message of a refusal: it must not get through.
#[apply(both)]
async fn a_refused_row_is_not_shown_in_the_error(database: Database) {
    let db = database.open(Process::Handoff).await;
    let row = &partner::Model {
        id: ids().next(),
        name: "canary".to_owned(),
        mode: partner::Mode::Pull,
        endpoint: None,
        server_uri: None,
        state: partner::State::Active,
        max_in_flight: 0,
        projection: "canary".to_owned(),
        breaker: "{}".to_owned(),
        created_at: NOW,
        heard_at: None,
        throttled_until: None,
        paused_campaigns: "[]".to_owned(),
        file_layout: None,
        http_layout: None,
    };
    let result = db.run_tx("test.refuse", |tx| {
        Box::pin(async move {
            row.clone().into_active_model().insert(tx).await?;
            Ok::<_, Error>(())
        })
    });
    let error = result.await.unwrap_err();
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(
        shown.contains("partner_flight_check") && !shown.contains("canary"),
        "{shown}"
    );
}
