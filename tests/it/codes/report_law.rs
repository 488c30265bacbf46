//! What the law makes of a report: who must be told by when, and for how many months a state asks.

use redress::kernel::caller::Role;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;

use super::house::{House, by};
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn the_report_says_who_must_be_told_by_when(database: Database) {
    let house = House::open(&database).await;
    let roster = house.roster().await;
    // Discovered on 26 May 2015; it is 17 July.
    let report = house
        .report(roster.campaign, wire::GroupBy::Unspecified)
        .await;
    let told: Vec<_> = report
        .deadlines
        .iter()
        .map(|it| (it.rule_id.as_str(), it.days_left, it.applies, it.people))
        .collect();
    assert_eq!(
        told,
        [
            ("in-attorney-general", -7, true, 2),
            ("hipaa-individual-notice", 8, true, 6),
            ("hipaa-substitute-few", 8, true, 1),
            ("hipaa-substitute-many", 8, false, 1),
            ("hipaa-secretary-500", 8, false, 6),
            ("hipaa-media", 8, false, 0),
            ("ct-attorney-general", 8, true, 1),
            ("hipaa-secretary-annual", 227, true, 6),
        ]
    );
    let few = &report.deadlines[2];
    let reached: Vec<_> = few
        .reached
        .iter()
        .map(|it| (it.key.as_str(), it.people))
        .collect();
    assert_eq!(reached, [("st-brigid", 1)]);
    assert_eq!(report.law_version, "2026-11");
    let unknown: Vec<_> = report
        .states_without_rule
        .iter()
        .map(|it| (it.jurisdiction.as_str(), it.residents))
        .collect();
    assert_eq!(unknown, [("OH", 2)]);
    let owed: Vec<_> = report
        .monitoring
        .iter()
        .map(|it| {
            (
                it.rule_id.as_str(),
                it.residents,
                it.months_owed,
                it.short_by,
            )
        })
        .collect();
    assert_eq!(owed, [("ct-monitoring", 1, 24, 6)]);
    // The dead are counted among those who must be told, and are owed no monitoring.
    house.person(roster.campaign, "DECEASED", "CT", true).await;
    let report = house
        .report(roster.campaign, wire::GroupBy::Unspecified)
        .await;
    let told = report.deadlines.iter();
    let mut told = told.filter(|it| it.rule_id == "ct-attorney-general");
    assert_eq!(told.next().unwrap().people, 2);
    assert_eq!(report.monitoring[0].residents, 1);
}

#[apply(both)]
async fn ten_unreachable_people_and_five_hundred_and_one_residents_change_what_is_due(
    database: Database,
) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    for number in 0..501 {
        let person = house.person(campaign, "ADULT", "MI", number > 8).await;
        if number == 0 {
            house.listed(campaign, "concentra", person).await;
        }
    }
    house.person(campaign, "DECEASED", "OH", false).await;
    let due = async || {
        let report = house.report(campaign, wire::GroupBy::Unspecified).await;
        let due = report.deadlines.into_iter().filter(|it| it.applies);
        due.map(|it| (it.rule_id, it.people)).collect::<Vec<_>>()
    };
    let named = |all: &[(&str, i64)]| {
        all.iter()
            .map(|(id, people)| ((*id).to_owned(), *people))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        due().await,
        named(&[
            ("hipaa-individual-notice", 502),
            ("hipaa-substitute-few", 9),
            ("hipaa-secretary-500", 502),
            ("hipaa-media", 501),
        ])
    );
    house.person(campaign, "ADULT", "OH", false).await;
    assert_eq!(
        due().await,
        named(&[
            ("hipaa-individual-notice", 503),
            ("hipaa-substitute-many", 10),
            ("hipaa-secretary-500", 503),
            ("hipaa-media", 501),
        ])
    );
}

#[apply(both)]
async fn a_term_below_what_a_state_asks_is_told_at_creation(database: Database) {
    let house = House::open(&database).await;
    let created = house.founded(18).await;
    let [notice] = created.notices.as_slice() else {
        panic!("{:?}", created.notices);
    };
    assert_eq!(
        (
            notice.rule_id.as_str(),
            notice.jurisdiction.as_str(),
            notice.months_owed
        ),
        ("ct-monitoring", "CT", 24)
    );
    assert!(
        notice.message.starts_with("Connecticut asks for 24 months"),
        "{}",
        notice.message
    );
    assert_eq!(notice.citation, "Conn. Gen. Stat. 36a-701b(b)(2)(B)");
    let long = wire::Campaign {
        engagement_number: "B000024".into(),
        ..house.wanted()
    };
    let message = wire::CreateCampaignRequest {
        request_id: house.request_id(),
        campaign: Some(long),
    };
    for _ in 0..2 {
        let created = house
            .handlers
            .create_campaign(by(Role::Operator, message.clone()))
            .await
            .unwrap();
        assert!(created.into_inner().notices.is_empty());
    }
}
