//! How fast two records are compared, on one core: `cargo bench --bench matching`. The goal is a million a second.
//!
//! The people are those of the labelled rosters, with their households, namesakes and slips. What is compared is folded before.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use redress::client::roster::reader::COLUMNS;
use redress::identity::matching::compare::{Claims, Known, compare_known};
use redress::identity::matching::resolve::{self, Record};
use redress::identity::matching::{fold, ssn};
use redress::identity::roster::raw::RawColumns;
use redress::identity::roster::row::{Rules, parse_row};
use redress::kernel::dates::DateOrder;
use redress::kernel::ids::CoveredEntityId;
use redress::kernel::person::Person;
use redress::kernel::secrets::Secret;
use redress::lab::people::labelled::label::Label;
use redress::lab::people::labelled::{Order, write};
use redress::lab::people::shape::{AS_OF, Shape};

/// So many pairs are compared in a round.
const PAIRS: usize = 1_000;

/// Pairs of rows, by what they are.
fn pairs(labels: &[Label]) -> [(&'static str, Vec<(usize, usize)>); 3] {
    let all = || (0..labels.len()).flat_map(|a| (a + 1..labels.len()).map(move |b| (a, b)));
    let that = |is: fn(&Label, &Label) -> bool| -> Vec<(usize, usize)> {
        let of_kind = all().filter(|(a, b)| is(&labels[*a], &labels[*b]));
        of_kind.take(PAIRS).collect()
    };
    let half = labels.len() / 2;
    let strangers = (0..PAIRS).map(|a| (a, a + half)).collect();
    [
        ("strangers", strangers),
        (
            "one household",
            that(|a, b| a.household == b.household && a.person != b.person),
        ),
        ("one person", that(|a, b| a.person == b.person)),
    ]
}

/// Invented people with their labels.
fn people() -> (Vec<Person>, Vec<Label>) {
    let order = Order {
        shape: Shape {
            people: 5_000,
            seed: 1,
            as_of: AS_OF,
        },
        without_ssn: false,
    };
    let mut file = Vec::new();
    let labels = write(&order, &mut file, |_| ()).expect("a roster in memory");
    let rules = Rules {
        entities: HashMap::from([(
            "any".to_owned(),
            CoveredEntityId::from_uuid(uuid::Uuid::nil()),
        )]),
        today: AS_OF,
        sandbox_ssn: true,
        date_order: DateOrder::MonthFirst,
    };
    let mut reader = csv::Reader::from_reader(file.as_slice());
    let rows = reader.records().map(|row| row.expect("a row"));
    let person = |row: csv::StringRecord| {
        let cell = |name: &str| {
            let at = COLUMNS.iter().position(|column| *column == name);
            row.get(at.expect("a column")).unwrap_or_default()
        };
        let secret = |name: &str| Secret::<String>::from(cell(name));
        let raw = RawColumns {
            external_ref: "1".into(),
            covered_entity: "any".to_owned(),
            given_name: secret("given_name"),
            middle_name: secret("middle_name"),
            family_name: secret("family_name"),
            suffix: secret("suffix"),
            date_of_birth: secret("date_of_birth"),
            ssn: secret("ssn"),
            address_line1: secret("address_line1"),
            address_line2: secret("address_line2"),
            city: secret("city"),
            region: secret("region"),
            postal_code: secret("postal_code"),
            phone: secret("phone"),
            email: secret("email"),
            ..RawColumns::default()
        };
        parse_row(&raw, &rules).expect("a row that is taken").person
    };
    (rows.map(person).collect(), labels)
}

fn claims_of(person: &Person) -> Claims {
    let text = |text: &Option<Secret<String>>| {
        text.as_ref()
            .map(|text| text.expose().clone())
            .unwrap_or_default()
    };
    Claims {
        given: fold::name(person.given_name.expose()),
        middle: fold::name(&text(&person.middle_name)),
        family: fold::family(person.family_name.expose()),
        born: person.date_of_birth.unwrap_or(AS_OF),
        ssn: ssn::parse_claimed(&text(&person.ssn)),
        postal: Some(fold::postal(&text(&person.postal_code))),
    }
}

fn matching(criterion: &mut Criterion) {
    let (people, labels) = people();
    let records: Vec<Record> = people.iter().map(Record::of).collect();
    let claims: Vec<Claims> = people.iter().map(claims_of).collect();
    let known: Vec<Known> = people.iter().map(Known::of).collect();
    for (kind, pairs) in pairs(&labels) {
        let mut group = criterion.benchmark_group("matching");
        group.throughput(Throughput::Elements(pairs.len() as u64));
        group.bench_function(BenchmarkId::new("resolve", kind), |bencher| {
            bencher.iter(|| {
                for (a, b) in &pairs {
                    black_box(resolve::resolve(&records[*a], &records[*b], 4_000_000));
                }
            });
        });
        group.bench_function(BenchmarkId::new("compare", kind), |bencher| {
            bencher.iter(|| {
                for (a, b) in &pairs {
                    black_box(compare_known(&claims[*a], &known[*b]));
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, matching);
criterion_main!(benches);
