use jiff::civil::date;
use strum::IntoEnumIterator;

use super::*;

const RULES: Rules = Rules {
    today: date(2015, 8, 1),
    discovered_on: date(2015, 5, 26),
};

fn elsewhere() -> RawAddress {
    RawAddress(RawColumns {
        address_line1: " 9 Elm Ave ".into(),
        city: "Gary".into(),
        region: "in".into(),
        postal_code: "464021234".into(),
        ..RawColumns::default()
    })
}

fn raw(kind: Kind) -> RawEvent {
    RawEvent {
        individual: "018f0000-0000-7000-8000-000000000001".to_owned(),
        kind: Some(kind),
        on: Some(date(2015, 7, 20)),
        return_reason: (kind == Kind::Returned).then_some(ReturnReason::Vacant),
        source: (kind == Kind::AddressCorrected).then_some(AddressSource::UspsNcoa),
        address: (kind == Kind::AddressCorrected).then(elsewhere),
        generation: 0,
    }
}

fn refused(kind: Kind, change: impl FnOnce(&mut RawEvent)) -> (Field, Cause) {
    let mut raw = raw(kind);
    change(&mut raw);
    let refusal = parse_event(&raw, RULES).expect_err("the event is wrong");
    (refusal.field, refusal.cause)
}

#[test]
fn an_event_of_each_kind_passes() {
    for kind in Kind::iter() {
        let event = parse_event(&raw(kind), RULES).unwrap();
        assert_eq!((event.kind(), event.on), (kind, date(2015, 7, 20)));
    }
    let corrected = parse_event(&raw(Kind::AddressCorrected), RULES).unwrap();
    let What::AddressCorrected { place, .. } = corrected.what else {
        panic!("another event")
    };
    assert_eq!(
        address::address_lines(&place),
        ["9 Elm Ave", "Gary IN 46402-1234"]
    );
}

#[test]
fn both_ends_of_the_days_pass_and_beyond_them_none() {
    let on = |day| refused(Kind::Mailed, |raw| raw.on = Some(day));
    assert_eq!(
        on(date(2015, 8, 2)),
        (Field::EventDate, Cause::DateInFuture)
    );
    assert_eq!(
        on(date(2015, 5, 25)),
        (Field::EventDate, Cause::DateBeforeDiscovery)
    );
    for day in [RULES.today, RULES.discovered_on] {
        let mut raw = raw(Kind::Mailed);
        raw.on = Some(day);
        assert!(parse_event(&raw, RULES).is_ok());
    }
}

#[test]
fn what_is_missing_or_does_not_belong_is_named() {
    use Cause::{AddressUndeliverable, Malformed, Missing, NotExpected, TooLong};
    use Kind::{AddressCorrected, Mailed, Returned};
    let cases = [
        (
            refused(Mailed, |raw| raw.individual = "canary".into()),
            (Field::IndividualId, Malformed),
        ),
        (
            refused(Mailed, |raw| raw.kind = None),
            (Field::Kind, Malformed),
        ),
        (
            refused(Mailed, |raw| raw.on = None),
            (Field::EventDate, Malformed),
        ),
        (
            refused(Returned, |raw| raw.return_reason = None),
            (Field::ReturnReason, Missing),
        ),
        (
            refused(Mailed, |raw| raw.return_reason = Some(ReturnReason::Other)),
            (Field::ReturnReason, NotExpected),
        ),
        (
            refused(Returned, |raw| raw.address = Some(elsewhere())),
            (Field::Address, NotExpected),
        ),
        (
            refused(AddressCorrected, |raw| raw.source = None),
            (Field::AddressSource, Missing),
        ),
        (
            refused(AddressCorrected, |raw| raw.address = None),
            (Field::Address, Missing),
        ),
        (
            refused(AddressCorrected, |raw| {
                raw.address = Some(RawAddress::default());
            }),
            (Field::Address, AddressUndeliverable),
        ),
        (
            refused(AddressCorrected, |raw| {
                raw.address.as_mut().unwrap().0.postal_code = "4640".into();
            }),
            (Field::PostalCode, Malformed),
        ),
        (
            refused(AddressCorrected, |raw| {
                raw.address.as_mut().unwrap().0.city = "x".repeat(61).into();
            }),
            (Field::City, TooLong),
        ),
    ];
    for (got, wanted) in cases {
        assert_eq!(got, wanted);
    }
}

#[test]
fn debug_tells_nothing_of_the_address() {
    let raw = raw(Kind::AddressCorrected);
    let event = parse_event(&raw, RULES).unwrap();
    assert!(!format!("{raw:?} {event:?}").contains("Elm"));
}
