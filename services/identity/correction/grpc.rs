//! CorrectEnrollment, from the wire and to it.

use tonic::Request;

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::address;
use crate::identity::roster::grpc::address_columns;
use crate::identity::roster::reject::{Column, Reject};
use crate::identity::roster::row::{self, RawColumns};
use crate::kernel::fields::Fields;
use crate::kernel::person::{Person, Text};
use crate::kernel::secrets::Secret;
use crate::process::Call;
use crate::wire::google::r#type::Date;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::{PersonName, PostalAddress};

use super::correct::{self, Correct};

/// The most names or addresses from before.
const MOST: usize = 10;
/// The most characters of a name or an address from before.
const LONGEST: usize = 400;

/// CorrectEnrollment.
pub async fn correct_enrollment(
    context: &Context,
    request: &Request<wire::CorrectEnrollmentRequest>,
) -> Result<wire::CorrectEnrollmentResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let enrollment = fields.id("enrollment_id", &message.enrollment_id);
    let verification = fields.id("verification_id", &message.verification_id);
    let given = message.correction.clone().unwrap_or_default();
    let named = named(&given);
    fields.demand(
        !named.is_empty(),
        "correction",
        "must have at least one field",
    );
    let correction = read(context, &mut fields, &given);
    fields.finish()?;
    let command = Correct {
        request: call.request(context, id, "CorrectEnrollment", message)?,
        campaign,
        enrollment,
        verification,
        correction,
        fields: named,
    };
    let at = correct::correct_enrollment(context, &call, &command).await?;
    Ok(wire::CorrectEnrollmentResponse {
        update_time: Some(at.to_proto()),
    })
}

/// Gives the names of the fields that are given.
fn named(given: &wire::Correction) -> Vec<&'static str> {
    let is_given = [
        ("name", given.name.is_some()),
        ("prior_names", !given.prior_names.is_empty()),
        ("address", given.address.is_some()),
        ("prior_addresses", !given.prior_addresses.is_empty()),
        ("date_of_birth", given.date_of_birth.is_some()),
        ("ssn", !given.ssn.is_empty()),
        ("email", !given.email.is_empty()),
        ("phone", !given.phone.is_empty()),
        ("language_code", !given.language_code.is_empty()),
    ];
    let given = is_given.into_iter().filter(|(_, is_given)| *is_given);
    given.map(|(name, _)| name).collect()
}

/// Reads a correction under the rules of a roster row; names the fields that are wrong, never a value.
fn read(context: &Context, fields: &mut Fields, given: &wire::Correction) -> Person {
    let today = context.now().date_in(&jiff::tz::TimeZone::UTC);
    let today = today.unwrap_or_default();
    let parsed = row::parse_correction(&columns(given), today, context.rules.sandbox_ssn);
    let is_read = parsed.is_ok();
    let mut person = take(fields, parsed).unwrap_or_default();
    let rule = "must be an address that somebody reads";
    let is_taken = given.email.is_empty() || person.email.is_some();
    fields.demand(is_taken || !is_read, "correction.email", rule);
    let is_taken = given.phone.is_empty() || person.phone.is_some();
    let rule = "must be a number that somebody answers";
    fields.demand(is_taken || !is_read, "correction.phone", rule);
    let one = person.other_emails.is_empty();
    fields.demand(one, "correction.email", "must be one address");
    let one = person.other_phones.is_empty();
    fields.demand(one, "correction.phone", "must be one number");
    let is_whole = given.name.is_none() || !person.family_name.expose().is_empty();
    let rule = "must be given";
    fields.demand(is_whole || !is_read, "correction.name.family_name", rule);
    let place = given.address.as_ref();
    let place = place.map(|place| row::parse_address(&address_columns(place)));
    if let Some(place) = place.and_then(|place| take(fields, place)) {
        let rule = "must be an address that somebody can write to";
        fields.demand(address::is_mailable(&place), "correction.address", rule);
        address::replace(&mut person, &place);
    }
    let names = given.prior_names.iter().map(name_line).collect();
    person.prior_names = lines(fields, "correction.prior_names", names);
    let places = given.prior_addresses.iter().map(address_line).collect();
    person.prior_addresses = lines(fields, "correction.prior_addresses", places);
    person
}

/// Takes what can be read; names the field that cannot.
fn take(fields: &mut Fields, parsed: Result<Person, Reject>) -> Option<Person> {
    parsed
        .map_err(|reject| fields.wrong(path(reject.column), reject.help()))
        .ok()
}

const fn path(column: Column) -> &'static str {
    match column {
        Column::GivenName => "correction.name.given_name",
        Column::MiddleName => "correction.name.middle_name",
        Column::FamilyName => "correction.name.family_name",
        Column::Suffix => "correction.name.suffix",
        Column::DateOfBirth => "correction.date_of_birth",
        Column::Ssn => "correction.ssn",
        Column::AddressLine1 => "correction.address.line1",
        Column::AddressLine2 => "correction.address.line2",
        Column::City => "correction.address.city",
        Column::Region => "correction.address.region",
        Column::PostalCode => "correction.address.postal_code",
        Column::Country => "correction.address.country",
        Column::Phone => "correction.phone",
        Column::Email => "correction.email",
        Column::Language => "correction.language_code",
        Column::PriorNames => "correction.prior_names",
        Column::PriorAddresses => "correction.prior_addresses",
        Column::ExternalRef
        | Column::CoveredEntity
        | Column::Population
        | Column::DataElements
        | Column::ConfidentialCommunication => "correction",
    }
}

fn columns(given: &wire::Correction) -> RawColumns {
    let name = given.name.clone().unwrap_or_default();
    let date = given.date_of_birth.as_ref().map(day).unwrap_or_default();
    RawColumns {
        given_name: Secret::new(name.given_name),
        middle_name: Secret::new(name.middle_name),
        family_name: Secret::new(name.family_name),
        suffix: Secret::new(name.suffix),
        date_of_birth: Secret::new(date),
        ssn: Secret::new(given.ssn.clone()),
        email: Secret::new(given.email.clone()),
        phone: Secret::new(given.phone.clone()),
        language: given.language_code.clone(),
        ..RawColumns::default()
    }
}

/// A date that is none is read as one that cannot be.
fn day(date: &Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

fn lines(fields: &mut Fields, path: &str, given: Vec<Text>) -> Vec<Text> {
    fields.demand(given.len() <= MOST, path, "must be at most 10");
    for (at, text) in given.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let _ = fields.text(path, text.expose(), LONGEST);
    }
    given
}

fn name_line(name: &PersonName) -> Text {
    joined(
        &[
            &name.given_name,
            &name.middle_name,
            &name.family_name,
            &name.suffix,
        ],
        " ",
    )
}

fn address_line(place: &PostalAddress) -> Text {
    let parts = [
        &place.line1,
        &place.line2,
        &place.city,
        &place.region,
        &place.postal_code,
        &place.country,
    ];
    joined(&parts, ", ")
}

fn joined(parts: &[&String], with: &str) -> Text {
    let parts = parts.iter().map(|part| part.trim());
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    Secret::new(parts.join(with))
}
