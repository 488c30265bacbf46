//! People are found by name or reference, masked, audited, and by agents within a budget.

use redress::identity::roster::row::RawRow;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use tonic::Status;
use wire::search_individuals_request::Query;

use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, but};
use crate::harness::{Database, apply, both};

impl House {
    async fn search(
        &self,
        role: Role,
        query: Query,
    ) -> Result<wire::SearchIndividualsResponse, Status> {
        let message = wire::SearchIndividualsRequest {
            campaign: NUMBER.into(),
            query: Some(query),
        };
        let answer = self.handlers.search_individuals(by(role, message));
        Ok(answer.await?.into_inner())
    }

    /// Who is found, by birth year: the masks tell no more.
    async fn years(&self, query: Query) -> Vec<i32> {
        let found = self.search(Role::Operator, query).await.unwrap();
        found.individuals.iter().map(|it| it.birth_year).collect()
    }
}

fn named(given: &str, family: &str, year: i32, postal: &str) -> Query {
    Query::Name(wire::NameQuery {
        family_name: family.into(),
        given_name: given.into(),
        birth_year: year,
        postal_code: postal.into(),
    })
}

fn referred(reference: &str, entity: &str) -> Query {
    Query::Reference(wire::ReferenceQuery {
        external_ref: reference.into(),
        covered_entity_key: entity.into(),
    })
}

/// Katherine of 1961, Kurt of 1962 and Ernest of 1963 have one family name; Katherine of 1964 has no birth day on record.
fn family() -> Vec<RawRow> {
    let with = |line: i64, given: &'static str, born: &'static str, zip: &'static str| {
        but(ada(line), move |row| {
            row.external_ref = format!("MRN-{line}").into();
            row.given_name = given.into();
            row.date_of_birth = born.into();
            row.postal_code = zip.into();
            row.ssn = format!("666-20-{line:04}").into();
            row.email = format!("p{line}@example.org").into();
        })
    };
    vec![
        with(2, "Katherine", "1961-03-12", "46802"),
        with(3, "Kurt", "1962-12-31", "46802"),
        with(4, "Ernest", "1963-01-01", "46803"),
        with(5, "Robert", "1963-02-28", "46804"),
    ]
}

#[apply(both)]
async fn people_are_found_by_name_with_year_or_postal_code(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &family()).await;
    assert_eq!(
        house
            .years(named("Katherine", "O\u{2019}NEILL", 1961, ""))
            .await,
        [1961]
    );
    assert_eq!(house.years(named("kate", "oneill", 1961, "")).await, [1961]);
    assert_eq!(
        house
            .years(named("K", "O'Neill", 0, "46802-1234"))
            .await
            .len(),
        2
    );
    assert_eq!(house.years(named("", "O'Neill", 0, "46802")).await.len(), 2);
    assert_eq!(house.years(named("", "O'Neill", 1963, "")).await.len(), 2);
    assert_eq!(
        house.years(named("Ernest", "O'Neill", 1963, "46803")).await,
        [1963]
    );
    // A short form begins with another letter than its name.
    assert_eq!(house.years(named("Bob", "O'Neill", 1963, "")).await, [1963]);
    for nobody in [
        named("Katherine", "O'Neill", 1962, ""),
        named("Katherine", "Neill", 1961, ""),
        named("Karl", "O'Neill", 1961, ""),
        named("Katherine", "O'Neill", 1961, "46803"),
    ] {
        assert!(house.years(nobody).await.is_empty());
    }
}

#[apply(both)]
async fn people_are_found_by_reference_and_shown_masked(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &family()).await;
    let found = house.search(Role::CallCenter, referred("MRN-2", "")).await;
    let found = found.unwrap();
    assert_eq!((found.individuals.len(), found.more), (1, false));
    let shown = &found.individuals[0];
    assert_eq!(shown.masked_name, "K*** O***");
    assert_eq!(shown.covered_entity_keys, ["concentra"]);
    let of = async |entity| house.years(referred("MRN-2", entity)).await.len();
    assert_eq!((of("concentra").await, of("st-francis").await), (1, 0));
    assert_eq!(of("nobody").await, 0);
    let audited = house
        .text("SELECT detail FROM audit_event WHERE action = 'individuals.searched' ORDER BY id")
        .await;
    assert!(audited.contains(&shown.individual_id) && audited.contains("REFERENCE"));
    for hidden in ["MRN-2", "Neill", "46802", "a-17@"] {
        assert!(!audited.contains(hidden), "{audited}");
    }
}

#[apply(both)]
async fn a_search_that_says_too_little_is_refused_by_field(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &family()).await;
    for (wrong, field) in [
        (named("Kate", "", 1961, ""), "name.family_name"),
        (named("Kate", "O'Neill", 0, ""), "name.birth_year"),
        (named("Kate", "O'Neill", 61, ""), "name.birth_year"),
        (named("Kate", "O'Neill", 0, "---"), "name.birth_year"),
        (named("Kate\n", "O'Nei\nll", 1961, ""), "name.family_name"),
        (referred(" ", ""), "reference.external_ref"),
    ] {
        let refused = house.search(Role::Operator, wrong).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
        let details = String::from_utf8_lossy(refused.details()).into_owned();
        assert!(details.contains(field), "{field}: {details}");
        assert!(!details.contains("Nei"), "{details}");
    }
    let nothing = wire::SearchIndividualsRequest {
        campaign: NUMBER.into(),
        query: None,
    };
    let nothing = house
        .handlers
        .search_individuals(by(Role::Operator, nothing));
    let nothing = nothing.await.unwrap_err();
    assert_eq!(reason_of(&nothing), Some(Reason::InvalidRequest));
}

/// An agent who goes through the list is stopped; an operator is not.
#[apply(both)]
async fn an_agent_has_a_budget_of_searches(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &family()).await;
    let ask = async |role| house.search(role, referred("MRN-2", "")).await;
    for _ in 0..60 {
        ask(Role::CallCenter).await.unwrap();
    }
    let refused = ask(Role::CallCenter).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::Throttled));
    ask(Role::Operator).await.unwrap();
    house.clock.advance(std::time::Duration::from_mins(2));
    ask(Role::CallCenter).await.unwrap();
}

#[apply(both)]
async fn of_many_who_fit_twenty_are_shown(database: Database) {
    let house = House::open(&database).await;
    let many = (2..32).map(|line| {
        but(ada(line), move |row| {
            row.external_ref = format!("MRN-{line}").into();
            row.ssn = format!("666-20-{line:04}").into();
            row.date_of_birth = format!("1961-03-{:02}", line - 1).into();
            row.email = format!("p{line}@example.org").into();
        })
    });
    house.load(FILE, &many.collect::<Vec<_>>()).await;
    let query = named("Katherine", "O'Neill", 1961, "");
    let found = house.search(Role::Operator, query).await.unwrap();
    assert_eq!((found.individuals.len(), found.more), (20, true));
}

/// Who was erased is found by nothing.
#[apply(both)]
async fn who_was_erased_is_not_found(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &family()).await;
    let erased = "UPDATE individual SET salt = NULL, sealed = NULL, erased_at = 1";
    sea_orm::ConnectionTrait::execute_unprepared(&house.owner, erased)
        .await
        .unwrap();
    assert!(house.years(referred("MRN-2", "")).await.is_empty());
    assert!(house.years(named("", "O'Neill", 1963, "")).await.is_empty());
}
