//! What an operator settles, and what the program refuses.

use redress::kernel::caller::Role;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::Scene;
use crate::harness::processes::Service;
use crate::harness::walk::SETTLED;
use crate::harness::{Database, apply, both, http, poll};

#[apply(both)]
async fn what_waits_for_an_operator_is_found_looked_at_and_settled(database: Database) {
    let scene = Scene::open(database).await;
    refusals_have_words_and_exit_codes(&scene);
    the_referral_is_decided_once(&scene);
    enrollments_are_canceled_and_ordered_again(&scene);
    what_was_given_up_on_is_queued_again(&scene);
    what_was_set_aside_is_tried_again(&scene).await;
}

fn refusals_have_words_and_exit_codes(scene: &Scene) {
    let unknown = "00000000-0000-7000-8000-000000000000";
    for (words, told) in [
        (
            &["enrollment", "show", unknown][..],
            "redress enrollment list",
        ),
        (&["handoff", "show", unknown], "redress handoff list"),
        (&["referral", "show", unknown], "redress referral list"),
        (&["verification", "show", unknown], "VERIFICATION_NOT_FOUND"),
        (&["individual", "show", unknown], "INDIVIDUAL_NOT_FOUND"),
        (&["roster", "imported", unknown], "IMPORT_NOT_FOUND"),
        (&["roster", "review", unknown], "redress roster reviews"),
        (&["codes", "batch", unknown], "redress codes batches"),
        (
            &["handoff", "list", "--campaign", "B999999"],
            "redress campaign list",
        ),
        (&["enrollment", "show", "nonsense"], "enrollment_id"),
    ] {
        let text = scene.run(words).refused(1);
        assert!(text.contains(told), "{words:?}: {text}");
    }
    for (words, told) in [
        (
            &["enrollment", "list", "--state", "gone"][..],
            "must be one of started, verified",
        ),
        (
            &["handoff", "list", "--state", "gone"],
            "must be one of queued, leased",
        ),
        (
            &["referral", "list", "--state", "gone"],
            "must be one of open, approved, denied",
        ),
        (
            &["roster", "reviews", "--state", "gone"],
            "must be one of open, merged, kept-apart",
        ),
        (
            &["roster", "review", unknown, "--decide", "merge"],
            "--reason",
        ),
        (&["individual", "show"], "required"),
        (&["enrollment", "show"], "required"),
        (&["handoff", "replay"], "required"),
        (&["enrollment", "cancel", unknown], "--reason"),
        (
            &["enrollment", "cancel", unknown, "--reason", "partner"],
            "only a partner",
        ),
        (
            &["referral", "decide", unknown, "--decision", "perhaps"],
            "approve, deny",
        ),
    ] {
        let text = scene.run(words).refused(2);
        assert!(text.contains(told), "{words:?}: {text}");
    }
}

fn the_referral_is_decided_once(scene: &Scene) {
    let id = scene.first(&["referral", "list"], "referral_id");
    let shown = scene.json(&["referral", "show", &id]);
    let fields = shown["waterfall"].as_array().expect("a waterfall");
    let weights = fields.iter().map(|it| it["weight_bits"].as_f64().unwrap());
    let sum = shown["sum_bits"].as_f64().expect("a sum");
    assert!((weights.sum::<f64>() - sum).abs() < 0.001, "{shown}");
    let thresholds = ["accepted_from_bits", "referred_from_bits"].map(|it| shown[it].as_f64());
    assert_eq!(thresholds, [Some(15.0), Some(7.0)]);
    assert_eq!(shown["reason"], "MINOR");
    let decide = |more: &[&str]| scene.run(&[&["referral", "decide", &id], more].concat());
    for (more, told) in [
        (
            &["--decision", "approve", "--reason", "not-the-person"][..],
            "reason to deny",
        ),
        (
            &["--decision", "deny", "--reason", "record-corrected"],
            "reason to approve",
        ),
        (
            &["--decision", "approve", "--reason", "documents-seen"],
            "which documents",
        ),
        (
            &["--decision", "approve", "--reason", "because"],
            "must be one of",
        ),
        (&["--evidence", "letter-code"], "not a document"),
        // Asks, and there is nobody to answer.
        (&["--decision", "approve"], "Why?"),
    ] {
        let text = decide(more).refused(2);
        assert!(text.contains(told), "{more:?}: {text}");
    }
    let perhaps = scene.answering(&["referral", "decide", &id], "perhaps\n");
    let perhaps = perhaps.refused(2);
    assert!(perhaps.contains("answer approve or deny"), "{perhaps}");
    let answers = "approve\ndocuments-seen\nbirth-certificate court-order\n";
    let decided = scene.answering(&["--format", "json", "referral", "decide", &id], answers);
    let decided = decided.fine();
    let decided: Value = serde_json::from_str(&decided).expect("JSON");
    assert_eq!(
        decided["evidence"],
        Value::from(vec!["BIRTH_CERTIFICATE", "COURT_ORDER"])
    );
    // The claim came from the page, so another operator must approve it too.
    let columns = ["state", "endorsement_reason", "endorser"].map(|it| decided[it].as_str());
    assert_eq!(
        columns,
        [
            Some("ENDORSED"),
            Some("DOCUMENTS_SEEN"),
            Some("operator/reviewer")
        ]
    );
    assert_eq!(scene.json(&["referral", "list"]), Value::Array(Vec::new()));
    let endorsed = scene.first(&["referral", "list", "--state", "endorsed"], "referral_id");
    assert_eq!(endorsed, id);
    let approve = ["--decision", "approve", "--reason", "record-corrected"];
    let alone = decide(&approve).refused(1);
    assert!(alone.contains("another agent, or an operator"), "{alone}");
    let second = scene.house.files(Role::Operator);
    let [cert, key] = [second.cert, second.key].map(|path| path.display().to_string());
    let second = ["--cert", &cert, "--key", &key];
    decide(&[&approve[..], &second].concat()).fine();
    let decided = scene.json(&["referral", "show", &id]);
    let columns = ["state", "decision_reason", "endorser"].map(|it| decided[it].as_str());
    assert_eq!(
        columns,
        [
            Some("APPROVED"),
            Some("RECORD_CORRECTED"),
            Some("operator/reviewer")
        ]
    );
    let twice = decide(&["--decision", "deny", "--reason", "other"]).refused(1);
    assert!(!twice.trim().is_empty());
    assert_eq!(scene.json(&["referral", "list"]), Value::Array(Vec::new()));
    let approved = scene.first(&["referral", "list", "--state", "approved"], "referral_id");
    assert_eq!(approved, id);
}

fn enrollments_are_canceled_and_ordered_again(scene: &Scene) {
    let id = scene.begun.as_str();
    let cancel = ["enrollment", "cancel", id, "--reason", "person-asked"];
    let unanswered = scene.run(&cancel).refused(2);
    assert!(unanswered.contains("Cancel enrollment"), "{unanswered}");
    assert_eq!(scene.json(&["enrollment", "show", id])["state"], "STARTED");
    let canceled = scene.json(&[&cancel[..], &["--yes"]].concat());
    assert_eq!(canceled["state"], "CANCELED");
    assert_eq!(canceled["cancel_reason"], "PERSON_ASKED");
    let list = scene.json(&["enrollment", "list", "--state", "canceled"]);
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let first = scene.json(&["enrollment", "list", "--limit", "2"]);
    assert_eq!(first.as_array().map(Vec::len), Some(2));

    let frozen = scene.json(&["enrollment", "show", &scene.frozen]);
    assert_eq!(frozen["coverages"][0]["outcome_class"], "FILE_FROZEN");
    let again = scene.json(&["enrollment", "resubmit", &scene.frozen]);
    assert_eq!(again["coverages"][0]["attempt"], 2);
    let goes_on = scene.json(&["enrollment", "resubmit", &scene.active]);
    assert_eq!(goes_on["coverages"][0]["coverage_state"], "ACTIVE");
    assert_eq!(goes_on["coverages"][0]["attempt"], 1);
    let handoffs = scene.json(&["handoff", "list"]);
    let told = |it: &&Value| it["kind"] == "UPDATE_PERSON";
    let told = handoffs.as_array().unwrap().iter().filter(told).count();
    let coverages = goes_on["coverages"].as_array().map(Vec::len);
    assert_eq!(Some(told), coverages, "{handoffs}");
    let refused = scene.run(&["enrollment", "resubmit", id]).refused(1);
    assert!(refused.contains("ENROLLMENT_STATE"), "{refused}");
}

fn what_was_given_up_on_is_queued_again(scene: &Scene) {
    let dead = ["handoff", "list", "--state", "dead"];
    let id = scene.first(&dead, "handoff_id");
    let replayed = scene.json(&["handoff", "replay", &id]);
    assert_eq!(replayed["handoff_id"], id.as_str());
    scene.run(&["handoff", "replay", &id]).refused(1);
    let unanswered = scene.run(&["handoff", "replay", "--all-dead"]).refused(2);
    assert!(unanswered.contains("1 handoff of"), "{unanswered}");
    assert!(unanswered.contains("1 CALL_REJECTED"), "{unanswered}");
    let rest = scene.json(&["handoff", "replay", "--all-dead", "--yes"]);
    assert_eq!(rest.as_array().map(Vec::len), Some(1));
    assert_eq!(scene.json(&dead), Value::Array(Vec::new()));
    let nothing = scene.run(&["handoff", "replay", "--all-dead"]).fine();
    assert!(nothing.contains("nothing was given up on"), "{nothing}");
}

/// The running process sets aside an outcome that it cannot read, counts it, and applies it once it is mended and tried again.
async fn what_was_set_aside_is_tried_again(scene: &Scene) {
    let admin = scene.house.address(Service::Codes).admin;
    let counted = async || {
        let page = http::get(admin, "/metrics").await.expect("metrics").body;
        let line = page
            .lines()
            .find(|line| line.starts_with("redress_outcome_set_aside"));
        line.and_then(|line| line.rsplit(' ').next())
            .map(str::to_owned)
    };
    assert_eq!(counted().await.as_deref(), Some("0"));
    let none = scene.run(&["enrollment", "set-aside"]).fine();
    assert!(none.contains("nothing was set aside"), "{none}");
    let owner = scene.house.database().owner().await;
    let unread = "INSERT INTO outcome (campaign_id, id, enrollment_id, coverage_id, handoff_id, result, outcome_class, \
         revision, order_attempt, effective_at, created_at) SELECT campaign_id, handoff_id, enrollment_id, id, handoff_id, \
         'SUSPENDED', 'OF_TOMORROW', revision, order_attempt, activated_at, activated_at FROM coverage WHERE state = 'ACTIVE' LIMIT 1";
    let written = owner.execute_unprepared(unread).await.expect("a row");
    assert_eq!(written.rows_affected(), 1);
    let listed = poll::until("the outcome to step aside", SETTLED, async || {
        let listed = scene.json(&["enrollment", "set-aside"]);
        listed[0]["set_aside_id"].is_string().then_some(listed)
    });
    let listed = listed.await;
    let text = |column: &str| listed[0][column].as_str().unwrap_or_default().to_owned();
    assert_eq!(text("kind"), "OUTCOME");
    assert_eq!(counted().await.as_deref(), Some("1"));
    let log = scene.house.log(Service::Codes);
    assert!(log.contains("was set aside"), "{log}");
    let unknown = [
        "enrollment",
        "retry",
        "00000000-0000-7000-8000-000000000000",
    ];
    let refused = scene.run(&unknown).refused(1);
    assert!(
        refused.contains("nothing of this is set aside"),
        "{refused}"
    );
    let mended = owner.execute_unprepared("UPDATE outcome SET outcome_class = NULL");
    mended.await.expect("an update");
    let retried = scene.json(&["enrollment", "retry", &text("set_aside_id")]);
    assert_eq!(retried["retried"], 1);
    poll::until("the outcome to be applied", SETTLED, async || {
        let shown = scene.json(&["enrollment", "show", &text("enrollment_id")]);
        (shown["state"] == "SUSPENDED").then_some(())
    })
    .await;
}
