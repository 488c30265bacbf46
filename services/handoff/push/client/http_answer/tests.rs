use http::StatusCode;
use http::header::HeaderName;

use super::*;
use crate::handoff::partner::http_layout::{self, HttpLayout};

const LAYOUT: &str = include_str!("../../../../../deploy/sandbox-http.toml");
const OURS: &str = "0198a5d2-7c1e-7000-8000-000000000001";

fn now() -> Timestamp {
    "2015-08-01T12:00:00Z".parse().unwrap()
}

/// The sandbox's layout, and its calls without what it says of statuses.
fn layout() -> HttpLayout {
    let mut layout = http_layout::parse(LAYOUT).unwrap();
    layout.inquire.http.clear();
    layout.cancel.http.clear();
    layout
}

fn answer(status: u16, headers: &[(HeaderName, &'static str)], body: &str) -> WebAnswer {
    let headers = headers.iter();
    WebAnswer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect(),
        body: Some(body.to_owned().into()),
    }
}

fn read(layout: &HttpLayout, what: What, answer: &WebAnswer) -> Reply {
    let call = match what {
        What::Submit => &layout.submit,
        What::Inquire => &layout.inquire,
        What::Cancel => &layout.cancel,
    };
    let reader = Reader {
        answers: &layout.answers,
        call,
        what,
        about: &[OURS.to_owned()],
        now: now(),
    };
    reader.read(answer)
}

/// What a bare status comes to, for an order, a question and a cancellation.
fn bare(status: u16) -> [Reply; 3] {
    let layout = layout();
    [What::Submit, What::Inquire, What::Cancel]
        .map(|what| read(&layout, what, &answer(status, &[], "")))
}

fn fact(reply: Reply) -> (Fact, Option<String>) {
    match reply {
        Reply::Status(status) => (status.fact, status.native_code),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_document_says_how_it_stands() {
    let body = format!(
        r#"{{"reference":"{}","id":"SB-1","status":"ACTION","reason":"SB9193","since":"2015-07-31","revision":7,"attempt":"2"}}"#,
        OURS.to_uppercase()
    );
    let Reply::Status(status) = read(&layout(), What::Inquire, &answer(200, &[], &body)) else {
        panic!("unreadable");
    };
    let expected = PartnerStatus {
        reference: Some("SB-1".to_owned()),
        native_code: Some("SB9193".to_owned()),
        revision: 7,
        attempt: 2,
        ..PartnerStatus::of(
            Fact::ActionRequired(OutcomeClass::NoHit),
            "2015-07-31T00:00:00Z".parse().unwrap(),
        )
    };
    assert_eq!(status, expected);
    let small = format!(r#"{{"reference":"{OURS}","status":"BOOKED"}}"#);
    let Reply::Status(status) = read(&layout(), What::Submit, &answer(201, &[], &small)) else {
        panic!("unreadable");
    };
    assert_eq!(status, PartnerStatus::of(Fact::Accepted, now()));
}

#[test]
fn what_cannot_be_read_is_no_answer() {
    let of = |rest: &str| format!(r#"{{"reference":"{OURS}","status":"ACTIVE"{rest}}}"#);
    assert_eq!(
        fact(read(&layout(), What::Inquire, &answer(200, &[], &of("")))).0,
        Fact::Active
    );
    let other = of("").replace("0001", "0002");
    let long = of(&format!(r#","id":"{}""#, "x".repeat(65)));
    for body in [
        "",
        "null",
        "[]",
        "\"ACTIVE\"",
        "{\"status\":",
        "{\"status\":\"ACTIVE\"}",
        &other,
        &long,
        &of("").replace("ACTIVE", "DANCING"),
        &of(r#","revision":-1"#),
        &of(r#","revision":"many""#),
        &of(r#","attempt":-1"#),
        &of(r#","since":"soon""#),
        &of(r#","id":"a\nb""#),
    ] {
        let unreadable = Reply::Failed(Failure::Unreadable, Signal::Up);
        for what in [What::Submit, What::Inquire, What::Cancel] {
            assert_eq!(
                read(&layout(), what, &answer(200, &[], body)),
                unreadable,
                "{body}"
            );
        }
    }
    let mut too_long = answer(200, &[], "");
    too_long.body = None;
    let unreadable = Reply::Failed(Failure::Unreadable, Signal::Up);
    assert_eq!(read(&layout(), What::Submit, &too_long), unreadable);
}

#[test]
fn a_status_that_the_layout_does_not_name_means_what_it_usually_means() {
    let rejected = Reply::Failed(Failure::Rejected, Signal::Up);
    for status in [301, 302, 307, 401, 403, 405, 501] {
        assert_eq!(bare(status), [(); 3].map(|()| not_allowed()), "{status}");
    }
    for status in [400, 422] {
        let [submit, others @ ..] = bare(status);
        let wrong = Fact::ActionRequired(OutcomeClass::InvalidInput);
        assert_eq!(fact(submit), (wrong, None));
        assert_eq!(others, [(); 2].map(|()| rejected.clone()), "{status}");
    }
    assert_eq!(bare(404), [not_allowed(), Reply::NotKnown, Reply::NotKnown]);
    let asked = Reply::Failed(Failure::Unseen, Signal::Up);
    assert_eq!(bare(409), [asked, rejected.clone(), rejected.clone()]);
    assert_eq!(bare(418), [(); 3].map(|()| rejected.clone()));
    assert_eq!(bare(429), [(); 3].map(|()| throttled(None)));
    assert_eq!(bare(503), [(); 3].map(|()| unavailable()));
    for status in [408, 500, 502, 504, 599] {
        let unseen = Reply::Failed(Failure::Unseen, Signal::Failed);
        assert_eq!(bare(status), [(); 3].map(|()| unseen.clone()), "{status}");
    }
}

#[test]
fn a_code_that_is_an_outcome_class_is_about_the_person() {
    for status in [400, 401, 402, 404, 409, 422] {
        let body = r#"{"error":{"code":"SB303"}}"#;
        let reply = read(&layout(), What::Submit, &answer(status, &[], body));
        let class = Fact::ActionRequired(OutcomeClass::IdentityNotConfirmed);
        assert_eq!(fact(reply), (class, Some("SB303".to_owned())), "{status}");
    }
    let unknown = answer(422, &[], r#"{"error":{"code":"SB777"}}"#);
    let wrong = Fact::ActionRequired(OutcomeClass::InvalidInput);
    let told = fact(read(&layout(), What::Submit, &unknown));
    assert_eq!(told, (wrong, Some("SB777".to_owned())));
    let long = format!(r#"{{"error":{{"code":"{}"}}}}"#, "x".repeat(65));
    let told = fact(read(&layout(), What::Submit, &answer(422, &[], &long)));
    assert_eq!(told, (wrong, None), "nothing is kept that is too long");
}

#[test]
fn a_page_for_people_is_no_word_about_an_order() {
    let page = [(CONTENT_TYPE, "Text/HTML; charset=utf-8")];
    for status in [200, 302, 400, 404, 409, 422, 429] {
        for what in [What::Submit, What::Inquire, What::Cancel] {
            let reply = read(&layout(), what, &answer(status, &page, "<html>"));
            assert_eq!(reply, not_allowed(), "{status}");
        }
    }
    let down = read(&layout(), What::Inquire, &answer(503, &page, "<html>"));
    assert_eq!(down, unavailable());
}

#[test]
fn what_the_layout_says_goes_first() {
    let mut layout = layout();
    let told = [
        ("204", "CANCELED"),
        ("404", "NOT_ALLOWED"),
        ("404 SB404", "NOT_KNOWN"),
        ("400", "SEND_AGAIN"),
        ("418", "THROTTLED"),
        ("500", "REJECTED"),
        ("410", "ASK"),
    ];
    layout.cancel.http = told
        .map(|(of, means)| (of.to_owned(), means.to_owned()))
        .into();
    let pause = [(RETRY_AFTER, "7")];
    let known = r#"{"error":{"code":"SB404"}}"#;
    for (answer, expected) in [
        (answer(404, &[], ""), not_allowed()),
        (answer(404, &[], known), Reply::NotKnown),
        (answer(400, &[], ""), unavailable()),
        (
            answer(418, &pause, ""),
            throttled(Some(Duration::from_secs(7))),
        ),
        (answer(500, &[], ""), rejected()),
        (
            answer(410, &[], ""),
            Reply::Failed(Failure::Unseen, Signal::Up),
        ),
    ] {
        assert_eq!(read(&layout, What::Cancel, &answer), expected);
    }
    let gone = read(&layout, What::Cancel, &answer(204, &[], ""));
    assert_eq!(fact(gone), (Fact::Canceled, None));
}

#[test]
fn a_pause_is_seconds_or_a_date_and_has_an_end() {
    let of = |text: &'static str| {
        let reply = read(
            &layout(),
            What::Inquire,
            &answer(503, &[(RETRY_AFTER, text)], ""),
        );
        match reply {
            Reply::Failed(Failure::Throttled { retry_after }, signal) => {
                assert_eq!(signal, Signal::Throttled { retry_after });
                retry_after
            }
            other => {
                assert_eq!(other, unavailable());
                None
            }
        }
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(of("120"), seconds(120));
    assert_eq!(of("0"), seconds(0));
    assert_eq!(of("Sat, 01 Aug 2015 12:00:30 GMT"), seconds(30));
    assert_eq!(
        of("Sat, 01 Aug 2015 11:00:00 GMT"),
        seconds(0),
        "it is over"
    );
    assert_eq!(of("99999999999999999999999"), Some(LONGEST_PAUSE));
    assert_eq!(of("Tue, 01 Aug 2045 12:00:00 GMT"), Some(LONGEST_PAUSE));
    for odd in ["", "soon", "-5", "1.5"] {
        assert_eq!(of(odd), None, "{odd}");
    }
}
