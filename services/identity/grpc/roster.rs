//! RosterService.

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::identity::error::Error;
use crate::identity::mail::read::{self as history, List};
use crate::identity::mail::record::{self, Record};
use crate::identity::roster::import::{Header, Part};
use crate::identity::roster::row::{RawColumns, RawRow};
use crate::identity::roster::{export, import, read};
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::secrets::Secret;
use crate::kernel::server::draining_of;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::identity::v1::roster_service_server::RosterService;

use super::{Handlers, call_of, mail, status, write};
use crate::kernel::fields::Fields;
use crate::kernel::paging;

/// Messages that wait for a slow reader; beyond that the work waits.
const AHEAD: usize = 2;

#[tonic::async_trait]
impl RosterService for Handlers {
    type ImportRosterStream = BoxStream<'static, Result<wire::ImportRosterResponse, Status>>;
    type ExportMailingAddressesStream =
        BoxStream<'static, Result<wire::ExportMailingAddressesResponse, Status>>;

    async fn import_roster(
        &self,
        request: Request<Streaming<wire::ImportRosterRequest>>,
    ) -> Result<Response<Self::ImportRosterStream>, Status> {
        let call = call_of(&request)?;
        let draining = draining_of(&request);
        // What was read before the process drains is settled and answered; nothing is read after.
        let parts = request
            .into_inner()
            .take_until(draining.clone().cancelled_owned());
        let parts = parts.map(|part| part.map_err(broken).and_then(part_of));
        let last = futures::stream::poll_fn(move |_| {
            std::task::Poll::Ready(draining.is_cancelled().then_some(Err(Error::ShuttingDown)))
        });
        let (sender, answers) = mpsc::channel(import::ANSWERS);
        tokio::spawn(import::run(
            self.context.clone(),
            call,
            parts.chain(last.take(1)).boxed(),
            sender,
        ));
        let answers = ReceiverStream::new(answers)
            .map(|answer| answer.map(|answer| write::answer(&answer)).map_err(status));
        Ok(Response::new(answers.boxed()))
    }

    async fn get_individual(
        &self,
        request: Request<wire::GetIndividualRequest>,
    ) -> Result<Response<wire::GetIndividualResponse>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let id: IndividualId = fields.id("individual_id", &message.individual_id);
        fields.finish()?;
        let masked = read::get_individual(&self.context, &call, campaign, id)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::GetIndividualResponse {
            individual: Some(write::masked(masked)),
        }))
    }

    async fn export_mailing_addresses(
        &self,
        request: Request<wire::ExportMailingAddressesRequest>,
    ) -> Result<Response<Self::ExportMailingAddressesStream>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let after: Option<IndividualId> =
            fields.maybe_id("after_individual_id", &message.after_individual_id);
        fields.finish()?;
        let (sender, pages) = mpsc::channel(AHEAD);
        tokio::spawn(export::run(
            self.context.clone(),
            call,
            campaign,
            after,
            sender,
        ));
        let answers =
            ReceiverStream::new(pages).map(|page| page.map(write::addresses).map_err(status));
        Ok(Response::new(answers.boxed()))
    }

    async fn record_mail_events(
        &self,
        request: Request<wire::RecordMailEventsRequest>,
    ) -> Result<Response<wire::RecordMailEventsResponse>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let fits = (1..=record::MOST).contains(&message.events.len());
        fields.demand(fits, "events", "must be 1 to 1,000 events");
        fields.finish()?;
        let request = self
            .request(&call, id, "RecordMailEvents", message)
            .map_err(status)?;
        let command = Record {
            request,
            campaign,
            events: message.events.iter().map(mail::event).collect(),
        };
        let verdicts = record::record(&self.context, &call, &command).await;
        let verdicts = verdicts.map_err(status)?;
        let verdicts = verdicts.into_iter().enumerate();
        Ok(Response::new(wire::RecordMailEventsResponse {
            verdicts: verdicts.map(mail::verdict).collect(),
        }))
    }

    async fn list_mail_events(
        &self,
        request: Request<wire::ListMailEventsRequest>,
    ) -> Result<Response<wire::ListMailEventsResponse>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let individual: IndividualId = fields.id("individual_id", &message.individual_id);
        fields.finish()?;
        let query = List {
            campaign,
            individual,
            size: paging::page_size(message.page_size)?,
            token: &message.page_token,
        };
        let listed = history::list(&self.context, &call, &query).await;
        let (events, next_page_token) = listed.map_err(status)?;
        Ok(Response::new(wire::ListMailEventsResponse {
            events: events.into_iter().map(mail::past).collect(),
            next_page_token,
        }))
    }

    async fn get_roster_statistics(
        &self,
        request: Request<wire::GetRosterStatisticsRequest>,
    ) -> Result<Response<wire::GetRosterStatisticsResponse>, Status> {
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &request.get_ref().campaign_id);
        fields.finish()?;
        let statistics = read::statistics(&self.context, campaign)
            .await
            .map_err(status)?;
        Ok(Response::new(write::statistics(&statistics)))
    }
}

/// A stream that broke off: nobody reads the answer, the log line says why the import stopped.
fn broken(_: Status) -> Error {
    Error::field("part", "could not be read; send the file again")
}

fn part_of(message: wire::ImportRosterRequest) -> Result<Part, Error> {
    use wire::import_roster_request::Part as Wire;
    match message.part {
        None => Err(Error::field("part", "must be a header, a chunk or an end")),
        Some(Wire::Header(header)) => header_of(&header).map(Part::Header),
        Some(Wire::Chunk(chunk)) => Ok(Part::Chunk(chunk.rows.into_iter().map(row_of).collect())),
        Some(Wire::End(end)) => Ok(Part::End { rows: end.rows }),
    }
}

fn header_of(header: &wire::ImportHeader) -> Result<Header, Error> {
    let mut fields = Fields::default();
    let campaign = fields.id("header.campaign_id", &header.campaign_id);
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
            covered_entity: row.covered_entity,
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
            locale: row.locale,
        },
    }
}
