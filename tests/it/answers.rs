//! Garbage in: whatever is sent to whatever method, the answer is one of the catalogue and repeats nothing.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, Value};
use redress::access;
use redress::kernel::caller::Role;
use redress::kernel::fault::reason_of;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::clients::metadata;
use crate::harness::processes::{House, Service};
use crate::harness::{Database, apply, both, contract, raw};

/// Stands in every text of a garbage request; no answer repeats it.
const GARBAGE: &str = "garbage-4c1d";

#[apply(both)]
async fn every_error_has_one_reason_of_the_catalogue_and_repeats_nothing(database: Database) {
    let house = House::open(database).await;
    let mut errors = 0;
    for method in contract::methods() {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let service = contract::server_of(&method);
        let role = role_for(&path);
        let channel = house.channel(service, role);
        for (what, messages) in garbage(&method) {
            let answer = raw::call(&channel, &path, &metadata(role, 1), messages, 1).await;
            if let Err(status) = answer {
                check(&format!("{path} {what}"), &status);
                errors += 1;
            }
        }
    }
    assert!(
        errors > 6 * contract::methods().count(),
        "only {errors} errors"
    );
    let path = "/redress.enrollment.v1.CampaignService/NoSuchMethod";
    let channel = house.channel(Service::Codes, Role::Operator);
    let metadata = metadata(Role::Operator, 1);
    let unknown = raw::call(&channel, path, &metadata, vec![Vec::new()], 1).await;
    check(
        "an unknown method",
        &unknown.expect_err("there is no such method"),
    );
}

/// A role that the method lets in.
fn role_for(path: &str) -> Role {
    let row = access::TABLE
        .iter()
        .copied()
        .flatten()
        .find(|row| row.path == path);
    *row.and_then(|row| row.roles.first())
        .unwrap_or(&Role::Operator)
}

fn check(what: &str, status: &Status) {
    let told = format!("{what}: {:?} {}", status.code(), status.message());
    let reason = reason_of(status).unwrap_or_else(|| panic!("{told}: no reason of the catalogue"));
    assert_eq!(reason.code(), status.code(), "{told}");
    assert_eq!(reason.text(), status.message(), "{told}");
    let never = [Code::Internal, Code::Unknown, Code::DataLoss];
    assert!(!never.contains(&status.code()), "{told}");
    let details = status.get_error_details_vec();
    let infos = details
        .iter()
        .filter(|one| matches!(one, tonic_types::ErrorDetail::ErrorInfo(_)));
    assert_eq!(infos.count(), 1, "{told}");
    let shown = format!("{details:?} {}", String::from_utf8_lossy(status.details()));
    assert!(!shown.contains(GARBAGE), "{told}: {shown}");
    assert!(status.details().len() <= 4096, "{told}");
}

fn garbage(method: &MethodDescriptor) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let input = method.input();
    let filled = |make: &dyn Fn(&Kind) -> Value| fill(&input, make, 0).encode_to_vec();
    let long = "x".repeat(100_000);
    vec![
        ("with an empty request", vec![Vec::new()]),
        ("with no message at all", Vec::new()),
        ("with broken wire bytes", vec![vec![0xff; 9]]),
        (
            "with bytes that are no UTF-8",
            vec![vec![0x0a, 2, 0xff, 0xfe]],
        ),
        ("with a cut message", vec![vec![0x0a, 0x7f, b'x']]),
        (
            "with garbage everywhere",
            vec![filled(&|kind| wrong(kind, GARBAGE, -1))],
        ),
        (
            "with endless texts",
            vec![filled(&|kind| wrong(kind, &long, i32::MAX))],
        ),
        (
            "with nothing but zeros",
            vec![filled(&|kind| wrong(kind, "\0", 0))],
        ),
        (
            "with ids of nobody",
            vec![filled(&|kind| {
                wrong(kind, "0198c1f0-0000-4000-8000-000000000000", 1)
            })],
        ),
        (
            "with an oversized message",
            vec![vec![0x0a; 5 * 1024 * 1024]],
        ),
        ("with two messages", vec![Vec::new(), Vec::new()]),
    ]
}

fn fill(message: &MessageDescriptor, make: &dyn Fn(&Kind) -> Value, depth: u32) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    let mut oneofs = BTreeSet::new();
    for field in message.fields() {
        if let Some(oneof) = field.containing_oneof()
            && !oneofs.insert(oneof.full_name().to_owned())
        {
            continue;
        }
        let value = match field.kind() {
            Kind::Message(inner) if depth < 3 => Value::Message(fill(&inner, make, depth + 1)),
            Kind::Message(_) => continue,
            kind => make(&kind),
        };
        let value = if field.is_list() {
            Value::List(vec![value; 3])
        } else {
            value
        };
        filled.set_field(&field, value);
    }
    filled
}

fn wrong(kind: &Kind, text: &str, number: i32) -> Value {
    match kind {
        Kind::Bytes => Value::Bytes(text.as_bytes().to_vec().into()),
        Kind::Bool => Value::Bool(true),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number.into()),
        Kind::Enum(_) => Value::EnumNumber(number.saturating_add(90)),
        _ => Value::String(text.into()),
    }
}
