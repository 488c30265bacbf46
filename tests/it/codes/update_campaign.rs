//! A campaign changes while it runs: words, entities, products, consent texts; what people were told stays.

use redress::kernel::caller::Role;
use redress::kernel::crypto::sha256_hex;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use tonic::Status;
use tonic_types::StatusExt;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

const NEWER: &str = "I instruct you in writing to obtain my credit file.";

impl House {
    fn update(&self, changes: wire::CampaignChanges) -> wire::UpdateCampaignRequest {
        wire::UpdateCampaignRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            changes: Some(changes),
        }
    }

    async fn updated(
        &self,
        message: wire::UpdateCampaignRequest,
    ) -> Result<wire::Campaign, Status> {
        let answer = self.handlers.update_campaign(by(Role::Operator, message));
        Ok(answer.await?.into_inner().campaign.unwrap())
    }

    async fn change(&self, changes: wire::CampaignChanges) -> Result<wire::Campaign, Status> {
        self.updated(self.update(changes)).await
    }
}

fn consent(language: &str, version: &str, text: &str) -> wire::CampaignChanges {
    wire::CampaignChanges {
        consent_texts: vec![wire::ConsentText {
            language_code: language.into(),
            version: version.into(),
            text: text.into(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn fields(refused: &Status) -> Vec<String> {
    assert_eq!(reason_of(refused), Some(Reason::InvalidRequest));
    let details = refused.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations.iter().map(|it| it.field.clone()).collect()
}

#[apply(both)]
async fn words_are_corrected_and_entities_and_products_are_added_once(database: Database) {
    let house = House::open(&database).await;
    let created = house.create(house.wanted()).await.unwrap();
    let entity = |key: &str, name: &str| wire::CoveredEntity {
        key: key.into(),
        name: name.into(),
        ..Default::default()
    };
    let minor = wire::Product {
        population: redress::wire::redress::r#type::v1::Population::Minor.into(),
        product_code: "KIDS".into(),
        ..created.products[0].clone()
    };
    let message = house.update(wire::CampaignChanges {
        letter_phone: "866-328-1988".into(),
        covered_entities: vec![
            entity("concentra", "Concentra Inc"),
            entity("later", "Later"),
        ],
        products: vec![created.products[0].clone(), minor],
        ..Default::default()
    });
    for _ in 0..2 {
        let now = house.updated(message.clone()).await.unwrap();
        assert_eq!(now.letter_phone, "866-328-1988");
        assert_eq!(now.letter_url, created.letter_url);
        let names = now.covered_entities.iter();
        let names: Vec<&str> = names.map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["Concentra Inc", "Later"]);
        let id = &created.covered_entities[0].covered_entity_id;
        assert_eq!(&now.covered_entities[0].covered_entity_id, id);
        assert_eq!(now.products.len(), 2);
    }
    let audited = "audit_event WHERE action = 'campaign.updated'";
    assert_eq!(house.count(audited).await, 1);
}

#[apply(both)]
async fn an_enrollment_keeps_the_text_that_it_was_begun_with(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 2).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap();
    let before = house.begun(&codes[0].1).await;
    house.clock.advance(std::time::Duration::from_secs(1));
    house.change(consent("en", "2016-01", NEWER)).await.unwrap();
    house.clock.advance(std::time::Duration::from_secs(1));
    let begun = house.begin(&codes[1].1).await.unwrap();
    let text = begun.consent_text.unwrap();
    assert_eq!(
        (text.version.as_str(), text.text.as_str()),
        ("2016-01", NEWER)
    );
    let after = begun.enrollment.unwrap().enrollment_id.parse().unwrap();
    let verify = async |person: usize, enrollment| {
        let person = codes[person].0.parse().unwrap();
        house
            .verify(campaign, person, Some(enrollment), "VERIFIED")
            .await
    };
    assert_eq!(people.len(), 2);
    // `completion` consents to the text of before.
    let first = house.completion(before, verify(0, before).await);
    house.complete(first).await.unwrap();
    let mut second = house.completion(after, verify(1, after).await);
    let refused = house.complete(second.clone()).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::ConsentOutdated));
    let given = second.consent.as_mut().unwrap();
    given.version = "2016-01".into();
    given.text_sha256 = sha256_hex(NEWER.as_bytes());
    house.complete(second).await.unwrap();
    // The words of both stand there, for whoever asks in years to come.
    assert_eq!(house.count("consent_text").await, 2);
    let kept = "consent s JOIN consent_text t ON t.language = s.language AND t.version = s.version";
    assert_eq!(house.count(kept).await, 2);
}

#[apply(both)]
async fn what_was_promised_is_not_changed(database: Database) {
    let house = House::open(&database).await;
    let created = house.create(house.wanted()).await.unwrap();
    let other_term = wire::CampaignChanges {
        products: vec![wire::Product {
            term_months: 12,
            ..created.products[0].clone()
        }],
        ..Default::default()
    };
    let refused = house.change(other_term).await.unwrap_err();
    assert_eq!(fields(&refused), ["changes.products[0]"]);
    let same_version = consent("en", "2015-07", NEWER);
    let refused = house.change(same_version).await.unwrap_err();
    assert_eq!(fields(&refused), ["changes.consent_texts[0].version"]);
    house.change(consent("en", "2016-01", NEWER)).await.unwrap();
    let old_again = consent("en", "2015-07", super::house::CONSENT);
    let refused = house.change(old_again).await.unwrap_err();
    assert_eq!(fields(&refused), ["changes.consent_texts[0].version"]);
    let known = house.change(consent("en", "2016-01", NEWER)).await.unwrap();
    assert_eq!(known.consent_texts.len(), 1);
    let nothing = house.change(wire::CampaignChanges::default()).await;
    assert_eq!(fields(&nothing.unwrap_err()), ["changes"]);
    let odd = wire::CampaignChanges {
        letter_url: "http://x".into(),
        letter_phone: "call us".into(),
        covered_entities: vec![wire::CoveredEntity::default()],
        ..Default::default()
    };
    let refused = fields(&house.change(odd).await.unwrap_err());
    for field in [
        "letter_url",
        "letter_phone",
        "covered_entities[0].key",
        "covered_entities[0].name",
    ] {
        assert!(refused.contains(&format!("changes.{field}")), "{refused:?}");
    }
    let close = wire::CloseCampaignRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
    };
    let closed = house.handlers.close_campaign(by(Role::Operator, close));
    closed.await.unwrap();
    let late = house.change(consent("es", "2016-01", "Sí.")).await;
    assert_eq!(reason_of(&late.unwrap_err()), Some(Reason::CampaignClosed));
}

/// What is to be expected of people who answer late is said when a campaign is made and when it changes.
#[apply(both)]
async fn a_campaign_says_how_many_referrals_to_expect(database: Database) {
    let house = House::open(&database).await;
    let message = wire::CreateCampaignRequest {
        request_id: house.request_id(),
        campaign: Some(house.wanted()),
    };
    let created = house.handlers.create_campaign(by(Role::Operator, message));
    let created = created.await.unwrap().into_inner();
    let expected = created.expected_referrals.unwrap();
    assert_eq!((expected.letters, expected.proof_days), (1_000, 21));
    assert_eq!((expected.late_answers, expected.referrals), (13, 7));
    assert!(!expected.assumptions.is_empty());
    let changes = wire::CampaignChanges {
        name: "MIE".into(),
        ..Default::default()
    };
    let changed = by(Role::Operator, house.update(changes));
    let changed = house.handlers.update_campaign(changed).await.unwrap();
    assert_eq!(changed.into_inner().expected_referrals, Some(expected));
}
