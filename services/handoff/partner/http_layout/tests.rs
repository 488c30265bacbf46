use super::*;
use crate::db::entities::outcome::OutcomeClass;
use crate::handoff::partner::meaning::Meaning;
use crate::handoff::queue::state::Fact;

const SANDBOX: &str = include_str!("../../../../deploy/sandbox-http.toml");

const SMALL: &str = r#"
base = "https://api.bureau.example/v2"
authorization = "mtls"

[submit]
method = "PUT"
path = "/orders/{handoff_id}"
body = '{"customer": {"name": "family_name", "source": "=REDRESS"}, "term": "term_months"}'
http = { 402 = "REFUSED PRODUCT_CONFIG", "402 X1" = "ASK" }

[inquire]
method = "GET"
path = "/orders/{handoff_id}"

[cancel]
method = "DELETE"
path = "/orders/{cancels_handoff_id}"
http = { 204 = "CANCELED" }

[answers]
status = "/state"
code = "/reason"
statuses = { NEW = "ACCEPTED", OFF = "REFUSED", WAIT = "SEND_AGAIN", "" = "ACCEPTED" }
codes = { 9193 = "NO_HIT" }
"#;

fn refusal(layout: &str) -> String {
    parse(layout).unwrap_err()
}

#[test]
fn the_sandboxs_layout_is_one() {
    let layout = parse(SANDBOX).unwrap();
    assert!(matches!(layout.authorization, Authorization::Oauth2(_)));
    assert!(layout.update.is_some());
}

#[test]
fn a_layout_says_what_words_and_statuses_mean() {
    let layout = parse(SMALL).unwrap();
    assert_eq!(layout.base.origin(), "https://api.bureau.example");
    let refused = |class| Some(Told::Fact(Fact::Refused(class)));
    let submit = &layout.submit;
    assert_eq!(submit.told(402, None), refused(OutcomeClass::ProductConfig));
    assert_eq!(
        submit.told(402, Some("X2")),
        refused(OutcomeClass::ProductConfig)
    );
    assert_eq!(submit.told(402, Some("X1")), Some(Told::Ask));
    assert_eq!(submit.told(403, Some("X1")), None);
    let answers = &layout.answers;
    let fact = |fact| Some(Meaning::Fact(fact));
    let refused = |class| fact(Fact::Refused(class));
    assert_eq!(answers.meaning("OFF", "9193"), refused(OutcomeClass::NoHit));
    assert_eq!(answers.meaning("OFF", "1"), refused(OutcomeClass::Other));
    assert_eq!(answers.meaning("", ""), fact(Fact::Accepted));
    assert_eq!(answers.meaning("WAIT", ""), Some(Meaning::SendAgain));
    assert_eq!(answers.meaning("GONE", ""), None);
    assert!(submit.names("handoff_id") && submit.names("family_name"));
    assert!(!submit.names("=REDRESS") && !layout.cancel.names("handoff_id"));
}

#[test]
fn a_layout_that_cannot_be_is_refused_with_its_place() {
    for (part, with, said) in [
        (
            "https://api.bureau.example/v2",
            "http://api.bureau.example",
            "base",
        ),
        (
            "https://api.bureau.example/v2",
            "https://u:p@api.example",
            "without a user",
        ),
        (
            "https://api.bureau.example/v2",
            "https://api.example/?key=1",
            "headers",
        ),
        ("authorization = \"mtls\"", "", "authorization"),
        ("\"mtls\"", "\"password\"", "password"),
        (
            "\"mtls\"",
            "{ oauth2 = { token_url = 'https://x/', client_id = '' } }",
            "client_id",
        ),
        (
            "\"mtls\"",
            "'mtls'\nheaders = { Host = 'x' }",
            "headers.Host",
        ),
        (
            "\"mtls\"",
            "'mtls'\nheaders = { 'a b' = 'x' }",
            "headers.a b",
        ),
        (
            "\"mtls\"",
            "'mtls'\nheaders = { x = \"a\\nb\" }",
            "headers.x",
        ),
        (
            "\"mtls\"",
            "'mtls'\nfields = { shoe = { width = 2 } }",
            "fields.shoe",
        ),
        (
            "\"mtls\"",
            "'mtls'\nfields = { ssn = { fill = '0' } }",
            "fields.ssn",
        ),
        ("\"mtls\"", "'mtls'\npassword = 'x'", "password"),
        ("\"PUT\"", "\"put\"", "put"),
        ("\"term_months\"", "\"months\"", "submit.body: \"months\""),
        ("'{\"customer\"", "'{customer", "no JSON"),
        (
            "path = \"/orders/{handoff_id}\"\nbody",
            "path = \"/orders/{ssn}\"\nbody",
            "submit.path: {ssn}",
        ),
        (
            "path = \"/orders/{handoff_id}\"\nbody",
            "path = \"/orders\"\nbody",
            "submit must name handoff_id",
        ),
        (
            "path = \"/orders/{handoff_id}\"\nbody",
            "path = \"orders\"\nbody",
            "submit.path",
        ),
        (
            "path = \"/orders/{handoff_id}\"\nbody",
            "path = \"/{handoff_id\"\nbody",
            "a brace",
        ),
        (
            "path = \"/orders/{handoff_id}\"\nbody",
            "path = \"/a b/{handoff_id}\"\nbody",
            "submit.path",
        ),
        (
            "path = \"/orders/{handoff_id}\"\n\n[cancel]",
            "path = \"/orders/{handoff_id}/{partner_reference}\"\n\n[cancel]",
            "inquire.path: {partner_reference}",
        ),
        (
            "[cancel]",
            "[update_person]\nmethod = \"PUT\"\npath = \"/people/{handoff_id}\"\n\n[cancel]",
            "update_person must name updates_handoff_id or partner_reference",
        ),
        (
            "method = \"GET\"",
            "method = \"GET\"\nbody = '{}'",
            "inquire.body",
        ),
        (
            "/orders/{cancels_handoff_id}",
            "/orders",
            "cancel must name",
        ),
        (
            "204 = \"CANCELED\"",
            "ok = \"CANCELED\"",
            "cancel.http: \"ok\"",
        ),
        (
            "204 = \"CANCELED\"",
            "204 = \"GONE\"",
            "cancel.http: \"204\"",
        ),
        (
            "status = \"/state\"",
            "status = \"state\"",
            "answers.status",
        ),
        (
            "OFF = \"REFUSED\"",
            "OFF = \"REFUSED MOOD\"",
            "answers.statuses: \"OFF\"",
        ),
        ("NO_HIT", "MOOD", "answers.codes: \"9193\""),
        ("code = \"/reason\"", "codes_at = \"/reason\"", "codes_at"),
    ] {
        assert!(SMALL.contains(part), "{part}");
        let refused = refusal(&SMALL.replacen(part, with, 1));
        assert!(refused.contains(said), "{with}: {refused}");
    }
    assert!(refusal(&" ".repeat(33 * 1024)).contains("32 KiB"));
}
