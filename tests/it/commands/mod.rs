//! Every command of the program against the real processes: in every format, into a closed pipe, and when it is refused.

mod invoice;
mod page;
mod settling;
mod table;

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use redress::kernel::caller::Role;
use redress::wire::redress::enrollment::v1::EnrollmentState;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::identity::v1::VerificationState;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::harness::person::Person;
use crate::harness::processes::{House, name_of};
use crate::harness::program::{Said, bare, said};
use crate::harness::roster::{Roster, Row, Sandbox};
use crate::harness::walk::{self, Walk};
use crate::harness::{Database, apply, both};

/// A campaign in which something of everything has happened.
struct Scene {
    house: House,
    walk: Walk,
    /// An enrollment that is active.
    active: String,
    /// One whose file is frozen at the bureau.
    frozen: String,
    /// One that is begun and no more.
    begun: String,
    /// Somebody with a letter who has not called.
    idle: String,
    /// The verification of somebody whom a person has to look at.
    referred: String,
}

impl Scene {
    async fn open(database: Database) -> Self {
        let house = House::open(database).await;
        house.caller(Role::Operator, "reviewer");
        let roster = Roster::small(12);
        let walk = walk::prepare(&house, &roster).await;
        let active = enroll(&house, &walk, 1, &roster.adults[0].0).await;
        let row = roster.answered(Sandbox::FileFrozen).next();
        let frozen = enroll(&house, &walk, 2, row.expect("a frozen file")).await;
        for (id, state) in [
            (&active, EnrollmentState::Active),
            (&frozen, EnrollmentState::ActionRequired),
        ] {
            let settled = person(&house, &walk, 1).settled(id).await;
            assert_eq!(settled.state(), state);
        }
        let minor = person(&house, &walk, 3);
        let enrollment = begin(minor, walk.letter_of(&roster.minor).code.clone()).await;
        let verified = minor.verify(&enrollment, roster.minor.claims()).await;
        let verified = verified.expect("a verification");
        assert_eq!(verified.state(), VerificationState::Referred);
        let letter = walk.letter_of(&roster.adults[3].0).code.clone();
        let begun = begin(person(&house, &walk, 4), letter).await;
        give_up_on_two(&house, &walk, &roster).await;
        let idle = walk.letter_of(&roster.adults[5].0).individual_id.clone();
        Self {
            house,
            walk,
            active,
            frozen,
            begun,
            idle,
            referred: verified.verification_id,
        }
    }

    fn run(&self, words: &[&str]) -> Said {
        self.house.redress(words)
    }

    fn json(&self, words: &[&str]) -> Value {
        let words = [&["--format", "json"], words].concat();
        let text = self.run(&words).fine();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{words:?}: {error}: {text}"))
    }

    /// The first record of a list, as a text of this column.
    fn first(&self, words: &[&str], column: &str) -> String {
        let list = self.json(words);
        let text = list[0][column].as_str();
        text.unwrap_or_else(|| panic!("{words:?}: {list}"))
            .to_owned()
    }

    /// Runs the program with these lines at its input.
    fn answering(&self, words: &[&str], answers: &str) -> Said {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(answers.as_bytes()).expect("the answers");
        drop(writer);
        said(self.program(words).stdin(reader))
    }

    fn program(&self, words: &[&str]) -> Command {
        let mut command = bare(env!("CARGO_BIN_EXE_redress"));
        command.current_dir(self.house.path());
        command.arg("--dir").arg(self.house.path()).args(words);
        command
    }

    /// Runs the program with nobody at the other end of its output.
    fn run_unread(&self, words: &[&str]) -> Said {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = self.program(words);
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
        drop(command);
        let output = child.and_then(Child::wait_with_output);
        let output = output.expect("the program runs");
        Said {
            code: output.status.code(),
            out: String::new(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn person<'a>(house: &'a House, walk: &'a Walk, number: usize) -> Person<'a> {
    Person {
        house,
        engagement: walk.engagement(),
        role: Role::Portal,
        number,
        patient: false,
    }
}

async fn begin(person: Person<'_>, code: String) -> String {
    let begun = person.begin(Entitlement::Code(code)).await.expect("begun");
    begun.enrollment.expect("an enrollment").enrollment_id
}

async fn enroll(house: &House, walk: &Walk, number: usize, row: &Row) -> String {
    let code = &walk.letter_of(row).code;
    let enrolled = person(house, walk, number).enroll(code, row.claims()).await;
    enrolled.expect("enrolled").enrollment_id
}

/// Two people enroll while the partner is paused, and their handoffs are given up on.
async fn give_up_on_two(house: &House, walk: &Walk, roster: &Roster) {
    let partner = name_of(Role::Partner);
    house.redress(&["partner", "pause", partner]).fine();
    for number in [1, 2] {
        enroll(house, walk, 10 + number, &roster.adults[number].0).await;
    }
    let owner = house.database().owner().await;
    let dead =
        "UPDATE handoff SET state = 'DEAD', dead_reason = 'CALL_REJECTED' WHERE state = 'QUEUED'";
    let changed = owner.execute_unprepared(dead).await.expect("an update");
    assert_eq!(changed.rows_affected(), 2);
    house.redress(&["partner", "resume", partner]).fine();
}

#[apply(both)]
async fn every_listing_answers_in_every_format_and_into_a_closed_pipe(database: Database) {
    let scene = Scene::open(database).await;
    let individual = scene.idle.as_str();
    let engagement = scene.walk.engagement();
    let batch = scene.first(&["codes", "batches"], "batch_id");
    let import = scene.first(&["roster", "imports"], "import_id");
    let referral = scene.first(&["referral", "list"], "referral_id");
    let handoff = scene.first(&["handoff", "list"], "handoff_id");
    let partner = name_of(Role::Partner);
    scene
        .run(&[
            "codes",
            "revoke",
            "--individual",
            individual,
            "--reason",
            "test",
            "--yes",
        ])
        .fine();
    // What each shows, and a word that it cannot do without.
    let listings: &[(&[&str], &str)] = &[
        (&["campaign", "list"], engagement),
        (&["campaign", "show", engagement], "Harbor breach"),
        (&["campaign", "public", engagement], "Lakeside Radiology"),
        (&["partner", "list"], partner),
        (&["partner", "show", partner], partner),
        (&["partner", "pool", "show"], ""),
        (&["roster", "imports"], &import),
        (&["roster", "imported", &import], &import),
        (&["roster", "stats"], "mailable"),
        (&["codes", "waves"], ""),
        (&["codes", "batches"], &batch),
        (&["codes", "batch", &batch], &batch),
        (&["codes", "revocations"], "individual"),
        (&["codes", "list", "--individual", individual], "REVOKED"),
        (&["mailing", "approvals"], ""),
        (&["mailing", "history", individual], ""),
        (&["enrollment", "list"], &scene.active),
        (&["enrollment", "set-aside"], ""),
        (&["enrollment", "show", &scene.active], "CM-24"),
        (&["enrollment", "show", &scene.frozen], "LIFT_FREEZE"),
        (&["enrollment", "show", &scene.begun], "VERIFY_IDENTITY"),
        (&["referral", "list"], &scene.referred),
        (&["referral", "show", &referral], "EXACT"),
        (&["verification", "show", &scene.referred], "EXACT"),
        (&["verification", "repudiations"], ""),
        (&["find", "MRN-000005"], individual),
        (&["individual", "show", individual], individual),
        (&["individual", "history", individual], ""),
        (
            &["individual", "show", "--enrollment", &scene.active],
            "ADULT",
        ),
        (
            &["individual", "show", "--verification", &scene.referred],
            "MINOR",
        ),
        (&["handoff", "list"], &handoff),
        (&["handoff", "list", "--state", "dead"], "CALL_REJECTED"),
        (&["handoff", "show", &handoff], partner),
        (&["handoff", "statistics"], "DEAD"),
        (&["reconcile", "lists"], ""),
        (&["reconcile", "differences"], ""),
        (&["reconcile", "manifest", "--partner", partner], "ACTIVE"),
        (&["reconcile", "manifests", "--partner", partner], ""),
        (&["reconcile", "invoices", "--partner", partner], ""),
        (&["report"], engagement),
        (&["report", "--by", "entity"], "Wabash Valley Clinic"),
        (&["health"], "enrollment-codes"),
    ];
    for (words, shown) in listings {
        let table = scene.run(words).fine();
        assert!(
            !table.trim().is_empty() && table.contains(shown),
            "{words:?}: {table}"
        );
        let json = scene.json(words).to_string();
        assert!(json.contains(shown), "{words:?}: {json}");
        let csv = scene.run(&[&["--format", "csv"], *words].concat()).fine();
        assert!(csv.contains(shown), "{words:?}: {csv}");
        for record in csv::Reader::from_reader(csv.as_bytes()).records() {
            record.unwrap_or_else(|error| panic!("{words:?}: {error}: {csv}"));
        }
        for format in ["table", "json", "csv"] {
            let closed = scene.run_unread(&[&["--format", format], *words].concat());
            assert_eq!(
                (closed.code, closed.errors.as_str()),
                (Some(0), ""),
                "{words:?}"
            );
        }
    }
    let closed = scene.run_unread(&["completions", "bash"]);
    assert_eq!((closed.code, closed.errors.as_str()), (Some(0), ""));
}
