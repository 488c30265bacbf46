//! Letters to people of the house, among the others.

use redress::client::mailing::export::export;
use redress::client::mailing::order::Order;
use redress::client::mailing::seeds::Seed;
use redress::client::progress::hidden;

use super::desk::Desk;
use crate::harness::{Database, apply, both};

const SEEDS: &str = "name,address_line1,address_line2\n\
    Staff One,1 Office Park,\"Fort Wayne, IN 46802\"\n\
    Staff Two,2 Office Park,\"Fort Wayne, IN 46802\"\n\
    =Staff Three,3 Office Park,\"Fort Wayne, IN 46802\"\n";

#[apply(both)]
async fn seeds_look_like_every_other_letter_and_are_the_same_each_time(database: Database) {
    let desk = Desk::open(database, 20).await;
    std::fs::write(desk.path("staff.csv"), SEEDS).expect("the seeds");
    desk.export(&["--out", "without.csv"]).fine();
    desk.export(&["--out", "with.csv", "--seeds", "staff.csv"])
        .fine();
    let (without, with) = (lines(&desk, "without.csv"), lines(&desk, "with.csv"));
    assert_eq!((without.len(), with.len()), (20, 23));
    let manifest = desk.manifest("with.csv");
    assert_eq!(
        (
            manifest.letters,
            manifest.letters_by_population["adult"],
            manifest.codes_without_address
        ),
        (23, 23, 0)
    );
    let (staff, people): (Vec<_>, Vec<_>) = with.iter().partition(|line| line[0].contains("Staff"));
    assert_eq!(staff.len(), 3);
    for seed in &staff {
        for same in [5, 7, 9, 10, 11, 12] {
            assert_eq!(seed[same], people[0][same]);
        }
        assert!(people.iter().any(|person| person[8] == seed[8]), "{seed:?}");
        let told = desk.house.redress(&["codes", "check", &seed[6]]).refused(1);
        assert!(told.contains("CODE_NOT_ACCEPTED"), "{told}");
    }
    assert!(
        with.is_sorted_by(|one, other| one[14] < other[14]),
        "they stand in the order of the others"
    );
    let channels = desk.channels();
    let (campaign, batch) = desk.batch(&channels).await;
    let order = Order {
        seeds: Seed::read(&desk.path("staff.csv")).expect("seeds"),
        ..Order::of_batch(&campaign, batch, &desk.path("again.csv"))
    };
    let exported = export(&channels, &order, hidden)
        .await
        .expect("it is written");
    assert!(desk.read("again.csv") == desk.read("with.csv"));
    assert_eq!(
        (exported.letters, exported.seeds, exported.without_address),
        (23, 3, 0)
    );
}

fn lines(desk: &Desk, name: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(desk.path(name)).expect("a file");
    reader.records().collect::<Result<_, _>>().expect("lines")
}
