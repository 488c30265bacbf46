//! The people whom no letter reaches, with their contacts, for the substitute notice.

use futures::TryStreamExt;
use redress::kernel::caller::Role;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use wire::MailEventKind::Returned;

use super::house::{FILE, House, NUMBER, by};
use super::mail::event;
use super::people::{but, somebody};
use crate::harness::{Database, apply, both};

impl House {
    async fn unreachable(&self) -> Vec<wire::UnreachableIndividual> {
        let request = wire::ExportUnreachableRequest {
            campaign: NUMBER.into(),
        };
        let stream = self
            .handlers
            .export_unreachable(by(Role::Operator, request));
        let stream = stream.await.unwrap().into_inner();
        let answers: Vec<_> = stream.try_collect().await.unwrap();
        answers
            .into_iter()
            .flat_map(|one| one.individuals)
            .collect()
    }
}

#[apply(both)]
async fn whom_no_letter_reaches_is_given_with_contacts_and_the_cause(database: Database) {
    let house = House::open(&database).await;
    assert!(house.unreachable().await.is_empty(), "no roster yet");
    let nowhere = |line| but(somebody(line), |row| row.city = "".into());
    let mut rows: Vec<_> = (2..1_300).map(nowhere).collect();
    rows[1].columns.population = "deceased".into();
    rows.extend([somebody(1_400), somebody(1_401)]);
    house.import(FILE, &rows, 500).await;
    let people = house.individuals().await;
    let reached: Vec<_> = people.iter().filter(|one| one.mailable).collect();
    house.record(vec![event(reached[0].id, Returned, 10)]).await;
    let found = house.unreachable().await;
    assert_eq!(found.len(), 1_299);
    assert!(found.is_sorted_by_key(|one| one.individual_id.clone()));
    let first = &found[0];
    assert_eq!(first.reason(), wire::UnreachableReason::NoAddress);
    assert!(first.name.starts_with("Given") && first.name.contains("Family"));
    assert_eq!(first.phones, ["+12605000002"]);
    assert_eq!(first.emails, ["p2@example.org"]);
    assert_eq!(first.covered_entity_keys, ["concentra"]);
    let back: Vec<_> = found
        .iter()
        .filter(|one| one.reason() == wire::UnreachableReason::Returned)
        .collect();
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].individual_id, reached[0].id.to_string());
    assert_eq!(back[0].lines[0], "12 Main St");
    let exported = "audit_event WHERE action = 'roster.unreachable_exported'";
    assert_eq!(house.count(exported).await, 2);
}
