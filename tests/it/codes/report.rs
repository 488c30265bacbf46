//! The report by parts: a small roster whose every figure is known.
//!
//! | Person | Lives in | Population | Mailable | Listed by |
//! |---|---|---|---|---|
//! | 0 | Indiana | adult | yes | concentra, twice; st-brigid |
//! | 1 | Indiana | adult | yes | concentra |
//! | 2 | Connecticut | minor | yes | st-brigid |
//! | 3 | Ohio | adult | no | st-brigid |
//! | 4 | Ohio | deceased | no | concentra |
//! | 5 | Ontario | adult | yes | concentra |

use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use redress::client::convert::wire_date;
use redress::db::entities::{covered_entity, individual_entity, mail_event};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use sea_orm::{ActiveEnum, ActiveModelTrait, EntityTrait};

use super::house::{House, by};
use crate::harness::{Database, apply, both};

pub struct Roster {
    pub campaign: CampaignId,
    people: Vec<IndividualId>,
}

impl House {
    pub async fn founded(&self, term_months: i32) -> wire::CreateCampaignResponse {
        let entity = |key: &str, name: &str| wire::CoveredEntity {
            key: key.into(),
            name: name.into(),
            ..Default::default()
        };
        let mut wanted = self.wanted();
        wanted.products[0].term_months = term_months;
        let campaign = wire::Campaign {
            covered_entities: vec![
                entity("st-brigid", "St. Brigid"),
                entity("concentra", "Concentra"),
                entity("late-clinic", "Late Clinic"),
            ],
            ..wanted
        };
        let message = wire::CreateCampaignRequest {
            request_id: self.request_id(),
            campaign: Some(campaign),
        };
        let answer = self
            .handlers
            .create_campaign(by(Role::Operator, message))
            .await;
        answer.unwrap().into_inner()
    }

    pub async fn listed(&self, campaign: CampaignId, key: &str, person: IndividualId) {
        let entities = covered_entity::Entity::find()
            .all(&self.owner)
            .await
            .unwrap();
        let entity = entities
            .iter()
            .find(|entity| entity.entity_key == key)
            .unwrap();
        let entity: CoveredEntityId = entity.id;
        let row = individual_entity::Model {
            campaign_id: campaign,
            covered_entity_id: entity,
            ref_mac: self.ids.uuid(),
            individual_id: person,
            row_mac: self.ids.uuid(),
            import_id: self.ids.next(),
            withdrawn: false,
        };
        let row = individual_entity::ActiveModel::from(row).reset_all();
        let insert = individual_entity::Entity::insert(row);
        insert.exec_without_returning(&self.owner).await.unwrap();
    }

    pub async fn roster(&self) -> Roster {
        let created = self.founded(18).await;
        let campaign: CampaignId = created.campaign.unwrap().campaign_id.parse().unwrap();
        let mut people = Vec::new();
        for (population, region, mailable) in [
            ("ADULT", "IN", true),
            ("ADULT", "IN", true),
            ("MINOR", "CT", true),
            ("ADULT", "OH", false),
            ("DECEASED", "OH", false),
            ("ADULT", "ON", true),
        ] {
            people.push(self.person(campaign, population, region, mailable).await);
        }
        self.run("UPDATE individual SET country = 'CA' WHERE region = 'ON'")
            .await;
        for (key, person) in [
            ("concentra", 0),
            ("concentra", 0),
            ("st-brigid", 0),
            ("concentra", 1),
            ("st-brigid", 2),
            ("st-brigid", 3),
            ("concentra", 4),
            ("concentra", 5),
        ] {
            self.listed(campaign, key, people[person]).await;
        }
        Roster { campaign, people }
    }

    pub async fn report(
        &self,
        campaign: CampaignId,
        by_parts: wire::GroupBy,
    ) -> wire::GetCampaignReportResponse {
        let message = wire::GetCampaignReportRequest {
            campaign: campaign.to_string(),
            group_by: by_parts.into(),
        };
        let answer = self
            .handlers
            .get_campaign_report(by(Role::Operator, message))
            .await;
        answer.unwrap().into_inner()
    }

    async fn mail(&self, campaign: CampaignId, person: IndividualId, kind: &str, day: &str) {
        let row = mail_event::Model {
            campaign_id: campaign,
            individual_id: person,
            happened_on: day.into(),
            kind: ActiveEnum::try_from_value(&kind.to_owned()).unwrap(),
            return_reason: (kind == "RETURNED").then_some(mail_event::ReturnReason::Vacant),
            address_source: None,
            address_mac: None,
            recorded_by: "operator/test".into(),
            recorded_at: self.now(),
            generation: 0,
        };
        let row = mail_event::ActiveModel::from(row).reset_all();
        let insert = mail_event::Entity::insert(row);
        insert.exec_without_returning(&self.owner).await.unwrap();
    }

    /// Person 0 enrolls; person 1 is refused, and two letters to them come back; somebody unknown is refused. Codes are issued
    /// to all who are mailable.
    async fn happen(&self, roster: &Roster) {
        let batch = self.issue(roster.campaign).await;
        let codes = self.export(&batch).await.unwrap();
        let code_of = |person: IndividualId| {
            let found = codes.iter().find(|(id, _)| *id == person.to_string());
            found.unwrap().1.clone()
        };
        let [first, second] = [roster.people[0], roster.people[1]];
        let begun = self.begun(&code_of(first)).await;
        let verified = self
            .verify(roster.campaign, first, Some(begun), "VERIFIED")
            .await;
        self.verify(roster.campaign, first, Some(begun), "VERIFIED")
            .await;
        self.complete(self.completion(begun, verified))
            .await
            .unwrap();
        self.run("UPDATE handoff SET attempts = 2, acknowledged_at = 5")
            .await;
        self.run("UPDATE enrollment SET state = 'ACTIVE' WHERE state = 'SUBMITTED'")
            .await;
        for (kind, day) in [
            ("MAILED", "2015-07-18"),
            ("RETURNED", "2015-07-25"),
            ("REMAILED", "2015-07-28"),
            ("RETURNED", "2015-08-03"),
        ] {
            self.mail(roster.campaign, second, kind, day).await;
        }
        self.mail(roster.campaign, first, "MAILED", "2015-07-18")
            .await;
        let begun = self.begun(&code_of(second)).await;
        self.verify(roster.campaign, second, Some(begun), "REFUSED")
            .await;
        self.verify(roster.campaign, second, None, "REFUSED").await;
        self.run("UPDATE verification SET individual_id = NULL WHERE path = 'LOOKUP'")
            .await;
    }
}

fn funnel(individuals: i64, records: i64, letters: i64) -> wire::Funnel {
    wire::Funnel {
        individuals,
        records,
        letters,
        codes_issued: letters,
        ..wire::Funnel::default()
    }
}

/// Person 2 is a minor, and the campaign has no product for minors.
fn one_without_code(funnel: wire::Funnel) -> wire::Funnel {
    wire::Funnel {
        codes_issued: funnel.codes_issued - 1,
        ..funnel
    }
}

/// What person 0 adds.
fn enrolled(funnel: wire::Funnel) -> wire::Funnel {
    wire::Funnel {
        begun: funnel.begun + 1,
        verified: 1,
        submitted: 1,
        handed_off: 1,
        acknowledged: 1,
        active: 1,
        ..funnel
    }
}

/// What person 1 adds.
fn refused(funnel: wire::Funnel) -> wire::Funnel {
    wire::Funnel {
        begun: funnel.begun + 1,
        refused: funnel.refused + 1,
        returned: 1,
        ..funnel
    }
}

fn parts(report: &wire::GetCampaignReportResponse) -> Vec<(&str, &str, wire::Funnel)> {
    let slices = report.slices.iter();
    slices
        .map(|it| {
            (
                it.key.as_str(),
                it.display_name.as_str(),
                it.funnel.unwrap(),
            )
        })
        .collect()
}

#[apply(both)]
async fn a_campaign_is_counted_by_its_parts(database: Database) {
    let house = House::open(&database).await;
    let roster = house.roster().await;
    house.happen(&roster).await;
    let whole = house
        .report(roster.campaign, wire::GroupBy::Unspecified)
        .await;
    assert!(whole.slices.is_empty());
    // The verification that found nobody is refused in the whole, and in no part.
    let all = one_without_code(refused(refused(enrolled(funnel(6, 8, 4)))));
    assert_eq!(whole.funnel.unwrap(), wire::Funnel { begun: 2, ..all });

    let entities = house
        .report(roster.campaign, wire::GroupBy::CoveredEntity)
        .await;
    assert_eq!(entities.funnel, whole.funnel);
    assert_eq!(
        parts(&entities),
        [
            (
                "st-brigid",
                "St. Brigid",
                one_without_code(enrolled(funnel(3, 3, 2)))
            ),
            ("concentra", "Concentra", refused(enrolled(funnel(4, 5, 3)))),
            ("late-clinic", "Late Clinic", funnel(0, 0, 0)),
        ]
    );

    let regions = house.report(roster.campaign, wire::GroupBy::Region).await;
    assert_eq!(
        parts(&regions),
        [
            ("CA-ON", "CA-ON", funnel(1, 1, 1)),
            ("US-CT", "Connecticut", one_without_code(funnel(1, 1, 1))),
            ("US-IN", "Indiana", refused(enrolled(funnel(2, 4, 2)))),
            ("US-OH", "Ohio", funnel(2, 2, 0)),
        ]
    );

    let populations = house
        .report(roster.campaign, wire::GroupBy::Population)
        .await;
    assert_eq!(
        parts(&populations),
        [
            ("ADULT", "adult", refused(enrolled(funnel(4, 6, 3)))),
            ("DECEASED", "deceased", funnel(1, 1, 0)),
            ("MINOR", "minor", one_without_code(funnel(1, 1, 1))),
        ]
    );
}

#[apply(both)]
async fn a_wave_counts_its_own_codes_and_what_became_of_its_people(database: Database) {
    let house = House::open(&database).await;
    let roster = house.roster().await;
    house.happen(&roster).await;
    let newcomer = house.person(roster.campaign, "ADULT", "CT", true).await;
    house.listed(roster.campaign, "concentra", newcomer).await;
    house.issue(roster.campaign).await;
    let report = house.report(roster.campaign, wire::GroupBy::Wave).await;
    let [first, second] = report.slices.as_slice() else {
        panic!("{:?}", report.slices);
    };
    assert_eq!(
        (first.display_name.as_str(), second.display_name.as_str()),
        ("batch 1", "batch 2")
    );
    assert_eq!(
        first.funnel.unwrap(),
        one_without_code(refused(enrolled(funnel(4, 6, 4))))
    );
    assert_eq!(second.funnel.unwrap(), funnel(1, 1, 1));
    assert_eq!(report.funnel.unwrap().codes_issued, 4);
    // Their codes belong to nobody.
    assert!(house.count("code WHERE generation = 0").await > 0);
}

#[apply(both)]
async fn a_division_that_is_not_known_is_refused(database: Database) {
    let house = House::open(&database).await;
    let campaign_id = house.campaign().await.to_string();
    let message = wire::GetCampaignReportRequest {
        campaign: campaign_id,
        group_by: 99,
    };
    let refused = house
        .handlers
        .get_campaign_report(by(Role::Operator, message))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
}

#[apply(both)]
async fn enrollments_are_counted_by_the_day_in_the_campaigns_zone(database: Database) {
    let house = House::open(&database).await;
    let roster = house.roster().await;
    let empty = house
        .report(roster.campaign, wire::GroupBy::Unspecified)
        .await;
    assert_eq!(empty.days, []);
    house.happen(&roster).await;
    let zone = TimeZone::get(&house.wanted().time_zone).unwrap();
    let today = house.now().date_in(&zone).unwrap();
    // The first quarter of an hour of its day, and the last one of the day before.
    let midnight = zone.to_timestamp((today - 3.days()).into()).unwrap();
    let begun = |micros: i64| {
        format!("UPDATE enrollment SET started_at = {micros} WHERE submitted_at IS NULL")
    };
    let days = async |micros: i64| {
        house.run(&begun(micros)).await;
        let report = house
            .report(roster.campaign, wire::GroupBy::Unspecified)
            .await;
        let days = report.days.into_iter();
        days.map(|it| (it.date.unwrap(), it.begun, it.submitted))
            .collect::<Vec<_>>()
    };
    let date = |back: i64| wire_date(today - back.days());
    let since_midnight = [
        (date(3), 1, 0),
        (date(2), 0, 0),
        (date(1), 0, 0),
        (date(0), 1, 1),
    ];
    assert_eq!(days(midnight.as_microsecond()).await, since_midnight);
    let mut before_midnight = since_midnight.to_vec();
    before_midnight[0].1 = 0;
    before_midnight.insert(0, (date(4), 1, 0));
    assert_eq!(days(midnight.as_microsecond() - 1).await, before_midnight);
}
