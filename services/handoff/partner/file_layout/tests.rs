use super::*;
use crate::db::entities::outcome::OutcomeClass;
use crate::handoff::queue::state::Fact;

const NIGHTLY: &str = r#"
[orders]
name = "REDRESS_{campaign}_{date}_{number}.csv"
at = "02:00"
time_zone = "America/New_York"
plain = true

[[orders.record]]
name = "REF"
field = "handoff_id"

[[orders.record]]
name = "TYPE"
field = "kind"
words = { ENROLL = "A", CANCEL = "D" }

[[answers]]
name = "{file}.ack"
complete = true
record = [{ name = "REF", field = "handoff_id" }, { name = "ST", field = "status" }, { name = "CODE", field = "code" }]
statuses = { OK = "ACCEPTED", RJ = "REFUSED", FR = "ACTION_REQUIRED FILE_FROZEN", AGAIN = "SEND_AGAIN" }
codes = { "9193" = "NO_HIT" }

[[answers]]
name = "RESULT-*.csv"
record = [{ name = "REF", field = "handoff_id" }, { name = "ST", field = "status" }]
statuses = { LIVE = "ACTIVE" }
"#;

fn nightly() -> Layout {
    Layout::parse(NIGHTLY).unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn names_tell_which_file_is_answered() {
    let layout = nightly();
    let (answer, of) = layout.answer("REDRESS_B1_20150801_00001.csv.ack").unwrap();
    assert_eq!(of.as_deref(), Some("REDRESS_B1_20150801_00001.csv"));
    assert!(answer.complete);
    let (answer, of) = layout.answer("RESULT-7.csv").unwrap();
    assert_eq!((answer.complete, of), (false, None));
    assert!(layout.answer("something else").is_none());
    assert!(layout.answer(".ack").is_none());
    let name = layout
        .orders
        .file_name("B1", 7, jiff::civil::date(2015, 8, 1));
    assert_eq!(name, "REDRESS_B1_20150801_00007.csv");
}

#[test]
fn the_partners_words_have_a_meaning() {
    let layout = nightly();
    let answer = &layout.answers[0];
    let fact = |fact| Some(Meaning::Fact(fact));
    assert_eq!(answer.meaning("OK", ""), fact(Fact::Accepted));
    let refused = |class| fact(Fact::Refused(class));
    assert_eq!(answer.meaning("RJ", "9193"), refused(OutcomeClass::NoHit));
    assert_eq!(answer.meaning("RJ", "1"), refused(OutcomeClass::Other));
    let frozen = fact(Fact::ActionRequired(OutcomeClass::FileFrozen));
    assert_eq!(answer.meaning("FR", ""), frozen);
    assert_eq!(answer.meaning("AGAIN", ""), Some(Meaning::SendAgain));
    assert_eq!(answer.meaning("ok", ""), None);
}

#[test]
fn the_day_begins_where_the_partner_is() {
    let orders = nightly().orders;
    let due = |now: &str| orders.last_due(instant(now)).unwrap();
    let today = instant("2015-08-01T06:00:00Z");
    assert_eq!(due("2015-08-01T06:00:00Z"), today);
    assert_eq!(due("2015-08-02T05:59:59Z"), today);
    assert_eq!(due("2015-08-01T05:59:59Z"), instant("2015-07-31T06:00:00Z"));
    // The hour that summer time skips: the night is not skipped with it.
    assert_eq!(due("2015-03-08T12:00:00Z"), instant("2015-03-08T07:00:00Z"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let with = |from: &str, to: &str| {
        assert!(NIGHTLY.contains(from), "{from}");
        Layout::parse(&NIGHTLY.replacen(from, to, 1)).unwrap_err()
    };
    for (from, to, said) in [
        ("plain = true", "", "encrypt_to"),
        ("plain = true", "encrypt_to = 'age1x'", "public key"),
        ("_{number}", "", "{number}"),
        ("REDRESS_", "../", "orders.name"),
        ("America/New_York", "Mars", "time_zone"),
        ("\"kind\"", "\"sort\"", "orders.record, TYPE"),
        ("\"kind\"", "\"ssn\"", "field = 'kind'"),
        ("name = \"TYPE\"", "name = \"REF\"", "no other column"),
        ("{file}.ack", "*.ack", "complete = true"),
        ("RESULT-*.csv", "RESULT.csv", "answers \"RESULT.csv\""),
        ("\"ACTIVE\"", "\"LIVE\"", "LIVE"),
        ("\"NO_HIT\"", "\"NONE\"", "9193"),
        ("complete = true", "complet = true", "complet"),
        (
            "[orders]",
            "[orders]\nform = { format = 'fixed' }",
            "needs a width",
        ),
    ] {
        let wrong = with(from, to);
        assert!(wrong.contains(said), "{to}: {wrong}");
    }
    let deaf = NIGHTLY.split("[[answers]]").next().unwrap();
    assert!(Layout::parse(deaf).unwrap_err().contains("answers"));
}
