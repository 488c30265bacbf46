//! A file that has everybody: whom it lacks is listed, and nobody is removed.

use redress::identity::roster::import::{Answer, Header};
use redress::identity::roster::row::RawRow;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use wire::list_individuals_request::List;

use super::house::{FILE, House};
use super::people::{but, somebody};
use crate::harness::{Database, apply, both};

impl House {
    async fn load_complete(&self, file: &str, rows: &[RawRow]) -> Answer {
        let opening = Header {
            complete: true,
            ..self.opening(file)
        };
        let answers = self.stream(opening, rows, 2).await;
        answers.into_iter().last().unwrap().unwrap()
    }

    async fn missing(&self, import: &Answer, size: i32) -> Vec<String> {
        let list = List::Missing(wire::MissingList {
            import_id: import.import.unwrap().to_string(),
        });
        let missing = self.listed(list, size).await.unwrap();
        missing.into_iter().map(|one| one.individual_id).collect()
    }
}

fn francis(line: i64) -> RawRow {
    but(somebody(line), |row| {
        row.covered_entity = "st-francis".into();
    })
}

#[apply(both)]
async fn whoever_a_complete_file_lacks_is_listed_and_stays(database: Database) {
    let house = House::open(&database).await;
    let first: Vec<_> = (2..22).map(somebody).collect();
    house.load(FILE, &first).await;
    house.load("b", &[francis(90)]).await;
    // The second file lacks five, corrects one, has one that is new and refuses one who was there.
    let mut second: Vec<_> = (2..17).map(somebody).collect();
    second[0].columns.city = "Gary".into();
    second[1].columns.given_name = "Robert".into();
    second[1].columns.family_name = "Poe".into();
    second[1].columns.ssn = "666-01-9999".into();
    second[1].columns.date_of_birth = "1990-01-01".into();
    second.push(somebody(50));
    let loaded = house.load_complete("c", &second).await;
    assert_eq!((loaded.totals.corrected, loaded.totals.rejected), (1, 1));
    let people = house.individuals().await;
    let lacks: Vec<String> = people[15..20]
        .iter()
        .map(|one| one.id.to_string())
        .collect();
    for size in [0, 2] {
        assert_eq!(house.missing(&loaded, size).await, lacks, "pages of {size}");
    }
    assert_eq!(people.len(), 22, "nobody was removed");
    assert!(people.iter().all(|one| one.mailable));
    let listed = "SELECT COUNT(*) FROM audit_event WHERE action = 'individuals.listed'";
    assert_eq!(house.number(listed).await, 4, "one a page");
}

#[apply(both)]
async fn a_file_can_be_called_complete_when_it_is_sent_again(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<_> = (2..8).map(somebody).collect();
    house.load(FILE, &rows).await;
    let plain = house.load("b", &rows[..4]).await;
    let list = List::Missing(wire::MissingList {
        import_id: plain.import.unwrap().to_string(),
    });
    let refused = house.listed(list, 0).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    let again = house.load_complete("b", &rows[..4]).await;
    assert_eq!(again.totals.unchanged, 4);
    assert_eq!(house.missing(&again, 0).await.len(), 2);
    // And once it is, it stays so, however it is sent.
    let third = house.load("b", &rows[..4]).await;
    assert_eq!(house.missing(&third, 0).await.len(), 2);
    let unknown = List::Missing(wire::MissingList {
        import_id: house.request_id(),
    });
    let unknown = house.listed(unknown, 0).await.unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::ImportNotFound));
}

/// An import that broke off before it was called complete is read from its first row again: no row of it is taken for missing.
#[apply(both)]
async fn a_broken_import_that_becomes_complete_begins_at_the_first_row(database: Database) {
    use redress::identity::roster::import::Part;
    let house = House::open(&database).await;
    let rows: Vec<_> = (2..8).map(somebody).collect();
    let half = vec![house.header("b"), Part::Chunk(rows[..3].to_vec())];
    super::house::feed(&house.context, half).await;
    let opening = Header {
        complete: true,
        ..house.opening("b")
    };
    let answers = house.stream(opening, &rows, 2).await;
    assert_eq!(answers[0].as_ref().unwrap().durable_line, 1);
    let last = answers.into_iter().last().unwrap().unwrap();
    assert!(house.missing(&last, 0).await.is_empty());
}
