//! Imports, from the wire and to it.

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Streaming};

use crate::db::entities::roster_import::{self, State};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::roster::import::{self, Answer, Header, Part, Totals};
use crate::identity::roster::imports;
use crate::identity::roster::plan::Outcome;
use crate::identity::roster::reject::{Cause, Reject};
use crate::identity::roster::row::{RawColumns, RawRow};
use crate::identity::roster::warning::{Warning, What};
use crate::kernel::clock::Timestamp;
use crate::kernel::dates::DateOrder;
use crate::kernel::fields::Fields;
use crate::kernel::paging::{self, Room};
use crate::kernel::secrets::Secret;
use crate::kernel::server::{draining_of, largest_of};
use crate::process::convert::Item;
use crate::process::{self, Call};
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::{ItemReason, ItemVerdict};

/// The most imports on one page.
const PAGE: u64 = 500;

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

/// GetImport.
pub async fn get_import(
    context: &Context,
    request: &Request<wire::GetImportRequest>,
) -> Result<wire::GetImportResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let id = fields.id("import_id", &message.import_id);
    fields.finish()?;
    let import = imports::get_import(context, campaign, id).await?;
    Ok(wire::GetImportResponse {
        import: Some(to_wire(&import)),
    })
}

/// ListImports.
pub async fn list_imports(
    context: &Context,
    request: &Request<wire::ListImportsRequest>,
) -> Result<wire::ListImportsResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let size = paging::page_size(message.page_size)?.min(PAGE);
    let filter: [&[u8]; 2] = [b"imports", campaign.as_bytes()];
    let before = paging::page_after(&filter, &message.page_token)?;
    let found = imports::list_imports(context, campaign, before, size).await?;
    let entries = found.iter().map(|import| (import.id, to_wire(import)));
    let room = Room {
        rows: size,
        bytes: largest_of(request),
        filter: &filter,
    };
    let (imports, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListImportsResponse {
        imports,
        next_page_token,
    })
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
    let date_order = match wire::DateOrder::try_from(header.date_order) {
        Ok(wire::DateOrder::Unspecified | wire::DateOrder::MonthFirst) => DateOrder::MonthFirst,
        Ok(wire::DateOrder::DayFirst) => DateOrder::DayFirst,
        Err(_) => {
            fields.wrong("header.date_order", "must be an order of the contract");
            DateOrder::MonthFirst
        }
    };
    fields.finish()?;
    Ok(Header {
        campaign,
        file_sha256,
        date_order,
        validate_only: header.validate_only,
        complete: header.complete,
    })
}

/// Takes a row as it came.
pub fn row_of(row: wire::RosterRow) -> RawRow {
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
            language: row.language_code,
            data_elements: Secret::new(row.data_elements),
            prior_names: Secret::new(row.prior_names),
            prior_addresses: Secret::new(row.prior_addresses),
            confidential: row.confidential_communication,
        },
    }
}

fn answer(answer: &Answer) -> wire::ImportRosterResponse {
    use wire::import_roster_response::Step;
    let totals = Some(totals(answer.totals));
    let step = match &answer.finished {
        Some(finished) => Step::Result(wire::ImportResult {
            totals,
            import: finished.import().map(to_wire),
        }),
        None => Step::Progress(wire::ImportProgress {
            import_id: answer.import.map(|id| id.to_string()).unwrap_or_default(),
            durable_line: answer.durable_line,
            totals,
            rejected: answer
                .rejected
                .iter()
                .map(|(line, reject)| rejected(*line, *reject))
                .collect(),
            warnings: answer
                .warnings
                .iter()
                .map(|(line, warning)| warned(*line, *warning))
                .collect(),
            matched: answer.matched.iter().filter_map(matched).collect(),
        }),
    };
    wire::ImportRosterResponse { step: Some(step) }
}

fn to_wire(import: &roster_import::Model) -> wire::Import {
    let state = match import.state {
        State::Running => wire::ImportState::Running,
        State::Done => wire::ImportState::Done,
    };
    wire::Import {
        import_id: import.id.to_string(),
        campaign_id: import.campaign_id.to_string(),
        file_sha256: import.file_sha256.clone(),
        state: state.into(),
        totals: Some(wire::ImportTotals {
            rows: import.rows,
            accepted: import.accepted,
            merged: import.merged,
            unchanged: import.unchanged,
            rejected: import.rejected,
            warned: import.warned,
            unmailable: import.unmailable,
            corrected: import.corrected,
            for_review: import.for_review,
        }),
        durable_line: import.durable_line,
        start_time: Some(import.started_at.to_proto()),
        finish_time: import.finished_at.map(Timestamp::to_proto),
        complete: import.complete,
    }
}

fn totals(totals: Totals) -> wire::ImportTotals {
    wire::ImportTotals {
        rows: totals.rows,
        accepted: totals.accepted,
        merged: totals.merged,
        unchanged: totals.unchanged,
        rejected: totals.rejected,
        warned: totals.warned,
        unmailable: totals.unmailable,
        corrected: totals.corrected,
        for_review: totals.for_review,
    }
}

/// Nothing where the row told of nobody known.
fn matched((line, outcome): &(i64, Outcome)) -> Option<wire::MatchedRow> {
    let (of, individual, other) = match outcome {
        Outcome::Merged(individual) => (wire::RowMatch::Merged, individual, None),
        Outcome::Doubtful(individual, other) => {
            (wire::RowMatch::ForReview, individual, Some(other))
        }
        Outcome::Accepted | Outcome::Corrected | Outcome::Unchanged | Outcome::Rejected(_) => {
            return None;
        }
    };
    Some(wire::MatchedRow {
        line: *line,
        r#match: of.into(),
        individual_id: individual.to_string(),
        other_individual_id: other.map(ToString::to_string).unwrap_or_default(),
    })
}

fn rejected(line: i64, reject: Reject) -> ItemVerdict {
    let reason = reason(reject.cause);
    Item::line(line).refused(reason, reject.column.as_str(), reject.help())
}

fn warned(line: i64, warning: Warning) -> ItemVerdict {
    let reason = match warning.what {
        What::LeftOut(cause) => reason(cause),
        What::Mended(_) => ItemReason::Mended,
        What::Undeliverable => ItemReason::AddressUndeliverable,
    };
    ItemVerdict {
        reason: reason.into(),
        field: warning.column.as_str().to_owned(),
        help: warning.help(),
        ..Item::line(line).applied()
    }
}

const fn reason(cause: Cause) -> ItemReason {
    match cause {
        Cause::Missing | Cause::NoValue => ItemReason::Missing,
        Cause::Malformed | Cause::DigitsLost | Cause::UnknownRegion | Cause::UnknownCountry => {
            ItemReason::Malformed
        }
        Cause::TooLong => ItemReason::TooLong,
        Cause::UnknownEntity => ItemReason::UnknownEntity,
        Cause::SsnNeverIssued => ItemReason::SsnNeverIssued,
        Cause::RefConflict => ItemReason::RefConflict,
        Cause::ImplausibleDate => ItemReason::ImplausibleDate,
    }
}
