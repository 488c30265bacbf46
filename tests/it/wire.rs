//! Rules of the contract that a linter does not know, read from the descriptor set that the services serve.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    MethodDescriptor, Value,
};

use crate::harness::contract;

include!(concat!(env!("OUT_DIR"), "/debug_of.rs"));

/// Stands in every text and byte field; nobody's Debug may print it where the field is redacted.
const PLANTED: &str = "PLANTED-7f3a";
const PLANTED_NUMBER: i32 = 774_411_223;
/// Stands where a field may be printed.
const OPEN: &str = "open";

/// Names of fields that hold personal data wherever they stand.
const PERSONAL: &[&str] = &[
    "activation_code",
    "given_name",
    "middle_name",
    "family_name",
    "suffix",
    "date_of_birth",
    "ssn",
    "address_line1",
    "address_line2",
    "line1",
    "line2",
    "lines",
    "city",
    "postal_code",
    "phone",
    "email",
    "external_ref",
    "claims",
    "subject",
    "code",
    "masked",
    "masked_name",
    "birth_year",
];

#[test]
fn no_debug_text_shows_a_redacted_field() {
    let mut checked = BTreeSet::new();
    let mut wanted = BTreeSet::new();
    for message in contract::messages() {
        let redacted = message.fields().filter(is_redacted);
        wanted.extend(redacted.map(|field| field.full_name().to_owned()));
        for chosen in oneof_choices(&message) {
            let filled = fill(&message, &chosen, 0);
            let text = debug_of(message.full_name(), &filled.encode_to_vec())
                .unwrap_or_else(|| panic!("{} does not decode", message.full_name()));
            for secret in [PLANTED, &PLANTED_NUMBER.to_string()] {
                assert!(!text.contains(secret), "{}: {text}", message.full_name());
            }
            let own = message.fields().filter(is_redacted);
            let own: Vec<_> = own.filter(|field| filled.has_field(field)).collect();
            let shown = text.matches("[redacted]").count();
            assert!(shown >= 2 * own.len(), "{}: {text}", message.full_name());
            checked.extend(own.iter().map(|field| field.full_name().to_owned()));
        }
    }
    assert_eq!(checked, wanted);
    assert!(!wanted.is_empty());
}

#[test]
fn every_field_with_a_personal_name_is_redacted() {
    let personal: BTreeSet<&str> = PERSONAL.iter().copied().collect();
    let open: Vec<String> = contract::messages()
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .filter(|field| personal.contains(field.name()) && !is_redacted(field))
        .map(|field| field.full_name().to_owned())
        .collect();
    assert!(open.is_empty(), "not redacted: {open:?}");
}

#[test]
fn everything_in_the_contract_has_a_comment() {
    let mut bare = Vec::new();
    for file in contract::pool().files() {
        if !file.package_name().starts_with("redress.") {
            continue;
        }
        let proto = file.file_descriptor_proto();
        let info = proto.source_code_info.as_ref().expect("source info");
        let told: BTreeSet<&[i32]> = info
            .location
            .iter()
            .filter(|place| !place.leading_comments().trim().is_empty())
            .map(|place| place.path.as_slice())
            .collect();
        let mut want = |path: &[i32], name: &str| {
            if !told.contains(path) {
                bare.push(name.to_owned());
            }
        };
        for service in file.services() {
            want(service.path(), service.full_name());
            for method in service.methods() {
                want(method.path(), method.full_name());
            }
        }
        for message in file.messages() {
            want(message.path(), message.full_name());
            for field in message.fields() {
                want(field.path(), field.full_name());
            }
        }
        for kind in file.enums() {
            want(kind.path(), kind.full_name());
            for value in kind.values() {
                want(value.path(), value.full_name());
            }
        }
    }
    assert!(bare.is_empty(), "without a comment: {bare:?}");
}

/// AIP-155. ImportRoster is keyed by the file's hash, Reconcile has the id in its header; what a bureau implements is keyed by `handoff_id`.
#[test]
fn every_mutation_carries_a_request_id() {
    const READS: &[&str] = &["Get", "List", "Search", "Export", "Check", "Pull"];
    for method in contract::methods() {
        let name = method.name();
        let keyed_otherwise = ["ImportRoster", "Reconcile"].contains(&name)
            || method.parent_service().full_name() == "redress.bureau.v1.BureauEnrollmentService";
        if READS.iter().any(|verb| name.starts_with(verb)) {
            assert!(field(&method, "request_id").is_none(), "{name} only reads");
        } else if !keyed_otherwise {
            let id = field(&method, "request_id").unwrap_or_else(|| panic!("{name}: no id"));
            assert_eq!((id.number(), id.kind()), (1, Kind::String), "{name}");
        }
    }
}

/// AIP-158. A search for a person has a bound and no pages, so that nobody walks through the roster by common names.
#[test]
fn every_list_is_paged() {
    for method in contract::methods() {
        if method.name() == "SearchIndividuals" {
            assert!(field(&method, "page_token").is_none());
            assert!(method.output().get_field_by_name("more").is_some());
            continue;
        }
        if !method.name().starts_with("List") && !method.name().starts_with("Search") {
            continue;
        }
        assert!(field(&method, "page_size").is_some(), "{}", method.name());
        assert!(field(&method, "page_token").is_some(), "{}", method.name());
        let next = method.output().get_field_by_name("next_page_token");
        assert!(next.is_some(), "{}", method.name());
        let listed = method.output().get_field(1).expect("field 1 is the list");
        assert_eq!(
            listed.cardinality(),
            Cardinality::Repeated,
            "{}",
            method.name()
        );
    }
}

#[test]
fn every_request_and_response_belongs_to_its_own_method() {
    for method in contract::methods() {
        let name = method.name();
        assert_eq!(method.input().name(), format!("{name}Request"));
        assert_eq!(method.output().name(), format!("{name}Response"));
    }
}

fn field(method: &MethodDescriptor, name: &str) -> Option<FieldDescriptor> {
    method.input().get_field_by_name(name)
}

fn is_redacted(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let redact = options.get_field_by_name("debug_redact");
    redact.and_then(|value| value.as_bool()).unwrap_or(false)
}

/// For each round one field of every oneof, until every field had its turn.
fn oneof_choices(message: &MessageDescriptor) -> Vec<Vec<FieldDescriptor>> {
    let rounds = message.oneofs().map(|oneof| oneof.fields().len()).max();
    (0..rounds.unwrap_or(1))
        .map(|round| {
            message
                .oneofs()
                .filter_map(|oneof| oneof.fields().nth(round % oneof.fields().len()))
                .collect()
        })
        .collect()
}

fn fill(message: &MessageDescriptor, chosen: &[FieldDescriptor], depth: u32) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    if depth > 4 {
        return filled;
    }
    for field in message.fields() {
        if field.containing_oneof().is_some() && !chosen.contains(&field) {
            continue;
        }
        let value = value(&field, is_redacted(&field), depth);
        let value = match value {
            value if field.is_map() => {
                Value::Map([(MapKey::String(OPEN.into()), value)].into_iter().collect())
            }
            value if field.is_list() => Value::List(vec![value]),
            value => value,
        };
        filled.set_field(&field, value);
    }
    filled
}

fn value(field: &FieldDescriptor, secret: bool, depth: u32) -> Value {
    let text = if secret { PLANTED } else { OPEN };
    let number = if secret { PLANTED_NUMBER } else { 1 };
    match field.kind() {
        Kind::String => Value::String(text.into()),
        Kind::Bytes => Value::Bytes(text.as_bytes().to_vec().into()),
        Kind::Bool => Value::Bool(true),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number.into()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number.unsigned_abs()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number.unsigned_abs().into()),
        Kind::Float => Value::F32(1.0),
        Kind::Double => Value::F64(1.0),
        Kind::Enum(_) => Value::EnumNumber(1),
        Kind::Message(inner) if secret => Value::Message(plant(&inner, depth + 1)),
        Kind::Message(inner) => {
            let chosen = oneof_choices(&inner).into_iter().next().unwrap_or_default();
            Value::Message(fill(&inner, &chosen, depth + 1))
        }
    }
}

/// Plants in every field, redacted or not: the message stands where all of it is redacted.
fn plant(message: &MessageDescriptor, depth: u32) -> DynamicMessage {
    let mut planted = DynamicMessage::new(message.clone());
    if depth > 4 {
        return planted;
    }
    for field in message.fields() {
        let value = value(&field, true, depth);
        let value = if field.is_list() {
            Value::List(vec![value])
        } else {
            value
        };
        planted.set_field(&field, value);
    }
    planted
}

#[test]
fn the_descriptor_set_tells_comments_and_options_to_reflection() {
    let pool: DescriptorPool = contract::pool();
    let subject = pool
        .get_message_by_name("redress.bureau.v1.Subject")
        .expect("Subject");
    assert!(is_redacted(&subject.get_field_by_name("ssn").expect("ssn")));
}
