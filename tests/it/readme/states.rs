//! The table of states: names and meanings from the enums, the ways between them by trying every event.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::civil::date;
use redress::codes::batch::state as batch;
use redress::codes::campaign::state as campaign;
use redress::codes::code::state as code;
use redress::codes::enrollment::state as enrollment;
use redress::db::entities::{ClosedSet, referral, verification};
use redress::handoff::queue::state as handoff;
use redress::handoff::vocabulary::{DeadReason, OutcomeClass, Stage};
use redress::identity::referral::state::Ruling;
use redress::identity::verification::state::{Verification, VerificationEvent};
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::{HandoffId, IndividualId, VerificationId};
use strum::IntoEnumIterator;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::EPOCH;

/// Gives the table of every machine.
pub fn table() -> String {
    let mut text = String::from("| Of | State | Meaning | Leads to |\n|---|---|---|---|\n");
    let codes = |machine: &str| meanings(&format!("services/codes/{machine}/state.rs"));
    text += &rows("campaign", &codes("campaign"), &campaign_ways());
    text += &rows("code batch", &codes("batch"), &batch_ways());
    text += &rows("code", &codes("code"), &code_ways());
    let verification = meanings_in("verification", verification::State::iter());
    text += &rows("verification", &verification, &verification_ways());
    let referral = meanings_in("referral", referral::State::iter());
    text += &rows("referral", &referral, &referral_ways());
    text += &rows("enrollment", &codes("enrollment"), &enrollment_ways());
    text += &rows(
        "handoff",
        &meanings_of("services/handoff/vocabulary.rs", "Stage"),
        &handoff_ways(),
    );
    text
}

type Ways = BTreeSet<(&'static str, &'static str)>;

fn rows(of: &str, meanings: &[(String, String)], ways: &Ways) -> String {
    let mut text = String::new();
    for (at, (state, meaning)) in meanings.iter().enumerate() {
        let next = ways
            .iter()
            .filter(|(from, to)| from == state && to != state);
        let next: Vec<String> = next.map(|(_, to)| format!("`{to}`")).collect();
        let of = if at == 0 { of } else { "" };
        let meaning = meaning.replace('|', "\\|");
        _ = writeln!(
            text,
            "| {of} | `{state}` | {meaning} | {} |",
            next.join(" ")
        );
    }
    text
}

fn campaign_ways() -> Ways {
    let states = campaign::State::ALL.iter();
    states
        .filter_map(|from| Some((from.as_str(), from.close().ok()?.as_str())))
        .collect()
}

fn batch_ways() -> Ways {
    let states = batch::State::ALL.iter();
    states
        .filter_map(|from| Some((from.as_str(), from.seal().ok()?.as_str())))
        .collect()
}

fn code_ways() -> Ways {
    use code::Event::{Expire, Redeem, Revoke, Supersede};
    let mut ways = Ways::new();
    for from in code::State::ALL {
        for event in [Redeem, Supersede, Revoke, Expire] {
            ways.extend(from.on(event).map(|to| (from.as_str(), to.as_str())));
        }
    }
    ways
}

fn verification_ways() -> Ways {
    use VerificationEvent as Event;
    let individual = IndividualId::from_uuid(Uuid::nil());
    let states = [
        Verification::ConfirmationRequired { individual },
        Verification::Verified {
            individual,
            decided_at: NOW,
        },
        Verification::Referred { individual },
        Verification::Refused { decided_at: NOW },
    ];
    let events = [
        Event::Confirm { at: NOW },
        Event::Approve { at: NOW },
        Event::Deny { at: NOW },
    ];
    assert!(verification::State::iter().eq(states.map(|state| state.state())));
    let mut ways = Ways::new();
    for from in states {
        for event in events {
            let to = from.on(event).map(|to| to.state().as_str());
            ways.extend(to.map(|to| (from.state().as_str(), to)));
        }
    }
    ways
}

fn referral_ways() -> Ways {
    [Ruling::Approved, Ruling::Denied]
        .map(|ruling| ("OPEN", referral::State::from(ruling).as_str()))
        .into()
}

fn enrollment_ways() -> Ways {
    use enrollment::{Event, State};
    let verification = VerificationId::from_uuid(Uuid::nil());
    let handoff = HandoffId::from_uuid(Uuid::nil());
    let (class, day) = ("FILE_FROZEN".to_owned(), date(2026, 1, 1));
    let states = [
        State::Started,
        State::Verified { verification },
        State::Submitted { handoff },
        State::Active {
            since: NOW,
            term_ends_on: day,
        },
        State::ActionRequired {
            class: class.clone(),
        },
        State::Refused {
            class: class.clone(),
        },
        State::Ended,
        State::Canceled,
    ];
    let events = [
        Event::Verify(verification),
        Event::Submit(handoff),
        Event::Activate {
            at: NOW,
            term_ends_on: day,
        },
        Event::RequireAction(class.clone()),
        Event::Refuse(class),
        Event::EndTerm,
        Event::Cancel,
    ];
    let mut ways = Ways::new();
    for from in &states {
        for event in &events {
            let to = from.clone().on(event.clone());
            ways.extend(to.map(|to| (from.kind().as_str(), to.kind().as_str())));
        }
    }
    ways
}

fn handoff_ways() -> Ways {
    use handoff::{Event, Fact, Learned, State};
    let class = OutcomeClass::FileFrozen;
    let dead = DeadReason::AnswerNeverSeen;
    let states = [
        State::Queued { not_before: NOW },
        State::Leased { expires_at: NOW },
        State::Unsettled { not_before: NOW },
        State::Accepted { at: NOW },
        State::Active,
        State::ActionRequired(class),
        State::Refused(class),
        State::Canceled,
        State::Dead(dead),
    ];
    let facts = [
        Fact::Taken,
        Fact::Active,
        Fact::ActionRequired(OutcomeClass::NoHit),
        Fact::Refused(class),
        Fact::Withdrawn,
    ];
    let events = [
        Event::Lease { expires_at: NOW },
        Event::PutBack { not_before: NOW },
        Event::LoseAnswer { not_before: NOW },
        Event::GiveUp(dead),
        Event::Replay { now: NOW },
    ];
    assert_eq!(states.len(), Stage::ALL.len());
    let mut ways = Ways::new();
    for from in states {
        let name = from.stage().as_str();
        for event in events {
            ways.extend(from.on(event).map(|to| (name, to.stage().as_str())));
        }
        for fact in facts {
            if let Learned::Moved(to) = from.learn(fact, NOW) {
                ways.insert((name, to.stage().as_str()));
            }
        }
    }
    ways
}

/// The doc comments of a table's `enum State`, from the source.
fn meanings_in(table: &str, states: impl Iterator<Item: ClosedSet>) -> Vec<(String, String)> {
    let path = format!("services/db/entities/{table}.rs");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let source = std::fs::read_to_string(&path).expect("a source file");
    let (_, body) = source.split_once("pub enum State {").expect("an enum");
    let docs = body.lines().map(str::trim).take_while(|line| *line != "}");
    let docs = docs.filter_map(|line| line.strip_prefix("/// "));
    states
        .zip(docs)
        .map(|(state, doc)| (state.as_str().to_owned(), doc.to_owned()))
        .collect()
}

fn meanings(path: &str) -> Vec<(String, String)> {
    meanings_after(path, "kinds! {")
}

fn meanings_of(path: &str, name: &str) -> Vec<(String, String)> {
    meanings_after(path, &format!("    {name}, "))
}

/// The doc comments of the words of an enum, from the source: `/// Meaning.` above `Name = "WORD",`.
fn meanings_after(path: &str, start: &str) -> Vec<(String, String)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let source = std::fs::read_to_string(&path).expect("a source file");
    let at = source
        .find(start)
        .unwrap_or_else(|| panic!("{start:?} in {}", path.display()));
    let mut meanings = Vec::new();
    let mut doc = Vec::new();
    for line in source[at..].lines().skip(1) {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("/// ") {
            doc.push(text.to_owned());
        } else if let Some((_, word)) = line.split_once(" = ") {
            let word = word.trim_matches(|letter| letter == '"' || letter == ',');
            meanings.push((word.to_owned(), doc.join(" ")));
            doc.clear();
        } else if line == "}" {
            break;
        } else {
            doc.clear();
        }
    }
    assert!(
        !meanings.is_empty(),
        "no words after {start:?} in {}",
        path.display()
    );
    meanings
}
