//! Whoever no letter reaches: counted, with the notice that takes its place.

use redress::kernel::caller::Role;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use wire::MailEventKind::{AddressCorrected, Returned};

use super::house::{House, by};
use super::mail::event;
use super::people::{but, somebody};
use crate::harness::{Database, apply, both};

impl House {
    async fn statistics(&self) -> wire::GetRosterStatisticsResponse {
        let request = wire::GetRosterStatisticsRequest {
            campaign: self.campaign.to_string(),
        };
        let counted = self
            .handlers
            .get_roster_statistics(by(Role::Operator, request))
            .await;
        counted.unwrap().into_inner()
    }
}

#[apply(both)]
async fn whoever_is_out_of_reach_is_counted_by_entity_with_the_notice_that_is_due(
    database: Database,
) {
    let house = House::open(&database).await;
    let nowhere = |line| but(somebody(line), |row| row.city = "".into());
    let mut rows: Vec<_> = (2..12).map(nowhere).collect();
    rows[0].columns.population = "deceased".into();
    rows.extend((12..20).map(somebody));
    house.load("a", &rows).await;
    let also = |line| {
        but(nowhere(line), |row| {
            row.covered_entity = "st-francis".into();
        })
    };
    house.load("b", &[also(3), also(4)]).await;
    let counted = house.statistics().await;
    let total = counted.undeliverable.clone().unwrap();
    assert_eq!((total.individuals, total.deceased), (10, 1));
    assert_eq!(
        total.substitute_notice(),
        wire::SubstituteNotice::OtherMeans,
        "nine of them are alive"
    );
    assert_eq!(counted.mailable + total.individuals, counted.individuals);
    let by_entity = |counted: &wire::GetRosterStatisticsResponse| {
        let counts = counted.undeliverable_by_covered_entity.iter();
        counts
            .map(|one| {
                (
                    one.covered_entity_key.clone(),
                    one.individuals,
                    one.substitute_notice(),
                )
            })
            .collect::<Vec<_>>()
    };
    let few = wire::SubstituteNotice::OtherMeans;
    assert_eq!(
        by_entity(&counted),
        [
            ("concentra".to_owned(), 10, few),
            ("st-francis".to_owned(), 2, few)
        ]
    );
    let reached = house
        .individuals()
        .await
        .into_iter()
        .find(|one| one.mailable)
        .unwrap();
    house.record(vec![event(reached.id, Returned, 10)]).await;
    let counted = house.statistics().await;
    let total = counted.undeliverable.clone().unwrap();
    assert_eq!(
        (total.individuals, total.substitute_notice()),
        (11, wire::SubstituteNotice::Conspicuous)
    );
    assert!(total.substitute_notice_text.contains("164.404(d)(2)(ii)"));
    assert_eq!(
        by_entity(&counted)[0],
        (
            "concentra".to_owned(),
            11,
            wire::SubstituteNotice::Conspicuous
        )
    );
    house
        .record(vec![event(reached.id, AddressCorrected, 11)])
        .await;
    assert_eq!(
        house.statistics().await.undeliverable.unwrap().individuals,
        10
    );
}
