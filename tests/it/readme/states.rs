//! The table of states: names and meanings from the enums, the ways between them by trying every event.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use redress::codes::code::state as code;
use redress::codes::enrollment::{coverage, state as enrollment};
use redress::codes::{batch, campaign};
use redress::db::entities::handoff::{self as handoff_entity, DeadReason};
use redress::db::entities::outcome::{Decision, OutcomeClass};
use redress::db::entities::{
    ClosedSet, campaign as campaigns, code as codes, code_batch, coverage as coverages,
    enrollment as enrollments, referral, review, verification,
};
use redress::handoff::queue::state as handoff;
use redress::identity::referral::state::{Referral, Reviewer, Ruling};
use redress::identity::review::state::{Decision as Decide, allows};
use redress::identity::verification::claim_network::Origin;
use redress::identity::verification::state::{Verification, VerificationEvent};
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::IndividualId;
use strum::IntoEnumIterator;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::EPOCH;

/// Gives the table of every machine.
pub fn table() -> String {
    let mut text = String::from("| Of | State | Meaning | Leads to |\n|---|---|---|---|\n");
    let campaign = meanings_in("campaign", campaigns::State::iter());
    text += &rows("campaign", &campaign, &campaign_ways());
    let batch = meanings_in("code_batch", code_batch::State::iter());
    text += &rows("code batch", &batch, &batch_ways());
    let mut code = meanings_in("code", codes::State::iter());
    code.push(shown("EXPIRED", "Issued, and its last day has passed."));
    text += &rows("code", &code, &code_ways());
    let verification = meanings_in("verification", verification::State::iter());
    text += &rows("verification", &verification, &verification_ways());
    let referral = meanings_in("referral", referral::State::iter());
    text += &rows("referral", &referral, &referral_ways());
    let review = meanings_in("review", review::State::iter());
    text += &rows("review", &review, &review_ways());
    let mut enrollment = meanings_in("enrollment", enrollments::State::iter());
    enrollment.insert(
        1,
        shown("VERIFIED", "Identity verified; consent outstanding."),
    );
    text += &rows("enrollment", &enrollment, &enrollment_ways());
    let coverage = meanings_in("coverage", coverages::State::iter());
    text += &rows("coverage", &coverage, &coverage_ways());
    let handoff = meanings_in("handoff", handoff_entity::State::iter());
    text += &rows("handoff", &handoff, &handoff_ways());
    text
}

/// A state that is shown and not stored.
fn shown(state: &str, meaning: &str) -> (String, String) {
    (state.to_owned(), meaning.to_owned())
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
    let closed =
        |from: campaigns::State| Some((from.as_str(), campaign::state::close(from).ok()?.as_str()));
    campaigns::State::iter().filter_map(closed).collect()
}

fn batch_ways() -> Ways {
    let sealed =
        |from: code_batch::State| Some((from.as_str(), batch::state::seal(from).ok()?.as_str()));
    code_batch::State::iter().filter_map(sealed).collect()
}

/// EXPIRED is shown and not stored: it leads on from ISSUED by time alone.
fn code_ways() -> Ways {
    use code::Event::{Redeem, Revoke, Supersede};
    let mut ways = Ways::new();
    for from in codes::State::iter() {
        for event in [Redeem, Supersede, Revoke] {
            ways.extend(code::on(from, event).map(|to| (from.as_str(), to.as_str())));
        }
        if code::shown(from, NOW, NOW) == code::Shown::Expired {
            ways.insert((from.as_str(), "EXPIRED"));
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
        Event::Repudiate { at: NOW },
        Event::Approve { at: NOW },
        Event::Deny { at: NOW },
        Event::Lapse { at: NOW },
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
    let by = Reviewer {
        actor: "operator/bob",
        origin: Origin::Elsewhere,
    };
    let mut ways = Ways::new();
    for state in referral::State::iter() {
        for opened_by in ["portal/web", "call-center/desk/ann"] {
            let case = Referral {
                state,
                opened_by,
                endorsed_by: None,
            };
            for ruling in [Ruling::Approved, Ruling::Denied] {
                let to = case.decide(ruling, by);
                ways.extend(to.map(|to| (state.as_str(), to.as_str())));
            }
        }
    }
    ways
}

fn review_ways() -> Ways {
    let mut ways = Ways::new();
    for from in review::State::iter() {
        for decision in [Decide::Merge, Decide::KeepApart, Decide::Reopen] {
            if allows(from, decision) {
                ways.insert((from.as_str(), decision.to().as_str()));
            }
        }
    }
    ways
}

/// VERIFIED is shown and not stored: a started enrollment with a good verification, with the ways of a started one. What follows
/// from the coverages is every state that another coverage's change can lead to.
fn enrollment_ways() -> Ways {
    use enrollment::Event::{Cancel, Submit};
    let mut ways = Ways::new();
    for from in enrollments::State::iter() {
        for event in [Submit, Cancel] {
            let Ok(to) = enrollment::on(from, event) else {
                continue;
            };
            let verified = enrollment::shown(from, true).as_str();
            // Only a verified enrollment is submitted.
            let first = if event == Submit {
                verified
            } else {
                from.as_str()
            };
            ways.extend([first, verified].map(|from| (from, to.as_str())));
            if verified != from.as_str() {
                ways.insert((from.as_str(), verified));
            }
        }
    }
    // Two coverages show every way there is.
    for one in coverages::State::iter() {
        for other in coverages::State::iter() {
            let from = coverage::enrollment_of(&[one, other]);
            for to in coverage_steps(one) {
                let to = coverage::enrollment_of(&[to, other]);
                if from != to {
                    ways.insert((from.as_str(), to.as_str()));
                }
            }
        }
    }
    ways
}

/// The states that outcomes, corrections among them, and another order lead a coverage to.
fn coverage_steps(from: coverages::State) -> Vec<coverages::State> {
    let class = OutcomeClass::FileFrozen;
    let decisions = [
        Decision::Active,
        Decision::ActionRequired(class),
        Decision::Refused(class),
        Decision::Suspended,
        Decision::Ended,
        Decision::Canceled,
    ];
    let steps = decisions.map(|decision| coverage::decided(from, decision, true));
    steps
        .into_iter()
        .chain([coverage::ordered_again(from)])
        .flatten()
        .filter(|to| *to != from)
        .collect()
}

fn coverage_ways() -> Ways {
    let mut ways = Ways::new();
    for from in coverages::State::iter() {
        ways.extend(
            coverage_steps(from)
                .iter()
                .map(|to| (from.as_str(), to.as_str())),
        );
        let is_open = !coverage::is_over(from) && from != coverages::State::CancelPending;
        if is_open {
            ways.insert((from.as_str(), coverages::State::CancelPending.as_str()));
        }
    }
    ways
}

fn handoff_ways() -> Ways {
    use handoff::{Applied, Event, Fact, State};
    let class = OutcomeClass::FileFrozen;
    let dead = DeadReason::AnswerNeverSeen;
    let states = [
        State::Queued,
        State::Leased,
        State::Unsettled,
        State::Accepted,
        State::Active,
        State::ActionRequired(class),
        State::Refused(class),
        State::Suspended,
        State::Ended,
        State::Canceled,
        State::Dead(dead),
    ];
    let facts = [
        Fact::Accepted,
        Fact::Active,
        Fact::ActionRequired(OutcomeClass::NoHit),
        Fact::Refused(class),
        Fact::Suspended,
        Fact::Ended,
        Fact::Canceled,
    ];
    let events = [
        Event::Lease,
        Event::PutBack,
        Event::LoseAnswer,
        Event::GiveUp(dead),
        Event::Replay,
        Event::Resubmit,
        Event::Renew,
    ];
    assert_eq!(states.len(), handoff_entity::State::iter().count());
    let mut ways = Ways::new();
    for from in states {
        let name = from.name().as_str();
        for event in events {
            ways.extend(from.on(event).map(|to| (name, to.name().as_str())));
        }
        for fact in facts {
            if let Applied::Moved(to) = from.apply(fact, true) {
                ways.insert((name, to.name().as_str()));
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
