//! What goes wrong on the way, with planted values in every place where a caller can put them.

use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::identity::v1::{
    AddressSource, Claims, MailEvent, MailEventKind, RecordMailEventsRequest, VerificationState,
};
use redress::wire::redress::r#type::v1::{ItemResult, ItemVerdict, PostalAddress};
use tonic::Status;

use super::person;
use crate::harness::clients::request_id;
use crate::harness::processes::House;
use crate::harness::roster::{Roster, Row, Sandbox};
use crate::harness::walk::{self, Walk};

/// Everything that goes wrong, with planted values in every place where a caller can put them.
pub async fn unhappy_ways(house: &House, roster: &Roster, walk: &Walk, heard: &mut Vec<Status>) {
    let row = &roster.adults[5].0;
    let code = walk.letter_of(row).code.clone();
    let caller = person(house, walk, 20);
    let begun = caller
        .begin(Entitlement::Code(code.clone()))
        .await
        .expect("begun");
    let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
    heard.extend(
        caller
            .verify(&enrollment, roster.adults[6].0.claims())
            .await
            .err(),
    );
    let mut half = row.claims();
    half.name.get_or_insert_default().given_name.clear();
    heard.extend(caller.verify(&enrollment, half).await.err());
    let mut endless = row.claims();
    endless.name.get_or_insert_default().family_name = "Quornbury".repeat(500);
    heard.extend(caller.verify(&enrollment, endless).await.err());
    let ssn = Claims {
        ssn: format!("{}x", row.ssn),
        ..row.claims()
    };
    heard.extend(caller.verify(&enrollment, ssn).await.err());
    // Personal values where ids, codes and numbers belong.
    heard.extend(caller.verify(&row.email, row.claims()).await.err());
    heard.extend(caller.begin(Entitlement::Code(row.ssn.clone())).await.err());
    heard.extend(
        caller
            .begin(Entitlement::Code(format!("{code}X")))
            .await
            .err(),
    );
    heard.extend(
        caller
            .begin(Entitlement::VerificationId(row.family_name.clone()))
            .await
            .err(),
    );
    heard.extend(caller.complete(&row.family_name, &row.ssn).await.err());
    heard.extend(caller.enrollment(&row.email).await.err());
    heard.extend(caller.verify("", roster.deceased.claims()).await.err());
    let referred = person(house, walk, 21)
        .verify("", roster.no_contact.claims())
        .await;
    if let Ok(verification) = &referred {
        assert_eq!(verification.state(), VerificationState::Referred);
    }
    heard.extend(referred.err());
}

/// Rows that are not taken, with planted values in every column.
pub async fn rejects(house: &House, walk: &Walk) -> Vec<ItemVerdict> {
    let mut rows: Vec<Row> = (0..4)
        .map(|number| Row::adult(300 + number, Sandbox::Active))
        .collect();
    rows[0].external_ref = "Quornbury".repeat(20);
    rows[1].covered_entity = "Quornbury".into();
    rows[2].covered_entity = "quornbury-clinic".into();
    rows[3].given_name = "Quornbury".repeat(200);
    rows[3].family_name = "Quornbury".repeat(200);
    let answers = walk::import(house, &walk.campaign, &rows)
        .await
        .expect("the import");
    let rejects = walk::rejected(&answers);
    assert_eq!(rejects.len(), rows.len());
    rejects
}

/// What happened to letters, with planted values in every field; one address is taken.
pub async fn verdicts(house: &House, roster: &Roster, walk: &Walk) -> Vec<ItemVerdict> {
    let row = &roster.adults[6].0;
    let address = |postal_code: &str| PostalAddress {
        line1: "7999 Vexillary Crescent".into(),
        line2: row.email.clone(),
        city: "Quornbury".into(),
        region: "IN".into(),
        postal_code: postal_code.into(),
        country: String::new(),
    };
    let event = |individual_id: &str, postal_code: &str| MailEvent {
        individual_id: individual_id.into(),
        kind: MailEventKind::AddressCorrected.into(),
        event_date: walk.campaign.discovery_date,
        return_reason: 0,
        address_source: AddressSource::MailHouse.into(),
        address: Some(address(postal_code)),
        generation: 0,
    };
    let letter = &walk.letter_of(row).individual_id;
    let events = vec![
        event(letter, "46802"),
        event(letter, "46803"),
        event(letter, &row.ssn),
        event(&row.family_name, "46802"),
    ];
    let request = RecordMailEventsRequest {
        request_id: request_id(),
        campaign: walk.campaign_id(),
        events,
    };
    let answer = house.rosters().record_mail_events(request).await;
    let verdicts = answer.expect("verdicts").into_inner().verdicts;
    let outcomes = verdicts.iter().map(ItemVerdict::result);
    let refused = outcomes.filter(|outcome| *outcome == ItemResult::Refused);
    assert_eq!((verdicts.len(), refused.count()), (4, 3));
    verdicts
}
