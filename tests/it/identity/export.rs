//! Addresses for letters, and the masked view.

use redress::identity::roster::export::{Addressee, run};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::IndividualId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use tokio::sync::mpsc;

use super::house::{FILE, House, by, call};
use super::people::{ada, but, somebody};
use crate::harness::both;

async fn export(house: &House, after: Option<IndividualId>) -> Vec<Addressee> {
    let (sender, mut pages) = mpsc::channel(1);
    tokio::spawn(run(
        house.ctx.clone(),
        call(Role::Operator, "ann"),
        house.campaign,
        after,
        sender,
    ));
    let mut all = Vec::new();
    while let Some(page) = pages.recv().await {
        all.extend(page.unwrap());
    }
    all
}

both! {
    async fn letters_are_addressed_in_the_order_of_ids_and_from_anywhere(database: Database) {
        let house = House::open(&database).await;
        let rows: Vec<_> = (3..1_300)
            .map(|line| if line % 10 == 0 { but(somebody(line), |row| row.city = "".into()) } else { somebody(line) })
            .collect();
        let again = but(somebody(4), |row| row.covered_entity = "st-francis".into());
        house.load("a", &rows).await;
        house.load("b", &[again]).await;
        let all = export(&house, None).await;
        assert_eq!(all.len(), 1_297 - 129);
        assert!(all.is_sorted_by_key(|one| one.individual));
        let doubled: Vec<_> = all.iter().filter(|one| one.entities.len() == 2).collect();
        assert_eq!(doubled.len(), 1);
        assert_eq!(doubled[0].entities, ["concentra", "st-francis"]);
        let rest = export(&house, Some(all[1_099].individual)).await;
        assert_eq!(rest.len(), all.len() - 1_100);
        assert_eq!(rest[0].individual, all[1_100].individual);
    }

    async fn the_block_is_printed_and_the_export_is_audited(database: Database) {
        let house = House::open(&database).await;
        house.load(FILE, &[ada(2)]).await;
        let one = export(&house, None).await.remove(0);
        assert_eq!(one.name.expose(), "Katherine K O'Neill");
        let lines: Vec<&str> = one.lines.iter().map(|line| line.expose().as_str()).collect();
        assert_eq!(lines, ["12 Main St", "Apt 3", "Fort Wayne IN 46802"]);
        let audited = "SELECT COUNT(*) FROM audit_event WHERE action = 'mailing.addresses_exported'";
        assert_eq!(house.number(audited).await, 1);
        house.clock.advance(std::time::Duration::from_secs(1));
        assert!(!format!("{one:?}").contains("Katherine"));
    }

    async fn a_campaign_without_a_roster_exports_nothing(database: Database) {
        let house = House::open(&database).await;
        assert!(export(&house, None).await.is_empty());
    }

    async fn an_individual_is_seen_masked_and_the_view_is_audited(database: Database) {
        let house = House::open(&database).await;
        house.load(FILE, &[ada(2)]).await;
        let id = house.individuals().await[0].id;
        let asked = |id: IndividualId| wire::GetIndividualRequest {
            campaign_id: house.campaign.to_string(),
            individual_id: id.to_string(),
        };
        let seen = house.handlers.get_individual(by(Role::CallCenter, asked(id))).await.unwrap();
        let seen = seen.into_inner().individual.unwrap();
        assert_eq!((seen.masked_name.as_str(), seen.birth_year, seen.has_ssn), ("K*** O***", 1961, true));
        let contacts: Vec<&str> = seen.contacts.iter().map(|contact| contact.masked.as_str()).collect();
        assert_eq!(contacts, ["e-mail k***@e***.org", "text to ***-***-**42", "call to ***-***-**42"]);
        assert_eq!(seen.covered_entity_ids.len(), 1);
        let actor = "SELECT actor FROM audit_event WHERE action = 'individual.viewed_masked'";
        assert_eq!(house.text(actor).await, "call-center/one/a-17");
        let nobody = house.handlers.get_individual(by(Role::Operator, asked(house.ids.next()))).await;
        assert_eq!(reason_of(&nobody.unwrap_err()), Some(Reason::IndividualNotFound));
    }

    async fn statistics_count_the_roster(database: Database) {
        let house = House::open(&database).await;
        let rows = [
            ada(2),
            but(somebody(3), |row| row.population = "minor".into()),
            but(somebody(4), |row| row.population = "deceased".into()),
            but(somebody(5), |row| row.postal_code = "".into()),
        ];
        house.load(FILE, &rows).await;
        let message = wire::GetRosterStatisticsRequest { campaign_id: house.campaign.to_string() };
        let counts = house.handlers.get_roster_statistics(by(Role::Operator, message)).await.unwrap().into_inner();
        assert_eq!((counts.rows, counts.individuals, counts.mailable), (4, 4, 3));
        let populations: Vec<i64> = counts.populations.iter().map(|one| one.individuals).collect();
        assert_eq!(populations, [2, 1, 1]);
        assert_eq!(counts.last_import_date.unwrap().day, 17);
    }
}
