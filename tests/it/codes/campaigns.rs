//! Campaigns: created once, told all at once what is wrong, closed, counted.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::r#type::v1::OutcomeClass;
use tonic_types::StatusExt;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn a_campaign_is_created_once_however_often_it_is_asked_for(database: Database) {
    let house = House::open(&database).await;
    let message = wire::CreateCampaignRequest {
        request_id: house.request_id(),
        campaign: Some(house.wanted()),
    };
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = house
            .handlers
            .create_campaign(by(Role::Operator, message.clone()))
            .await
            .unwrap();
        answers.push(answer.into_inner().campaign.unwrap());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].state(), wire::CampaignState::Open);
    assert_eq!(
        answers[0].verification_policy.unwrap().accept_centibits,
        1_500
    );
    assert_eq!(house.count("campaign").await, 1);
    assert_eq!(
        house
            .count("audit_event WHERE action = 'campaign.created'")
            .await,
        1
    );
    let mut other = message.clone();
    other.campaign.as_mut().unwrap().name = "Another".into();
    let refused = house
        .handlers
        .create_campaign(by(Role::Operator, other))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::RequestIdReused));
}

/// The law's days run from the entity's own discovery, and whoever makes its notices is asked about them.
#[apply(both)]
async fn a_covered_entity_has_its_own_discovery_and_notifier(database: Database) {
    let house = House::open(&database).await;
    let mut wanted = house.wanted();
    let own = wire::CoveredEntity {
        key: "own".into(),
        name: "Own".into(),
        discovery_date: wanted.discovery_date,
        notifier: wire::Notifier::BusinessAssociate.into(),
        contact: "Privacy office, 1-800-555-0199".into(),
        ..Default::default()
    };
    wanted.covered_entities.push(own.clone());
    let mut odd = wanted.clone();
    let tomorrow = wanted.enroll_by_date;
    odd.covered_entities[1] = wire::CoveredEntity {
        discovery_date: tomorrow,
        notifier: 9,
        contact: "x".repeat(201),
        ..own.clone()
    };
    let refused = house.create(odd).await.unwrap_err();
    let violations = refused.get_error_details();
    let violations = &violations.bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations.iter().map(|it| it.field.as_str()).collect();
    let path = |field: &str| format!("campaign.covered_entities[1].{field}");
    assert_eq!(
        fields,
        [path("discovery_date"), path("notifier"), path("contact")]
    );
    let created = house.create(wanted).await.unwrap();
    let [plain, kept] = &created.covered_entities[..] else {
        panic!("{created:?}")
    };
    assert_eq!(plain.notifier(), wire::Notifier::CoveredEntity);
    assert_eq!((plain.discovery_date, plain.contact.as_str()), (None, ""));
    let id = kept.covered_entity_id.clone();
    assert_eq!(
        kept,
        &wire::CoveredEntity {
            covered_entity_id: id,
            ..own
        }
    );
}

#[apply(both)]
async fn an_engagement_number_belongs_to_one_campaign(database: Database) {
    let house = House::open(&database).await;
    house.campaign().await;
    let refused = house.create(house.wanted()).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CampaignExists));
}

#[apply(both)]
async fn an_unknown_partner_is_told_with_everything_else(database: Database) {
    let house = House::open(&database).await;
    let mut wanted = house.wanted();
    wanted.products[0].partner_id = house.request_id();
    wanted.products[0].term_months = 0;
    let refused = house.create(wanted).await.unwrap_err();
    let fields = refused.get_details_bad_request().unwrap().field_violations;
    let mut paths: Vec<&str> = fields
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "campaign.products[0].partner_id",
            "campaign.products[0].term_months"
        ]
    );
}

#[apply(both)]
async fn campaigns_are_listed_page_by_page_newest_first(database: Database) {
    let house = House::open(&database).await;
    for number in ["A000001", "A000002", "A000003"] {
        house
            .create(wire::Campaign {
                engagement_number: number.into(),
                ..house.wanted()
            })
            .await
            .unwrap();
    }
    let page = |page_token: String| {
        let message = wire::ListCampaignsRequest {
            page_size: 2,
            page_token,
        };
        house.handlers.list_campaigns(by(Role::Operator, message))
    };
    let first = page(String::new()).await.unwrap().into_inner();
    let second = page(first.next_page_token.clone())
        .await
        .unwrap()
        .into_inner();
    let numbers: Vec<String> = first
        .campaigns
        .into_iter()
        .chain(second.campaigns)
        .map(|campaign| campaign.engagement_number)
        .collect();
    assert_eq!(numbers, ["A000003", "A000002", "A000001"]);
    assert_eq!(second.next_page_token, "");
    assert!(page("forged".into()).await.is_err());
}

#[apply(both)]
async fn a_closed_campaign_begins_nothing_and_finishes_what_was_begun(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    let message = wire::CloseCampaignRequest {
        request_id: house.request_id(),
        campaign: campaign.to_string(),
    };
    for _ in 0..2 {
        let closed = house
            .handlers
            .close_campaign(by(Role::Operator, message.clone()))
            .await
            .unwrap();
        assert_eq!(
            closed.into_inner().campaign.unwrap().state(),
            wire::CampaignState::Closed
        );
    }
    assert_eq!(
        reason_of(&house.begin(&code).await.unwrap_err()),
        Some(Reason::CodeNotAccepted)
    );
    let refused = house
        .issue_as(&house.request_id(), campaign)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CampaignClosed));
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    house
        .complete(house.completion(enrollment, verification))
        .await
        .unwrap();
}

#[apply(both)]
async fn the_report_counts_each_figure_by_its_definition(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 3).await;
    house.person(campaign, "ADULT", "IN", false).await;
    let id = campaign.as_uuid();
    let literal = |id: uuid::Uuid| {
        if house.owner.get_database_backend() == sea_orm::DbBackend::Postgres {
            format!("'{id}'")
        } else {
            format!("X'{}'", id.simple())
        }
    };
    house.run(&format!(
        "INSERT INTO roster_import (campaign_id, id, file_sha256, rows, accepted, merged, unchanged, rejected, state, \
         started_at, finished_at) VALUES ({}, {}, 'x', 6, 4, 1, 0, 1, 'DONE', 1, 2)",
        literal(id), literal(house.ids.uuid()),
    )).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap();
    let mut begun = Vec::new();
    for (_, code) in &codes {
        begun.push(house.begun(code).await);
    }
    let good = house
        .verify(campaign, people[0], Some(begun[0]), "VERIFIED")
        .await;
    house
        .verify(campaign, people[0], Some(begun[0]), "VERIFIED")
        .await;
    house
        .verify(campaign, people[1], Some(begun[1]), "REFUSED")
        .await;
    house
        .verify(campaign, people[2], Some(begun[2]), "REFERRED")
        .await;
    house
        .complete(house.completion(begun[0], good))
        .await
        .unwrap();
    house
        .run("UPDATE handoff SET attempts = 1, acknowledged_at = 5")
        .await;
    house
        .run("UPDATE enrollment SET state = 'ACTION_REQUIRED' WHERE state = 'SUBMITTED'")
        .await;
    house
        .run("UPDATE coverage SET state = 'ACTION_REQUIRED', outcome_class = 'FILE_FROZEN'")
        .await;
    let message = wire::GetCampaignReportRequest {
        campaign: campaign.to_string(),
        ..Default::default()
    };
    let report = house
        .handlers
        .get_campaign_report(by(Role::Operator, message))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(report.engagement_number, NUMBER);
    assert_eq!(
        report.funnel.unwrap(),
        wire::Funnel {
            rows: 6,
            rejected: 1,
            individuals: 4,
            codes_issued: 3,
            letters: 3,
            begun: 3,
            verified: 1,
            refused: 1,
            referred: 1,
            submitted: 1,
            handed_off: 1,
            acknowledged: 1,
            active: 0,
            action_required: 1,
            enrollment_refused: 0,
            dead: 0,
            records: 0,
            returned: 0,
        }
    );
    let frozen = wire::OutcomeCount {
        outcome_class: OutcomeClass::FileFrozen.into(),
        coverages: 1,
    };
    assert_eq!(report.outcomes, [frozen]);
}

/// An enrollment page shows what the letter says, and nothing of contracts and thresholds.
#[apply(both)]
async fn a_page_may_show_what_the_letter_says(database: Database) {
    let house = House::open(&database).await;
    let wanted = house.wanted();
    let created = house.create(wanted).await.unwrap();
    let show = async |campaign: &str| {
        let message = wire::GetPublicCampaignRequest {
            campaign: campaign.to_owned(),
        };
        let request = by(Role::Portal, message);
        house.handlers.get_public_campaign(request).await
    };
    let shown = show(NUMBER).await.unwrap().into_inner().campaign.unwrap();
    assert_eq!(shown.campaign_id, created.campaign_id);
    assert_eq!(shown.state(), wire::CampaignState::Open);
    assert_eq!(shown.enroll_by_date, created.enroll_by_date);
    assert_eq!(shown.letter_phone, created.letter_phone);
    let names = created.covered_entities.iter().map(|it| it.name.clone());
    assert_eq!(shown.covered_entity_names, names.collect::<Vec<_>>());
    let shown_terms: Vec<i32> = shown.products.iter().map(|it| it.term_months).collect();
    let terms: Vec<i32> = created.products.iter().map(|it| it.term_months).collect();
    assert_eq!(shown_terms, terms);
    assert_eq!(shown.consent_language_codes[0], created.language_code);
    let refused = show("Z000001").await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CampaignNotFound));
}
