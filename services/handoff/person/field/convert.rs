//! What an order has in the fields that a layout can name. They are those of the contract's `EnrollmentOrder`, by the same names.

use crate::kernel::clock::Timestamp;
use crate::wire::redress::bureau::v1::{
    CancellationReason, ConsentChannel, EnrollmentOrder, HandoffKind, Subject,
};
use crate::wire::redress::r#type::v1::{PostalAddress, Relationship, Representative};

/// Gives what an order has in a field; empty where it has nothing.
pub fn value_of(order: &EnrollmentOrder, field: &str) -> String {
    match field {
        "handoff_id" => order.handoff_id.clone(),
        "kind" => word(order.kind().as_str_name(), "HANDOFF_KIND_"),
        "attempt" => order.attempt.to_string(),
        "cancels_handoff_id" => order.cancels_handoff_id.clone(),
        "cancellation_reason" => match order.cancellation_reason() {
            CancellationReason::Unspecified => String::new(),
            reason => word(reason.as_str_name(), "CANCELLATION_REASON_"),
        },
        "extends_handoff_id" => order.extends_handoff_id.clone(),
        "updates_handoff_id" => order.updates_handoff_id.clone(),
        "engagement_number" => order.engagement_number.clone(),
        "activation_code" => order.activation_code.clone(),
        "population" if has_nobody(order) => String::new(),
        "population" => word(order.population().as_str_name(), "POPULATION_"),
        "queue_date" => day(order.queue_time.as_ref()),
        _ => of_parts(order, field),
    }
}

fn has_nobody(order: &EnrollmentOrder) -> bool {
    matches!(order.kind(), HandoffKind::Cancel | HandoffKind::Extend)
}

fn of_parts(order: &EnrollmentOrder, field: &str) -> String {
    let subject = order.subject.as_ref();
    subject
        .and_then(|subject| of_subject(subject, field))
        .or_else(|| of_coverage(order, field))
        .or_else(|| of_consent(order, field))
        .unwrap_or_default()
}

fn of_coverage(order: &EnrollmentOrder, field: &str) -> Option<String> {
    let coverage = order.coverage.as_ref()?;
    Some(match field {
        "coverage_id" => coverage.coverage_id.clone(),
        "product_code" => coverage.product_code.clone(),
        "term_months" => coverage.term_months.to_string(),
        "contract_code" => coverage.contract_code.clone(),
        _ => return None,
    })
}

fn of_consent(order: &EnrollmentOrder, field: &str) -> Option<String> {
    let acting = order.representative.as_ref();
    let acting = acting.map(Representative::relationship);
    let consent = order.consent.as_ref()?;
    Some(match field {
        "consent_date" => day(consent.consent_time.as_ref()),
        "consent_version" => consent.version.clone(),
        "consent_channel" if consent.channel() == ConsentChannel::Unspecified => String::new(),
        "consent_channel" => word(consent.channel().as_str_name(), "CONSENT_CHANNEL_"),
        "consent_sha256" => consent.text_sha256.clone(),
        "representative_relationship" => match acting {
            None | Some(Relationship::Unspecified) => String::new(),
            Some(relationship) => word(relationship.as_str_name(), "RELATIONSHIP_"),
        },
        _ => return None,
    })
}

fn of_subject(subject: &Subject, field: &str) -> Option<String> {
    let name = subject.name.clone().unwrap_or_default();
    let address = subject.address.clone().unwrap_or_default();
    Some(match field {
        "given_name" => name.given_name,
        "middle_name" => name.middle_name,
        "family_name" => name.family_name,
        "suffix" => name.suffix,
        "date_of_birth" => subject.date_of_birth.map_or_else(String::new, |born| {
            format!("{:04}-{:02}-{:02}", born.year, born.month, born.day)
        }),
        "ssn" => subject.ssn.clone(),
        "email" => subject.email.clone(),
        "phone" => subject.phone.clone(),
        "language_code" => subject.language_code.clone(),
        _ => return of_address(address, field),
    })
}

fn of_address(address: PostalAddress, field: &str) -> Option<String> {
    Some(match field {
        "line1" => address.line1,
        "line2" => address.line2,
        "city" => address.city,
        "region" => address.region,
        "postal_code" => address.postal_code,
        "country" => address.country,
        _ => return None,
    })
}

/// Gives a word of the contract without what stands before it.
fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

/// Gives the day of an instant, in UTC.
fn day(time: Option<&prost_types::Timestamp>) -> String {
    let instant = time.and_then(|time| Timestamp::from_proto(time).ok());
    let day = instant.and_then(|at| at.date_in(&jiff::tz::TimeZone::UTC).ok());
    day.map_or_else(String::new, |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::partner::order_fields::{NUMBERS, ORDER_FIELDS};
    use crate::wire::google::r#type::Date;
    use crate::wire::redress::bureau::v1::{ConsentEvidence, OrderedCoverage};
    use crate::wire::redress::r#type::v1::{PersonName, Population};

    fn full() -> EnrollmentOrder {
        let text = String::from;
        let time = Some(prost_types::Timestamp {
            seconds: 1_438_430_400,
            nanos: 0,
        });
        EnrollmentOrder {
            handoff_id: text("h"),
            kind: HandoffKind::Enroll.into(),
            attempt: 1,
            engagement_number: text("B1"),
            coverage: Some(OrderedCoverage {
                coverage_id: text("c"),
                product_code: text("GOLD"),
                term_months: 24,
                contract_code: text("K"),
            }),
            cancels_handoff_id: text("x"),
            cancellation_reason: CancellationReason::Moved.into(),
            extends_handoff_id: text("y"),
            updates_handoff_id: text("z"),
            subject: Some(Subject {
                name: Some(PersonName {
                    given_name: text("Ada"),
                    middle_name: text("K"),
                    family_name: text("Lovelace"),
                    suffix: text("Jr"),
                }),
                date_of_birth: Some(Date {
                    year: 1815,
                    month: 12,
                    day: 1,
                }),
                ssn: text("666010001"),
                address: Some(PostalAddress {
                    line1: text("1 Elm St"),
                    line2: text("Apt 2"),
                    city: text("Gary"),
                    region: text("IN"),
                    postal_code: text("46402"),
                    country: text("US"),
                }),
                email: text("a@example.com"),
                phone: text("+12605550143"),
                language_code: text("en"),
                ..Subject::default()
            }),
            population: Population::Adult.into(),
            consent: Some(ConsentEvidence {
                version: text("v1"),
                text_sha256: text("00"),
                consent_time: time,
                channel: ConsentChannel::Web.into(),
                ..ConsentEvidence::default()
            }),
            activation_code: text("A-1"),
            queue_time: time,
            representative: Some(Representative {
                relationship: Relationship::Parent.into(),
                ..Representative::default()
            }),
            ..EnrollmentOrder::default()
        }
    }

    #[test]
    fn every_field_has_its_value() {
        let order = full();
        for field in ORDER_FIELDS {
            assert!(!value_of(&order, field).is_empty(), "{field}");
        }
        for field in NUMBERS {
            assert!(value_of(&order, field).parse::<u32>().is_ok(), "{field}");
        }
        assert_eq!(value_of(&order, "kind"), "ENROLL");
        assert_eq!(value_of(&order, "date_of_birth"), "1815-12-01");
        assert_eq!(value_of(&order, "consent_date"), "2015-08-01");
        assert_eq!(value_of(&order, "representative_relationship"), "PARENT");
    }

    #[test]
    fn a_cancellation_has_nothing_of_the_person() {
        let order = EnrollmentOrder {
            handoff_id: "h".into(),
            kind: HandoffKind::Cancel.into(),
            attempt: 1,
            cancels_handoff_id: "x".into(),
            ..EnrollmentOrder::default()
        };
        let said = ORDER_FIELDS
            .iter()
            .filter(|field| !value_of(&order, field).is_empty());
        let expected = ["handoff_id", "kind", "attempt", "cancels_handoff_id"];
        assert_eq!(said.copied().collect::<Vec<_>>(), expected);
    }
}
