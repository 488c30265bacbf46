//! Letters to people of the house, among the others.

use redress::cli::mailing::{Order, Seed, export};

use super::desk::Desk;
use crate::harness::{Database, apply, both};

const SEEDS: &str = "name,address_line1,address_line2\n\
    Staff One,1 Office Park,\"Fort Wayne, IN 46802\"\n\
    Staff Two,2 Office Park,\"Fort Wayne, IN 46802\"\n\
    =Staff Three,3 Office Park,\"Fort Wayne, IN 46802\"\n";

#[apply(both)]
async fn seeds_look_like_every_other_letter_and_are_the_same_after_any_cut(database: Database) {
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
    let id = batch.batch_id.clone();
    let order = Order {
        seeds: Seed::read(&desk.path("staff.csv")).expect("seeds"),
        ..Order::of_batch(&campaign, batch, &desk.path("cut.csv"))
    };
    let whole = desk.read("with.csv");
    let ends = whole
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at);
    for end in ends {
        let mut plan = order.plan().expect("a plan");
        let planted = staff.iter().map(|line| line[14].to_owned());
        plan.seeds.insert(id.clone(), planted.collect());
        std::fs::write(desk.path("cut.csv.partial"), &whole[..=end]).expect("a cut file");
        plan.save(&desk.path("cut.csv.partial.plan"))
            .expect("it is saved");
        let done = export(&channels, &order).await.expect("it is completed");
        assert!(desk.read("cut.csv") == whole, "cut at {end}");
        assert_eq!(
            (done.letters, done.seeds, done.without_address),
            (23, 3, 0),
            "cut at {end}"
        );
    }
}

fn lines(desk: &Desk, name: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(desk.path(name)).expect("a file");
    reader.records().collect::<Result<_, _>>().expect("lines")
}
