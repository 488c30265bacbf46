//! Importing rosters: every row is accepted, merged, unchanged or rejected, once.

use futures::future::join_all;
use redress::db::entities::individual::Population;
use redress::db::{FaultRates, Process};
use redress::identity::Error;
use redress::identity::roster::import::{Answer, Finished, Header, Part, Totals};
use redress::identity::roster::reject::{Cause, Column, Reject};
use redress::identity::roster::row::RawRow;
use redress::identity::roster::statistics::get_roster_statistics;
use redress::identity::roster::warning::{Mend, Warning, What};
use redress::kernel::dates::Mended;
use redress::process;

use super::house::{FILE, House, feed};
use super::people::{ada, but, somebody};
use crate::harness::{Database, apply, both};

fn totals(accepted: i64, merged: i64, unchanged: i64, rejected: i64) -> Totals {
    Totals {
        rows: accepted + merged + unchanged + rejected,
        accepted,
        merged,
        unchanged,
        rejected,
        ..Totals::default()
    }
}

/// The same, with the row of [`mixed`] that corrects another.
fn corrected(totals: Totals) -> Totals {
    Totals {
        rows: totals.rows + 1,
        corrected: 1,
        ..totals
    }
}

/// The same, with the two rows of [`mixed`] that are warned of.
fn noticed(totals: Totals) -> Totals {
    Totals {
        warned: 2,
        unmailable: 1,
        ..totals
    }
}

fn warnings(answers: &[Result<Answer, Error>]) -> Vec<(i64, Warning)> {
    let answers = answers.iter().map(|answer| answer.as_ref().unwrap());
    answers.flat_map(|answer| answer.warnings.clone()).collect()
}

fn rejects(answers: &[Result<Answer, Error>]) -> Vec<(i64, Column, Cause)> {
    let answers = answers.iter().map(|answer| answer.as_ref().unwrap());
    answers
        .flat_map(|answer| &answer.rejected)
        .map(|(line, Reject { column, cause })| (*line, *column, *cause))
        .collect()
}

/// Everything that can go wrong, and some things that cannot.
fn mixed() -> Vec<RawRow> {
    vec![
        ada(2),
        but(ada(3), |row| row.external_ref = "".into()),
        but(ada(4), |row| row.covered_entity = "nowhere".into()),
        but(ada(5), |row| {
            row.covered_entity = "st-francis".into();
            row.given_name = "Kate".into();
        }),
        but(ada(6), |row| {
            row.external_ref = "MRN-2".into();
            row.given_name = "Robert".into();
            row.date_of_birth = "1990-01-01".into();
        }),
        but(ada(7), |row| row.city = "Gary".into()),
        but(ada(8), |row| {
            row.external_ref = "MRN-3".into();
            row.ssn = "".into();
        }),
        but(ada(9), |row| {
            row.external_ref = "MRN-9".into();
            row.email = "kate at home".into();
        }),
        but(ada(10), |row| {
            row.external_ref = "MRN-10".into();
            row.date_of_birth = "3/12/61".into();
            row.address_line1 = "UNKNOWN".into();
        }),
    ]
}

#[apply(both)]
async fn rows_are_accepted_merged_and_rejected_with_line_column_and_reason(database: Database) {
    let house = House::open(&database).await;
    let answers = house.import(FILE, &mixed(), 3).await;
    assert_eq!(
        rejects(&answers),
        [
            (3, Column::ExternalRef, Cause::Missing),
            (4, Column::CoveredEntity, Cause::UnknownEntity),
        ]
    );
    assert_eq!(
        warnings(&answers),
        [
            (9, Warning::left_out(Column::Email, Cause::Malformed)),
            (
                10,
                Warning::mended(Column::DateOfBirth, Mend::Date(Mended::Century))
            ),
            (
                10,
                Warning {
                    column: Column::AddressLine1,
                    what: What::Undeliverable,
                }
            ),
        ]
    );
    let lines: Vec<i64> = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().durable_line)
        .collect();
    assert_eq!(lines, [1, 4, 7, 10, 10]);
    let last = answers.last().unwrap().as_ref().unwrap();
    assert_eq!(
        (last.totals, last.finished.is_some()),
        (corrected(noticed(totals(2, 4, 0, 2))), true)
    );
    assert_eq!(house.count("individual").await, 2);
    assert_eq!(house.count("individual_entity").await, 6);
    assert_eq!(house.findable().await, 2);
}

/// As an import would judge it, but for what needs the roster.
#[apply(both)]
async fn a_file_that_is_only_judged_leaves_nothing_behind(database: Database) {
    let house = House::open(&database).await;
    let mut parts = vec![Part::Header(Header {
        validate_only: true,
        ..house.opening(FILE)
    })];
    parts.extend(mixed().chunks(4).map(|rows| Part::Chunk(rows.to_vec())));
    parts.push(Part::End { rows: 9 });
    let answers = feed(&house.context, parts).await;
    let rejected: Vec<i64> = rejects(&answers).iter().map(|(line, ..)| *line).collect();
    assert_eq!((rejected, warnings(&answers).len()), (vec![3, 4], 3));
    let last = answers.last().unwrap().as_ref().unwrap();
    assert_eq!(last.finished, Some(Finished::Judged));
    assert_eq!(last.totals, noticed(totals(7, 0, 0, 2)));
    for table in ["individual", "roster_import", "campaign_key", "audit_event"] {
        assert_eq!(house.count(table).await, 0, "{table}");
    }
}

#[apply(both)]
async fn the_same_file_again_changes_nothing(database: Database) {
    let house = House::open(&database).await;
    let first = house.load(FILE, &mixed()).await;
    let people = house.individuals().await;
    let second = house.load(FILE, &mixed()).await;
    assert_eq!(second.totals, noticed(totals(0, 0, 7, 2)));
    for stored in [&first, &second] {
        let import = stored.finished.as_ref().unwrap().import().unwrap();
        assert_eq!((import.warned, import.unmailable), (2, 1));
    }
    assert_eq!(second.import, first.import);
    assert_eq!(house.individuals().await, people);
    let counts = get_roster_statistics(&house.context, house.campaign)
        .await
        .unwrap();
    assert_eq!(
        (
            counts.rows,
            counts.rejected,
            counts.merged,
            counts.individuals
        ),
        (9, 2, 4, 2)
    );
}

#[apply(both)]
async fn a_second_entity_fills_in_what_the_first_did_not_know(database: Database) {
    let house = House::open(&database).await;
    let poor = but(ada(2), |row| {
        row.address_line1 = "UNKNOWN".into();
        row.phone = "".into();
        row.email = "".into();
    });
    house.load("a", &[poor]).await;
    let before = house.individuals().await.remove(0);
    assert!(!before.mailable && !before.has_contact);
    let rich = but(ada(2), |row| row.covered_entity = "st-francis".into());
    assert_eq!(house.load("b", &[rich]).await.totals, totals(0, 1, 0, 0));
    let after = house.individuals().await.remove(0);
    assert!(after.mailable && after.has_contact && after.id == before.id);
    assert_eq!(house.individuals().await.len(), 1);
}

#[apply(both)]
async fn an_import_that_broke_off_goes_on_where_it_stopped(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<RawRow> = (2..40).map(somebody).collect();
    let mut parts = vec![house.header(FILE)];
    parts.extend(rows[..20].chunks(10).map(|rows| Part::Chunk(rows.to_vec())));
    let answers = feed(&house.context, parts).await;
    assert_eq!(answers.last().unwrap().as_ref().unwrap().durable_line, 21);
    assert_eq!(
        house.text("SELECT state FROM roster_import").await,
        "RUNNING"
    );
    let answers = house.import(FILE, &rows, 10).await;
    let lines = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().durable_line);
    assert_eq!(lines.collect::<Vec<_>>(), [21, 11, 21, 31, 39, 39]);
    assert_eq!(answers[5].as_ref().unwrap().totals, totals(18, 0, 20, 0));
    let counts = get_roster_statistics(&house.context, house.campaign)
        .await
        .unwrap();
    assert_eq!(
        (counts.rows, counts.individuals, counts.mailable),
        (38, 38, 38)
    );
    assert!(counts.last_import_at.is_some());
}

/// More of them than the roster is asked for at once.
#[apply(both)]
async fn a_long_file_again_is_unchanged(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<RawRow> = (2..4_502).map(somebody).collect();
    for again in [totals(4_500, 0, 0, 0), totals(0, 0, 4_500, 0)] {
        let answers = house.import(FILE, &rows, 500).await;
        assert_eq!(answers.last().unwrap().as_ref().unwrap().totals, again);
    }
    let others: Vec<RawRow> = rows
        .iter()
        .map(|row| but(row.clone(), |row| row.covered_entity = "st-francis".into()))
        .collect();
    let answers = house.import("b", &others, 500).await;
    assert_eq!(
        answers.last().unwrap().as_ref().unwrap().totals,
        totals(0, 4_500, 0, 0)
    );
    assert_eq!(house.findable().await, 4_500);
}

/// Both send the same file, and a third another one with the same people from another entity.
#[apply(both)]
async fn importers_at_once_end_the_same(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<RawRow> = (2..102).map(somebody).collect();
    let others: Vec<RawRow> = rows
        .iter()
        .map(|row| but(row.clone(), |row| row.covered_entity = "st-francis".into()))
        .collect();
    let mut importers = Vec::new();
    for (file, rows) in [("a", &rows), ("a", &rows), ("b", &others)] {
        let mut parts = vec![house.header(file)];
        parts.extend(rows.chunks(7).map(|rows| Part::Chunk(rows.to_vec())));
        parts.push(Part::End { rows: 100 });
        let context = house.twin(database.open(Process::Identity).await);
        importers.push(tokio::spawn(async move { feed(&context, parts).await }));
    }
    for answers in join_all(importers).await {
        let answers = answers.unwrap();
        let last = answers.last().unwrap().as_ref().unwrap();
        assert!(last.finished.is_some() && last.totals.rows == 100 && last.totals.rejected == 0);
    }
    assert_eq!(house.count("individual").await, 100);
    assert_eq!(house.count("individual_entity").await, 200);
    let counts = get_roster_statistics(&house.context, house.campaign)
        .await
        .unwrap();
    assert_eq!((counts.rows, counts.merged, counts.rejected), (200, 100, 0));
}

/// Several batches of each are under way at once and hold what the other wants, which no database sees.
#[apply(both)]
async fn importers_of_the_same_people_in_opposite_order_do_not_wait_for_ever(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<RawRow> = (2..402).map(somebody).collect();
    let mut opposite: Vec<RawRow> = rows.iter().rev().cloned().collect();
    (2..)
        .zip(&mut opposite)
        .for_each(|(line, row)| row.line = line);
    let mut importers = Vec::new();
    for (file, rows) in [("a", &rows), ("b", &opposite), ("c", &rows)] {
        let mut parts = vec![house.header(file)];
        parts.extend(rows.chunks(5).map(|rows| Part::Chunk(rows.to_vec())));
        parts.push(Part::End { rows: 400 });
        let context = house.twin(database.open(Process::Identity).await);
        importers.push(tokio::spawn(async move { feed(&context, parts).await }));
    }
    for answers in join_all(importers).await {
        let answers = answers.unwrap();
        let last = answers.last().unwrap().as_ref().unwrap();
        assert!(last.finished.is_some() && last.totals.rows == 400 && last.totals.rejected == 0);
    }
    assert_eq!(house.count("individual").await, 400);
    assert_eq!(house.findable().await, 400);
    assert_eq!(house.count("individual_entity").await, 400);
    assert_eq!(
        house
            .number("SELECT CAST(SUM(accepted) AS BIGINT) FROM roster_import")
            .await,
        400
    );
}

#[apply(both)]
async fn a_database_that_stumbles_does_not_lose_or_double_a_row(database: Database) {
    let house = House::open(&database).await;
    house.context.db.faults().set(FaultRates {
        serialization: 0.3,
        lost_answer: 0.3,
        seed: 0,
    });
    let rows: Vec<RawRow> = (2..60).map(somebody).collect();
    let last = house.load(FILE, &rows).await;
    assert_eq!(last.totals.rows, 58);
    assert_eq!(house.count("individual").await, 58);
    assert_eq!(house.count("individual_entity").await, 58);
}

#[apply(both)]
async fn parts_out_of_order_are_refused(database: Database) {
    let house = House::open(&database).await;
    let chunk = |lines: &[i64]| Part::Chunk(lines.iter().map(|line| somebody(*line)).collect());
    for parts in [
        vec![chunk(&[2])],
        vec![house.header(FILE), house.header(FILE)],
        vec![house.header(FILE), chunk(&[])],
        vec![house.header(FILE), chunk(&[3, 2])],
        vec![house.header(FILE), chunk(&[1])],
        vec![house.header(FILE), chunk(&[2]), Part::End { rows: 2 }],
    ] {
        let answers = feed(&house.context, parts).await;
        assert!(matches!(
            answers.last(),
            Some(Err(Error::Common(process::Error::Request(_))))
        ));
    }
}

#[apply(both)]
async fn nothing_personal_lies_in_the_clear(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let person = house.individuals().await.remove(0);
    let sealed = person.sealed.unwrap();
    for canary in ["Katherine", "O'Neill", "666010001", "Main", "kate@"] {
        assert!(
            !sealed
                .windows(canary.len())
                .any(|bytes| bytes == canary.as_bytes())
        );
    }
    assert_eq!(
        (person.region.as_str(), person.population),
        ("IN", Population::Adult)
    );
}
