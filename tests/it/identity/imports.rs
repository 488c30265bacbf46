//! What is kept of an import: how far it has come, and the totals of the whole file over all its runs.

use redress::identity::roster::import::{Answer, Part};
use redress::identity::roster::row::RawRow;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use wire::ImportState;

use super::house::{FILE, House, NUMBER, by, feed};
use super::people::{but, somebody};
use crate::harness::{Database, apply, both};

/// Twelve rows, two of them rejected.
fn rows() -> Vec<RawRow> {
    let mut rows: Vec<RawRow> = (2..14).map(somebody).collect();
    rows[1].columns.external_ref = "".into();
    rows[8].columns.covered_entity = "nowhere".into();
    rows
}

/// Sends a run: chunks of two rows, and perhaps the end.
async fn run(house: &House, rows: &[RawRow], end: Option<i64>) -> Vec<Answer> {
    let mut parts = vec![house.header(FILE)];
    parts.extend(rows.chunks(2).map(|rows| Part::Chunk(rows.to_vec())));
    parts.extend(end.map(|rows| Part::End { rows }));
    let answers = feed(&house.context, parts).await;
    answers.into_iter().map(Result::unwrap).collect()
}

async fn list(house: &House, page_size: i32, page_token: &str) -> wire::ListImportsResponse {
    let message = wire::ListImportsRequest {
        campaign: NUMBER.into(),
        page_size,
        page_token: page_token.into(),
    };
    let answer = house.handlers.list_imports(by(Role::Auditor, message));
    answer.await.unwrap().into_inner()
}

async fn only(house: &House) -> wire::Import {
    let mut page = list(house, 0, "").await;
    assert_eq!((page.imports.len(), page.next_page_token.as_str()), (1, ""));
    page.imports.remove(0)
}

fn figures(import: &wire::Import) -> [i64; 6] {
    let totals = import.totals.unwrap();
    [
        totals.rows,
        totals.accepted,
        totals.merged,
        totals.unchanged,
        totals.rejected,
        import.durable_line,
    ]
}

#[apply(both)]
async fn a_client_that_skips_what_is_durable_ends_with_the_totals_of_the_file(database: Database) {
    let house = House::open(&database).await;
    let rows = rows();
    run(&house, &rows[..6], None).await;
    let import = only(&house).await;
    assert_eq!(import.state(), ImportState::Running);
    assert_eq!(
        (figures(&import), import.finish_time),
        ([6, 5, 0, 0, 1, 7], None)
    );

    let answers = run(&house, &rows[6..], Some(12)).await;
    assert_eq!((answers[0].durable_line, answers[0].totals.rows), (7, 0));
    let last = answers.last().unwrap();
    assert_eq!((last.totals.rows, last.totals.rejected), (6, 1));
    let import = only(&house).await;
    assert_eq!(import.state(), ImportState::Done);
    assert_eq!(figures(&import), [12, 10, 0, 0, 2, 13]);
    assert!(import.finish_time.is_some());

    let again = run(&house, &rows, Some(12)).await;
    assert_eq!(
        again[0].durable_line, 1,
        "a file that ended is judged again as a whole"
    );
    assert_eq!(again.last().unwrap().totals.unchanged, 10);
    assert_eq!(only(&house).await, import);
}

#[apply(both)]
async fn rows_that_a_client_skipped_without_right_are_missed(database: Database) {
    let house = House::open(&database).await;
    let rows = rows();
    run(&house, &rows[..4], None).await;
    let mut parts = vec![house.header(FILE)];
    parts.push(Part::Chunk(rows[8..].to_vec()));
    parts.push(Part::End { rows: 12 });
    let answers = feed(&house.context, parts).await;
    assert!(answers.last().unwrap().is_err());
    let import = only(&house).await;
    assert_eq!(
        (import.state(), import.durable_line),
        (ImportState::Running, 1)
    );
    run(&house, &rows, Some(12)).await;
    assert_eq!(figures(&only(&house).await), [12, 10, 0, 0, 2, 13]);
    assert_eq!(house.count("individual").await, 10);
}

#[apply(both)]
async fn imports_are_listed_newest_first_in_pages_and_got_by_id(database: Database) {
    let house = House::open(&database).await;
    let mut ids = Vec::new();
    for (file, line) in [("a", 2), ("b", 3), ("c", 4)] {
        let row = but(somebody(line), |row| {
            row.covered_entity = "concentra".into();
        });
        ids.push(house.load(file, &[row]).await.import.unwrap().to_string());
    }
    ids.reverse();
    let first = list(&house, 2, "").await;
    let second = list(&house, 2, &first.next_page_token).await;
    let listed: Vec<_> = first.imports.iter().chain(&second.imports).collect();
    assert_eq!(
        listed
            .iter()
            .map(|import| &import.import_id)
            .collect::<Vec<_>>(),
        ids.iter().collect::<Vec<_>>()
    );
    assert!(second.next_page_token.is_empty());

    let get = |import_id: String| {
        let campaign = NUMBER.into();
        let message = wire::GetImportRequest {
            campaign,
            import_id,
        };
        house.handlers.get_import(by(Role::Operator, message))
    };
    let got = get(ids[2].clone()).await.unwrap().into_inner();
    assert_eq!(got.import.as_ref(), Some(listed[2]));
    assert_eq!(got.import.unwrap().file_sha256, "a".repeat(64));
    let nobody = get(house.request_id()).await.unwrap_err();
    assert_eq!(reason_of(&nobody), Some(Reason::ImportNotFound));
}
