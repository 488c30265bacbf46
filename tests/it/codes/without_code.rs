//! Letters without a code: for whom the campaign has no product, the deceased first of all.

use redress::kernel::caller::Role;
use redress::kernel::ids::{CampaignId, IndividualId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::r#type::v1::Population;
use sea_orm::DbBackend;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

impl House {
    /// What a corrected roster file makes of a person.
    pub async fn becomes(&self, person: IndividualId, population: &str) {
        let person = match self.owner.get_database_backend() {
            DbBackend::Postgres => format!("'{person}'"),
            _ => format!("x'{}'", person.to_string().replace('-', "")),
        };
        self.run(&format!(
            "UPDATE individual SET population = '{population}' WHERE id = {person}"
        ))
        .await;
    }

    /// The person's letter as the printer gets it.
    async fn printed(&self, letter: &wire::LetterCode, campaign: CampaignId) -> wire::PlainCode {
        let batch = wire::CodeBatch {
            campaign_id: campaign.to_string(),
            batch_id: letter.batch_id.clone(),
            ..Default::default()
        };
        let letters = self.export_all(&batch).await.unwrap();
        let mut letters = letters.into_iter().filter(|letter| !letter.seed);
        letters.next().unwrap()
    }
}

fn begins(letter: &wire::PlainCode) -> bool {
    letter.without_code == letter.code.is_empty() && !letter.without_code
}

#[apply(both)]
async fn whoever_has_no_product_gets_a_letter_without_a_code(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let adult = house.people(campaign, 1).await[0];
    let minor = house.person(campaign, "MINOR", "IN", true).await;
    let dead = house.person(campaign, "DECEASED", "IN", true).await;
    let batch = house.issue(campaign).await;
    assert_eq!(batch.codes, 3);
    let letters = house.export_all(&batch).await.unwrap();
    let of = |person: IndividualId| {
        let person = person.to_string();
        letters.iter().find(|letter| letter.individual_id == person)
    };
    assert!(begins(of(adult).unwrap()));
    for person in [minor, dead] {
        let letter = of(person).unwrap();
        assert!(letter.without_code && letter.code.is_empty());
        let listed = house.lineage(campaign, person).await.remove(0);
        assert!(listed.without_code && listed.printable);
        assert_eq!(listed.proof_expire_time, None);
    }
    assert!(!house.lineage(campaign, adult).await[0].without_code);
    // A honey code looks like everybody's.
    assert!(letters.iter().all(|letter| letter.generation == 1));
    assert!(letters.iter().filter(|letter| letter.seed).all(begins));
    // They are letters, and no codes.
    for division in [wire::GroupBy::Unspecified, wire::GroupBy::Wave] {
        let report = house.report(campaign, division).await;
        let slice = report.slices.first().and_then(|slice| slice.funnel);
        let funnel = slice.or(report.funnel).unwrap();
        assert_eq!((funnel.letters, funnel.codes_issued), (3, 1));
    }
    let report = house.report(campaign, wire::GroupBy::Population).await;
    let parts = report.slices.iter().map(|slice| {
        let funnel = slice.funnel.unwrap();
        (slice.key.as_str(), funnel.letters, funnel.codes_issued)
    });
    assert_eq!(
        parts.collect::<Vec<_>>(),
        [("ADULT", 1, 1), ("DECEASED", 1, 0), ("MINOR", 1, 0)]
    );
}

/// A death that was reported wrongly, and one that was not reported.
#[apply(both)]
async fn a_corrected_record_and_another_letter_give_a_code_or_take_it_away(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let person = house.person(campaign, "DECEASED", "IN", true).await;
    house.issue(campaign).await;
    // While it is not printed, the letter itself is mended: there is no second one.
    house.becomes(person, "ADULT").await;
    let mended = house.reissue(person).await.unwrap();
    assert_eq!((mended.generation, mended.without_code), (1, false));
    house.becomes(person, "DECEASED").await;
    let first = house.reissue(person).await.unwrap();
    assert_eq!((first.generation, first.without_code), (1, true));
    assert!(house.printed(&first, campaign).await.without_code);
    house.becomes(person, "ADULT").await;
    let second = house.reissue(person).await.unwrap();
    assert_eq!((second.generation, second.without_code), (2, false));
    let letter = house.printed(&second, campaign).await;
    assert_eq!((begins(&letter), letter.generation), (true, 2));
    house.begun(&letter.code).await;
    house.becomes(person, "DECEASED").await;
    let third = house.reissue(person).await.unwrap();
    assert_eq!((third.generation, third.without_code), (3, true));
    assert!(house.printed(&third, campaign).await.without_code);
    house.begin(&letter.code).await.unwrap_err();
}

#[apply(both)]
async fn a_product_for_minors_that_is_added_gives_them_codes_by_another_letter(database: Database) {
    let house = House::open(&database).await;
    let created = house.create(house.wanted()).await.unwrap();
    let campaign: CampaignId = created.campaign_id.parse().unwrap();
    let minors = [
        house.person(campaign, "MINOR", "IN", true).await,
        house.person(campaign, "MINOR", "IN", true).await,
    ];
    let batch = house.issue(campaign).await;
    house.export(&batch).await.unwrap();
    let product = wire::Product {
        population: Population::Minor.into(),
        product_code: "KIDS".into(),
        ..created.products[0].clone()
    };
    let message = wire::UpdateCampaignRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        changes: Some(wire::CampaignChanges {
            products: vec![product],
            ..Default::default()
        }),
    };
    let updated = house.handlers.update_campaign(by(Role::Operator, message));
    updated.await.unwrap();
    let second = house.reissue(minors[0]).await.unwrap();
    assert!(!second.without_code);
    let letter = house.printed(&second, campaign).await;
    house.begun(&letter.code).await;
    // Whoever enrolls without it has not used the code that nobody was given.
    let verification = house.verify(campaign, minors[1], None, "VERIFIED").await;
    let entitlement = Entitlement::VerificationId(verification.to_string());
    let begun = house.begin_as(&house.request_id(), entitlement).await;
    let begun = begun.unwrap().enrollment.unwrap().enrollment_id;
    let completion = house.completion(begun.parse().unwrap(), verification);
    house.complete(completion).await.unwrap();
    let kept = house.count("code WHERE without_code AND state = 'ISSUED'");
    assert_eq!(kept.await, 1);
    assert_eq!(house.count("code WHERE state = 'REDEEMED'").await, 0);
}
