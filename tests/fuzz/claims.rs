//! A request of VerifyIdentity as it comes over the wire: no bytes break what reads and folds its claims, nothing of it grows beyond its bound, and
//! what was read can be compared.
//!
//! How to run it stands in `normalizers.rs`.

#![no_main]

use jiff::civil::date;
use libfuzzer_sys::fuzz_target;
use prost::Message;

use redress::identity::matching::{compare, fold};
use redress::identity::verification::grpc::claims_of;
use redress::kernel::fields::Fields;
use redress::kernel::person::Person;
use redress::wire::redress::identity::v1::VerifyIdentityRequest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = VerifyIdentityRequest::decode(bytes) else {
        return;
    };
    let mut fields = Fields::default();
    let claims = claims_of(&mut fields, request.claims.as_ref());
    if fields.finish().is_err() {
        return;
    }
    let claims = claims.expect("nothing was wrong");
    for name in [&claims.given, &claims.middle, &claims.family] {
        assert!(name.joined().len() <= fold::MOST_GROWTH * 4 * 80);
        assert_eq!(fold::name(name.joined()).joined(), name.joined());
    }
    assert!(!claims.family.is_empty());
    if let Some(code) = &claims.postal {
        assert!((1..=16).contains(&code.expose().len()));
    }
    let waterfall = compare::compare(&claims, &known());
    assert_eq!(waterfall, compare::compare(&claims.clone(), &known()));
});

/// Somebody on record.
fn known() -> Person {
    Person {
        given_name: "Katherine".into(),
        middle_name: Some("Ann".into()),
        family_name: "Neill-O'Brien".into(),
        date_of_birth: Some(date(1961, 3, 12)),
        ssn: Some("666012345".into()),
        postal_code: Some("46802-1234".into()),
        ..Person::default()
    }
}
