//! The roster's RPCs.

use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::civil;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Streaming};

use crate::db::entities::confirmation_code::Channel;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::secrets::Secret;
use crate::kernel::server::draining_of;
use crate::process::convert::population_to_wire;
use crate::process::{self, Call};
use crate::wire::google::r#type::Date;
use crate::wire::redress::identity::v1 as wire;

use super::export::{self, Addressee};
use super::get::{self, Masked};
use super::import::{self, Answer, Header, Part, Totals};
use super::reject::{Cause, Reject};
use super::row::{RawColumns, RawRow};
use super::statistics::{self, Statistics};
use super::substitute_notice::{SubstituteNotice, Undeliverable};

/// Messages that wait for a slow reader; when they are full the export waits.
const AHEAD: usize = 2;

/// ImportRoster.
pub fn import_roster(
    context: &Context,
    request: Request<Streaming<wire::ImportRosterRequest>>,
) -> Result<BoxStream<'static, Result<wire::ImportRosterResponse, Error>>, Error> {
    let call = Call::of(&request)?;
    let draining = draining_of(&request);
    // What was read before the process drains is written and answered; nothing is read after.
    let parts = request
        .into_inner()
        .take_until(draining.clone().cancelled_owned());
    // A client that broke off its stream reads no answer; the log has the reason why the import stopped.
    let broken = || Error::field("part", "could not be read; send the file again");
    let reader = context.clone();
    let parts = parts.then(move |part| {
        let context = reader.clone();
        async move { part_of(&context, part.map_err(|_| broken())?).await }
    });
    let last = futures::stream::poll_fn(move |_| {
        std::task::Poll::Ready(
            draining
                .is_cancelled()
                .then_some(Err(process::Error::ShuttingDown.into())),
        )
    });
    let (sender, answers) = mpsc::channel(import::ANSWERS);
    tokio::spawn(import::import_roster(
        context.clone(),
        call,
        parts.chain(last.take(1)).boxed(),
        sender,
    ));
    let answers = ReceiverStream::new(answers);
    Ok(answers.map(|one| one.map(|one| answer(&one))).boxed())
}

/// GetIndividual.
pub async fn get_individual(
    context: &Context,
    request: &Request<wire::GetIndividualRequest>,
) -> Result<wire::GetIndividualResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let id: IndividualId = fields.id("individual_id", &message.individual_id);
    fields.finish()?;
    let individual = get::get_individual(context, &call, campaign, id).await?;
    Ok(wire::GetIndividualResponse {
        individual: Some(masked(individual)),
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

async fn part_of(context: &Context, message: wire::ImportRosterRequest) -> Result<Part, Error> {
    use wire::import_roster_request::Part as Wire;
    match message.part {
        None => Err(Error::field("part", "must be a header, a chunk or an end")),
        Some(Wire::Header(header)) => header_of(context, &header).await.map(Part::Header),
        Some(Wire::Chunk(chunk)) => Ok(Part::Chunk(chunk.rows.into_iter().map(row_of).collect())),
        Some(Wire::End(end)) => Ok(Part::End { rows: end.rows }),
    }
}

async fn header_of(context: &Context, header: &wire::ImportHeader) -> Result<Header, Error> {
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &header.campaign).await?;
    let file_sha256 = header.file_sha256.to_ascii_lowercase();
    let is_hash =
        file_sha256.len() == 64 && file_sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    fields.demand(
        is_hash,
        "header.file_sha256",
        "must be 64 hexadecimal digits",
    );
    fields.finish()?;
    Ok(Header {
        campaign,
        file_sha256,
    })
}

fn row_of(row: wire::RosterRow) -> RawRow {
    RawRow {
        line: row.line,
        columns: RawColumns {
            external_ref: Secret::new(row.external_ref),
            covered_entity: row.covered_entity_key,
            given_name: Secret::new(row.given_name),
            middle_name: Secret::new(row.middle_name),
            family_name: Secret::new(row.family_name),
            suffix: Secret::new(row.suffix),
            date_of_birth: Secret::new(row.date_of_birth),
            ssn: Secret::new(row.ssn),
            address_line1: Secret::new(row.address_line1),
            address_line2: Secret::new(row.address_line2),
            city: Secret::new(row.city),
            region: Secret::new(row.region),
            postal_code: Secret::new(row.postal_code),
            country: Secret::new(row.country),
            phone: Secret::new(row.phone),
            email: Secret::new(row.email),
            population: row.population,
            locale: row.language_code,
        },
    }
}

fn answer(answer: &Answer) -> wire::ImportRosterResponse {
    wire::ImportRosterResponse {
        import_id: answer.import.to_string(),
        durable_line: answer.durable_line,
        totals: Some(totals(answer.totals)),
        rejected: answer
            .rejected
            .iter()
            .map(|(line, reject)| rejected(*line, *reject))
            .collect(),
        done: answer.done,
    }
}

fn totals(totals: Totals) -> wire::ImportTotals {
    wire::ImportTotals {
        rows: totals.rows,
        accepted: totals.accepted,
        merged: totals.merged,
        unchanged: totals.unchanged,
        rejected: totals.rejected,
    }
}

fn rejected(line: i64, reject: Reject) -> wire::RejectedRow {
    let reason = match reject.cause {
        Cause::Missing => wire::RejectReason::Missing,
        Cause::Malformed => wire::RejectReason::Malformed,
        Cause::TooLong => wire::RejectReason::TooLong,
        Cause::UnknownEntity => wire::RejectReason::UnknownEntity,
        Cause::SsnNeverIssued => wire::RejectReason::SsnNeverIssued,
        Cause::SsnOfAnother => wire::RejectReason::SsnOfAnother,
        Cause::RefConflict => wire::RejectReason::RefConflict,
        Cause::ImplausibleDate => wire::RejectReason::ImplausibleDate,
    };
    wire::RejectedRow {
        line,
        column: reject.column.as_str().to_owned(),
        reason: reason.into(),
        way_out: reject.way_out(),
    }
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
        covered_entity_keys: masked.entities.iter().map(ToString::to_string).collect(),
    }
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
pub fn contacts(contacts: Vec<(Channel, String)>) -> Vec<wire::MaskedContact> {
    let contact = |(kind, masked)| wire::MaskedContact {
        channel: channel(kind),
        masked,
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
        language_code: one.locale.as_str().to_owned(),
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

/// Writes a civil date.
pub fn date(date: civil::Date) -> Date {
    Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}
