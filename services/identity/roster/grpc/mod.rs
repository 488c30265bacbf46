//! The roster's RPCs.

pub mod import;
mod listing;
mod search;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;

use crate::db::entities::confirmation_code::Channel;
use crate::db::entities::individual::DataElement;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::mask::MaskedContact;
use crate::identity::roster::row::RawColumns;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::paging::{self, Room};
use crate::kernel::secrets::Secret;
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::date;
use crate::process::convert::population_to_wire;
use crate::wire::google::r#type::Date;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::identity::v1::get_individual_request::Person;
use crate::wire::redress::r#type::v1 as types;

use super::export::{self, Addressee};
use super::get::{self, Masked};
use super::history;
use super::statistics::{self, Statistics};
use super::substitute_notice::{SubstituteNotice, Undeliverable};
use super::whom::Whom;

pub use listing::{export_unreachable, list_individuals, withdraw_listings};
pub use search::search_individuals;

/// Messages that wait for a slow reader; when they are full the export waits.
const AHEAD: usize = 2;

/// The most rows of a page.
const PAGE: u64 = 500;

/// GetIndividual.
pub async fn get_individual(
    context: &Context,
    request: &Request<wire::GetIndividualRequest>,
) -> Result<wire::GetIndividualResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let whom = message.person.as_ref().map(|person| match person {
        Person::IndividualId(id) => Whom::Individual(fields.id("individual_id", id)),
        Person::VerificationId(id) => Whom::Verification(fields.id("verification_id", id)),
        Person::EnrollmentId(id) => Whom::Enrollment(fields.id("enrollment_id", id)),
    });
    fields.finish()?;
    let whom = whom.ok_or_else(|| Error::field("person", "must be given"))?;
    let individual = get::get_individual(context, &call, campaign, whom).await?;
    Ok(wire::GetIndividualResponse {
        individual: Some(masked(individual)),
    })
}

/// ListCorrections.
pub async fn list_corrections(
    context: &Context,
    request: &Request<wire::ListCorrectionsRequest>,
) -> Result<wire::ListCorrectionsResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let id: IndividualId = fields.id("individual_id", &message.individual_id);
    fields.finish()?;
    let size = paging::page_size(message.page_size)?.min(PAGE);
    let filter: [&[u8]; 3] = [b"corrections", campaign.as_bytes(), id.as_bytes()];
    let after = paging::page_after(&filter, &message.page_token)?;
    let page = (after, size);
    let found = history::list_corrections(context, &call, campaign, id, page).await?;
    let entries = found.into_iter().map(|row| {
        let correction = wire::RosterCorrection {
            fields: row.fields()?,
            correct_time: Some(row.changed_at.to_proto()),
            actor: row.changed_by,
            import_id: row.import_id.to_string(),
        };
        Ok((row.changed_at, correction))
    });
    let entries: Vec<_> = entries.collect::<Result<_, crate::db::Error>>()?;
    let room = Room {
        rows: size,
        bytes: largest_of(request),
        filter: &filter,
    };
    let (corrections, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListCorrectionsResponse {
        corrections,
        next_page_token,
    })
}

/// ExportMailingAddresses.
pub async fn export_mailing_addresses(
    context: &Context,
    request: &Request<wire::ExportMailingAddressesRequest>,
) -> Result<BoxStream<'static, Result<wire::ExportMailingAddressesResponse, Error>>, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let after: Option<IndividualId> =
        fields.maybe_id("after_individual_id", &message.after_individual_id);
    fields.finish()?;
    let (sender, pages) = mpsc::channel(AHEAD);
    tokio::spawn(export::export_mailing_addresses(
        context.clone(),
        call,
        campaign,
        after,
        sender,
    ));
    let pages = ReceiverStream::new(pages);
    Ok(pages.map(|page| page.map(addresses)).boxed())
}

/// GetRosterStatistics.
pub async fn get_roster_statistics(
    context: &Context,
    request: &Request<wire::GetRosterStatisticsRequest>,
) -> Result<wire::GetRosterStatisticsResponse, Error> {
    let mut fields = Fields::default();
    let campaign: CampaignId = context
        .campaign_id(&mut fields, &request.get_ref().campaign)
        .await?;
    fields.finish()?;
    let counted = statistics::get_roster_statistics(context, campaign).await?;
    Ok(roster_statistics(&counted))
}

fn masked(masked: Masked) -> wire::MaskedIndividual {
    wire::MaskedIndividual {
        individual_id: masked.individual.to_string(),
        masked_name: masked.name,
        birth_year: masked.birth_year.map_or(0, i32::from),
        has_ssn: masked.has_ssn,
        region: masked.region,
        population: population_to_wire(masked.population).into(),
        mailable: masked.mailable,
        contacts: contacts(masked.contacts),
        covered_entity_keys: masked.entities,
        data_elements: masked.data_elements.into_iter().map(element).collect(),
        language_code: masked.language,
        confidential_communication: masked.confidential,
        withdraw_time: masked.withdrawn_at.map(Timestamp::to_proto),
    }
}

fn element(element: DataElement) -> i32 {
    match element {
        DataElement::Name => types::DataElement::Name,
        DataElement::Address => types::DataElement::Address,
        DataElement::DateOfBirth => types::DataElement::DateOfBirth,
        DataElement::Ssn => types::DataElement::Ssn,
        DataElement::Medical => types::DataElement::Medical,
        DataElement::HealthInsurance => types::DataElement::HealthInsurance,
        DataElement::FinancialAccount => types::DataElement::FinancialAccount,
        DataElement::PaymentCard => types::DataElement::PaymentCard,
        DataElement::DriversLicense => types::DataElement::DriversLicense,
        DataElement::Passport => types::DataElement::Passport,
        DataElement::Login => types::DataElement::Login,
        DataElement::Biometric => types::DataElement::Biometric,
        DataElement::Other => types::DataElement::Other,
    }
    .into()
}

fn channel(channel: Channel) -> i32 {
    match channel {
        Channel::Email => wire::ContactChannel::Email,
        Channel::Sms => wire::ContactChannel::Sms,
        Channel::Voice => wire::ContactChannel::Voice,
    }
    .into()
}

/// Writes masked contacts.
pub fn contacts(contacts: Vec<MaskedContact>) -> Vec<wire::MaskedContact> {
    let contact = |contact: MaskedContact| wire::MaskedContact {
        contact_id: contact.id.to_string(),
        channel: channel(contact.channel),
        masked: contact.masked,
    };
    contacts.into_iter().map(contact).collect()
}

fn addresses(page: Vec<Addressee>) -> wire::ExportMailingAddressesResponse {
    let address = |one: Addressee| wire::MailingAddress {
        individual_id: one.individual.to_string(),
        name: one.name.expose().clone(),
        lines: one.lines.iter().map(|line| line.expose().clone()).collect(),
        covered_entity_keys: one.entities,
        population: population_to_wire(one.population).into(),
        language_code: one.language.as_str().to_owned(),
    };
    wire::ExportMailingAddressesResponse {
        addresses: page.into_iter().map(address).collect(),
    }
}

fn roster_statistics(statistics: &Statistics) -> wire::GetRosterStatisticsResponse {
    let populations = statistics.populations.iter();
    wire::GetRosterStatisticsResponse {
        rows: statistics.rows,
        rejected: statistics.rejected,
        merged: statistics.merged,
        individuals: statistics.individuals,
        mailable: statistics.mailable,
        populations: populations
            .map(|(kind, individuals)| wire::PopulationCount {
                population: population_to_wire(*kind).into(),
                individuals: *individuals,
            })
            .collect(),
        withdrawn: statistics.withdrawn,
        last_import_date: statistics.last_import_at.and_then(utc_date),
        undeliverable: Some(undeliverable(String::new(), statistics.undeliverable)),
        undeliverable_by_covered_entity: statistics
            .undeliverable_by_entity
            .iter()
            .map(|(key, count)| undeliverable(key.clone(), *count))
            .collect(),
    }
}

fn undeliverable(covered_entity: String, count: Undeliverable) -> wire::UndeliverableCount {
    let notice = count.substitute_notice();
    let substitute_notice = match notice {
        SubstituteNotice::None => wire::SubstituteNotice::None,
        SubstituteNotice::OtherMeans => wire::SubstituteNotice::OtherMeans,
        SubstituteNotice::Conspicuous => wire::SubstituteNotice::Conspicuous,
    };
    wire::UndeliverableCount {
        covered_entity_key: covered_entity,
        individuals: count.individuals,
        deceased: count.deceased,
        substitute_notice: substitute_notice.into(),
        substitute_notice_text: notice.in_words().to_owned(),
    }
}

fn utc_date(at: Timestamp) -> Option<Date> {
    at.date_in(&jiff::tz::TimeZone::UTC).ok().map(date)
}

/// Gives a postal address as the columns of a roster row.
pub fn address_columns(address: &types::PostalAddress) -> RawColumns {
    let hidden = |text: &String| Secret::new(text.clone());
    RawColumns {
        address_line1: hidden(&address.line1),
        address_line2: hidden(&address.line2),
        city: hidden(&address.city),
        region: hidden(&address.region),
        postal_code: hidden(&address.postal_code),
        country: hidden(&address.country),
        ..RawColumns::default()
    }
}
