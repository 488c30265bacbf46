//! Rows that were on a covered entity's list by mistake: taken off it, and put back.

use redress::db::FaultRates;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::IndividualId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use redress::wire::redress::r#type::v1::ItemResult::{Applied, Refused, Unchanged};
use redress::wire::redress::r#type::v1::{ItemReason, ItemVerdict};
use tonic::Status;
use wire::listing::Entry;

use super::export::export;
use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, but, claims, somebody};
use crate::harness::{Database, apply, both};

impl House {
    fn withdrawal(&self, listings: Vec<wire::Listing>) -> wire::WithdrawListingsRequest {
        wire::WithdrawListingsRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            listings,
            reason: "listed by mistake".into(),
            restore: false,
        }
    }

    async fn change_list(
        &self,
        message: wire::WithdrawListingsRequest,
    ) -> Result<wire::WithdrawListingsResponse, Status> {
        let answer = self.handlers.withdraw_listings(by(Role::Operator, message));
        Ok(answer.await?.into_inner())
    }

    async fn withdraw(&self, listings: Vec<wire::Listing>) -> wire::WithdrawListingsResponse {
        self.change_list(self.withdrawal(listings)).await.unwrap()
    }

    async fn restore(&self, listings: Vec<wire::Listing>) -> wire::WithdrawListingsResponse {
        let message = wire::WithdrawListingsRequest {
            restore: true,
            ..self.withdrawal(listings)
        };
        self.change_list(message).await.unwrap()
    }

    async fn counted(&self) -> (i64, i64, i64) {
        let request = wire::GetRosterStatisticsRequest {
            campaign: NUMBER.into(),
        };
        let counted = self
            .handlers
            .get_roster_statistics(by(Role::Operator, request));
        let counted = counted.await.unwrap().into_inner();
        let out_of_reach = counted.undeliverable.unwrap().individuals;
        (counted.individuals, counted.withdrawn, out_of_reach)
    }

    pub async fn listed(
        &self,
        list: wire::list_individuals_request::List,
        size: i32,
    ) -> Result<Vec<wire::MaskedIndividual>, Status> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let message = wire::ListIndividualsRequest {
                campaign: NUMBER.into(),
                list: Some(list.clone()),
                page_size: size,
                page_token,
            };
            let page = self.handlers.list_individuals(by(Role::Operator, message));
            let page = page.await?.into_inner();
            all.extend(page.individuals);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }
}

fn by_reference(entity: &str, reference: &str) -> wire::Listing {
    wire::Listing {
        covered_entity_key: entity.into(),
        entry: Some(Entry::ExternalRef(reference.into())),
    }
}

fn of_individual(entity: &str, id: IndividualId) -> wire::Listing {
    wire::Listing {
        covered_entity_key: entity.into(),
        entry: Some(Entry::IndividualId(id.to_string())),
    }
}

const WITHDRAWN: wire::list_individuals_request::List =
    wire::list_individuals_request::List::Withdrawn(wire::WithdrawnList {});

#[apply(both)]
async fn whom_nobody_lists_gets_no_letter_and_is_in_no_count(database: Database) {
    let house = House::open(&database).await;
    let also = but(somebody(3), |row| row.covered_entity = "st-francis".into());
    house.load(FILE, &[ada(2), somebody(3)]).await;
    house.load("b", &[also]).await;
    let people = house.individuals().await;
    house.print(people[0].id, 1, None).await;
    let gone = vec![
        by_reference("concentra", "MRN-1"),
        of_individual("concentra", people[1].id),
    ];
    let answer = house.withdraw(gone.clone()).await;
    let results: Vec<_> = answer.verdicts.iter().map(ItemVerdict::result).collect();
    assert_eq!(results, [Applied, Applied]);
    assert_eq!((answer.individuals, answer.with_letters), (1, 1));
    assert_eq!(house.counted().await, (1, 1, 0));
    let letters = export(&house, None).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].entities, ["st-francis"], "and not the other");
    let lost = house.verify(None, claims()).await.unwrap_err();
    assert_eq!(reason_of(&lost), Some(Reason::VerificationRefused));
    let listed = house.listed(WITHDRAWN, 0).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].individual_id, people[0].id.to_string());
    assert!(listed[0].withdraw_time.is_some() && listed[0].covered_entity_keys.is_empty());
    // The same list and the same roster again change nothing.
    let again = house.withdraw(gone.clone()).await;
    assert!(again.verdicts.iter().all(|one| one.result() == Unchanged));
    assert_eq!(again.individuals, 0);
    house.load(FILE, &[ada(2), somebody(3)]).await;
    assert_eq!(house.counted().await, (1, 1, 0));
    let back = house.restore(gone).await;
    assert_eq!((back.individuals, back.with_letters), (1, 1));
    assert_eq!(house.counted().await, (2, 0, 0));
    // Each sealing differs, but the rest is as it was.
    let sealed_anew = |mut row: redress::db::entities::individual::Model| {
        row.sealed = None;
        row
    };
    let restored = house.individuals().await.into_iter().map(sealed_anew);
    let before = people.into_iter().map(sealed_anew);
    assert!(restored.eq(before));
    assert!(house.listed(WITHDRAWN, 0).await.unwrap().is_empty());
    let acts = async |action: &str| {
        house
            .number(&format!(
                "SELECT COUNT(*) FROM audit_event WHERE action = '{action}'"
            ))
            .await
    };
    assert_eq!(acts("roster.listings_withdrawn").await, 1);
    assert_eq!(acts("individual.withdrawn").await, 1);
    assert_eq!(acts("individual.restored").await, 1);
}

/// Who was taken off one covered entity's list and then stands on another's is affected after all.
#[apply(both)]
async fn another_entitys_list_puts_a_person_back(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    house
        .withdraw(vec![by_reference("concentra", "MRN-1")])
        .await;
    let also = but(ada(2), |row| {
        row.covered_entity = "st-francis".into();
        row.external_ref = "F-9".into();
    });
    house.load("b", &[also]).await;
    let row = house.individuals().await.remove(0);
    assert!(row.mailable && row.withdrawn_at.is_none());
    let letters = export(&house, None).await;
    assert_eq!(letters[0].entities, ["st-francis"]);
}

/// What else becomes known of somebody off the list makes them no addressee.
#[apply(both)]
async fn a_better_address_or_a_corrected_row_puts_nobody_back(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let who = house.individuals().await[0].id;
    house
        .withdraw(vec![by_reference("concentra", "MRN-1")])
        .await;
    let corrected = super::mail::event(who, wire::MailEventKind::AddressCorrected, 10);
    house.record(vec![corrected]).await;
    let moved = but(ada(2), |row| row.address_line1 = "1 Elm St".into());
    house.clock.advance(std::time::Duration::from_hours(1));
    house.load("b", &[moved]).await;
    let row = house.individuals().await.remove(0);
    assert!(!row.mailable && row.withdrawn_at.is_some());
    assert!(export(&house, None).await.is_empty());
}

#[apply(both)]
async fn each_listing_is_judged_by_itself_and_named_by_its_field(database: Database) {
    let house = House::open(&database).await;
    let nowhere = house
        .withdraw(vec![by_reference("concentra", "MRN-1")])
        .await;
    assert_eq!(
        nowhere.verdicts[0].reason(),
        ItemReason::UnknownReference,
        "no roster yet"
    );
    house.load(FILE, &[ada(2), somebody(3)]).await;
    let people = house.individuals().await;
    let none = wire::Listing {
        covered_entity_key: "concentra".into(),
        entry: None,
    };
    let mistyped = wire::Listing {
        covered_entity_key: "concentra".into(),
        entry: Some(Entry::IndividualId("Katherine".into())),
    };
    let answer = house
        .withdraw(vec![
            by_reference("north", "MRN-1"),
            by_reference("st-francis", "MRN-1"),
            by_reference("concentra", "mrn 1"),
            of_individual("st-francis", people[0].id),
            mistyped,
            none,
            by_reference("concentra", "MRN-1"),
            by_reference("concentra", "MRN-1"),
        ])
        .await;
    let told: Vec<_> = answer
        .verdicts
        .iter()
        .map(|one| (one.result(), one.field.as_str(), one.reason()))
        .collect();
    assert_eq!(
        told,
        [
            (
                Refused,
                "listings[0].covered_entity_key",
                ItemReason::UnknownEntity
            ),
            (
                Refused,
                "listings[1].external_ref",
                ItemReason::UnknownReference
            ),
            (
                Refused,
                "listings[2].external_ref",
                ItemReason::UnknownReference
            ),
            (
                Refused,
                "listings[3].individual_id",
                ItemReason::UnknownIndividual
            ),
            (
                Refused,
                "listings[4].individual_id",
                ItemReason::UnknownIndividual
            ),
            (Refused, "listings[5].entry", ItemReason::Missing),
            (Applied, "", ItemReason::Unspecified),
            (Unchanged, "", ItemReason::Unspecified),
        ]
    );
    assert_eq!(house.counted().await, (1, 1, 0));
}

#[apply(both)]
async fn the_same_call_again_and_a_database_that_stumbles_change_it_once(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<_> = (2..42).map(somebody).collect();
    house.load(FILE, &rows).await;
    house.context.db.faults().set(FaultRates {
        serialization: 0.3,
        lost_answer: 0.3,
        seed: 0,
    });
    let listings = |from: i64| {
        let lines = from..from + 10;
        lines
            .map(|line| by_reference("concentra", &format!("MRN-{line}")))
            .collect::<Vec<_>>()
    };
    for from in [2, 12] {
        let message = house.withdrawal(listings(from));
        let first = house.change_list(message.clone()).await.unwrap();
        assert_eq!(first.individuals, 10);
        assert_eq!(house.change_list(message).await.unwrap(), first);
    }
    let restored = house.restore(listings(2)).await;
    assert_eq!(restored.individuals, 10);
    house.context.db.faults().set(FaultRates::default());
    assert_eq!(house.counted().await, (30, 10, 0));
    let acts = "audit_event WHERE action = 'individual.withdrawn'";
    assert_eq!(house.count(acts).await, 20);
    let other = wire::WithdrawListingsRequest {
        reason: String::new(),
        ..house.withdrawal(listings(2))
    };
    let nameless = house.change_list(other).await.unwrap_err();
    assert_eq!(reason_of(&nameless), Some(Reason::InvalidRequest));
    let crowd = house.withdrawal(vec![by_reference("concentra", "MRN-1"); 1_001]);
    let crowd = house.change_list(crowd).await.unwrap_err();
    assert_eq!(reason_of(&crowd), Some(Reason::InvalidRequest));
}
