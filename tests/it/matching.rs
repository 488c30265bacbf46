//! `redress matching`: weights that are trained without labels, and what they are worth where there are labels.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use redress::client::roster::reader::COLUMNS;
use redress::identity::matching::level::{Field, Level};
use redress::identity::matching::weights::Weights;
use redress::lab::people::labelled::label::Label;
use redress::lab::people::labelled::{Order, write};
use redress::lab::people::shape::{AS_OF, Shape};
use serde_json::Value;

use crate::harness::folder::folder;
use crate::harness::program::{Said, bare, said};

fn redress(words: &[&str], files: &[&Path]) -> Said {
    let mut command = bare(env!("CARGO_BIN_EXE_redress"));
    said(command.args(words).args(files))
}

/// A roster of six hundred people with their labels, in a folder of its own.
fn roster(dir: &Path) -> (PathBuf, Vec<Label>) {
    let order = Order {
        shape: Shape {
            people: 600,
            seed: 1,
            as_of: AS_OF,
        },
        without_ssn: false,
    };
    let mut file = Vec::new();
    let labels = write(&order, &mut file, |_| ()).expect("a roster");
    let path = dir.join("roster.csv");
    std::fs::write(&path, file).expect("the roster");
    (path, labels)
}

/// The pairs of one person, and as many of two people.
fn pairs(roster: &Path, labels: &[Label]) -> PathBuf {
    let mut reader = csv::Reader::from_path(roster).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let path = roster.with_file_name("pairs.csv");
    let mut out = csv::Writer::from_path(&path).unwrap();
    let heads = ["_a", "_b"].map(|side| COLUMNS.map(|column| format!("{column}{side}")));
    let header = ["match".to_owned()].into_iter().chain(heads.concat());
    out.write_record(header).unwrap();
    let all = (0..rows.len()).flat_map(|a| (a + 1..rows.len()).map(move |b| (a, b)));
    for (a, b) in all {
        let is_same = labels[a].person == labels[b].person;
        if is_same || (a * 31 + b) % 1_000 == 0 {
            let label = if is_same { "1" } else { "0" };
            out.write_record([label].into_iter().chain(&rows[a]).chain(&rows[b]))
                .unwrap();
        }
    }
    out.flush().unwrap();
    path
}

#[test]
fn weights_trained_without_labels_tell_pairs_apart() {
    let dir = folder();
    let (roster, labels) = roster(dir.path());
    let weights = dir.path().join("weights.csv");
    redress(&["matching", "train", "--out"], &[&weights, &roster]).fine();
    let first = std::fs::read_to_string(&weights).unwrap();
    let trained = Weights::parse(&first).expect("a file of weights");
    let chances = |field, level| trained.resolving.get(field, level).estimate;
    let (m, u) = chances(Field::DateOfBirth, Level::Exact).expect("an estimate");
    assert!(m > 0.8 && u < 0.001, "{m} {u}");
    assert!(chances(Field::SsnLastFour, Level::Exact).is_none());
    let again = redress(&["matching", "train"], &[&roster]).fine();
    assert_eq!(again, first, "the same sample and seed");

    let pairs = pairs(&roster, &labels);
    let json = |words: &[&str], files: &[&Path]| -> Value {
        let said = redress(
            &[&["--format", "json", "matching", "evaluate"], words].concat(),
            files,
        );
        serde_json::from_str(&said.fine()).expect("JSON")
    };
    let built_in = json(&[], &[&pairs]);
    let by_trained = json(&["--weights"], &[&weights, &pairs]);
    assert_eq!(built_in["weights"], Weights::built_in().version.as_str());
    assert_eq!(by_trained["weights"], trained.version.as_str());
    for evaluated in [&built_in, &by_trained] {
        assert!(evaluated["best_f1"].as_f64().unwrap() > 0.95, "{evaluated}");
        assert_eq!(evaluated["merged_wrong"], 0);
    }
}

#[test]
fn what_cannot_be_used_is_named_by_line_and_column() {
    let dir = folder();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let mut roster = "external_ref,covered_entity,given_name,family_name\n1,c,,\n".to_owned();
    for row in 2..40 {
        _ = writeln!(roster, "{row},c,Ann,Roe");
    }
    let few = file("few.csv", &roster);
    let told = redress(&["matching", "train"], &[&few]).refused(2);
    assert!(told.contains("few.csv: 38 rows could be read"), "{told}");
    assert!(told.contains("line 2, column given_name"), "{told}");
    let nameless = file(
        "nameless.csv",
        "external_ref,covered_entity,given_name\n1,c,Ann\n",
    );
    let told = redress(&["matching", "train"], &[&nameless]).refused(2);
    assert!(told.contains("missing: family_name"), "{told}");
    let text = Weights::built_in()
        .to_csv()
        .replacen("exact,600,", "exact,six,", 1);
    let weights = file("weights.csv", &text);
    let pairs = file(
        "pairs.csv",
        "match,family_name_a,family_name_b\n1,Roe,Roe\n",
    );
    let told = redress(&["matching", "evaluate", "--weights"], &[&weights, &pairs]).refused(2);
    assert!(
        told.contains("weights.csv: line 3, column weight"),
        "{told}"
    );
}
