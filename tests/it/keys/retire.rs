//! The end of an old key.

use std::path::Path;

use redress::kernel::keyring::{KeyProvider as _, Purpose, Standing};
use redress::wire::redress::handoff::v1::PartnerMode;

use super::{OURS, campaign_of, ring, wrapped_anew};
use crate::faults::patient;
use crate::harness::processes::{House, Service};
use crate::harness::roster::Roster;
use crate::harness::{Database, apply, both, walk};
use crate::settings::says;

#[apply(both)]
async fn a_key_is_retired_once_nothing_needs_it(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let (walk, _) = campaign_of(&house, &partner, (&roster, "B100200")).await;
    let retire = |service, purpose: &str, version: &str| {
        let url = house.database().url().expose().clone();
        let words = [
            "--purpose",
            purpose,
            "--version",
            version,
            "--database-url",
            &url,
        ];
        house.keys("retire", service, &words)
    };
    let current = retire(Service::Identity, "person", "1").refused(2);
    says(&current, &["only a key that another has replaced"]);
    for service in OURS {
        assert_eq!(house.stop(service).await.code(), Some(0));
    }
    for service in [Service::Identity, Service::Codes] {
        house.keys("rotate", service, &[]).fine();
        house.keys("promote", service, &[]).fine();
    }
    house.share_person_key().fine();
    let recent = retire(Service::Identity, "person", "1").refused(2);
    says(
        &recent,
        &["requests that come again are recognised by it until"],
    );
    for service in OURS {
        of_long_ago(&house.keyring(service));
    }
    let needed = retire(Service::Identity, "person", "1").refused(1);
    says(
        &needed,
        &[
            "campaigns whose data keys it wraps: 1",
            "nothing was changed",
        ],
    );
    let needed = retire(Service::Codes, "code", "1").refused(1);
    says(
        &needed,
        &[
            "open batches whose secrets it wraps: 1",
            "campaigns whose codes",
        ],
    );
    for service in OURS {
        house.start(service).await;
    }
    wrapped_anew(&house.database().owner().await).await;
    for service in [Service::Identity, Service::Handoff] {
        retire(service, "person", "1").fine();
        let keys = ring(&house.keyring(service));
        assert_eq!(keys.versions(Purpose::Person), [2]);
        house.crash(service).await;
    }
    // What cannot be wrapped anew keeps its key.
    let kept = retire(Service::Codes, "code", "1").refused(1);
    says(&kept, &["campaigns whose codes", ": 1", "without the code"]);
    assert!(!kept.contains("batches"), "{kept}");
    let kept = retire(Service::Identity, "index", "1").refused(1);
    says(&kept, &["people who are found by keyed hashes"]);
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    let caller = patient(&house, &walk, 0);
    let enrolled = caller.enroll(&code, row.claims()).await.expect("enrolled");
    caller.settled(&enrolled.enrollment_id).await;
}

/// Makes the keys of a keyring ones that were promoted years ago.
fn of_long_ago(path: &Path) {
    let text = std::fs::read_to_string(path).expect("a keyring");
    let lines = text.lines().map(|line| {
        if line.starts_with("in_use_since") {
            "in_use_since = \"2020-01-01T00:00:00Z\""
        } else {
            line
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    std::fs::write(path, text).expect("it is written");
    let keys = ring(path).list();
    let current = keys.iter().filter(|key| key.standing == Standing::Current);
    assert!(current.clone().all(|key| key.in_use_since.is_some()));
    assert!(current.count() > 0);
}
