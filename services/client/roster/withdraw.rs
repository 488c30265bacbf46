//! A list of rows that a covered entity takes off its list, read and sent.

use std::path::Path;

use super::rejects::{Listed, REASON, Rejects};
use crate::client::connect::Channels;
use crate::client::convert::state;
use crate::client::problem::{OrProblem, Problem};
use crate::client::progress::{Show, Unit};
use crate::client::request::new_request_id;
use crate::client::table::columns::{Column, Vocabulary};
use crate::client::table::{Options, Table};
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::{ItemResult, ItemVerdict};
use wire::listing::Entry;
use wire::roster_service_client::RosterServiceClient;

/// The most listings of one call.
const MOST: usize = 1_000;

/// The columns of such a list; `redress roster missing` writes one as CSV.
static LISTINGS: Vocabulary = Vocabulary::new(
    "listings",
    &[
        Column::required(
            "covered_entity",
            "entity entities coveredentitykey provider facility",
        ),
        Column::optional(
            "external_ref",
            "reference ref mrn medicalrecordnumber patientid memberid",
        ),
        Column::optional("individual_id", "individual letterid"),
    ],
);

/// What is asked for the whole list.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The campaign's id.
    pub campaign_id: String,
    /// Why, for the audit log.
    pub reason: String,
    /// Whether the listings are put back.
    pub restore: bool,
}

/// What a list came to.
#[derive(Clone, Debug, Default)]
pub struct Withdrawn {
    /// In one line what the file is, and what was passed over in it.
    pub detected: (String, Vec<String>),
    /// Listings in it.
    pub listings: u64,
    /// Taken off the list, or put back.
    pub changed: u64,
    /// Which were so before.
    pub unchanged: u64,
    /// Whom nobody lists any more, or who is listed again.
    pub individuals: i64,
    /// How many of them had a letter printed.
    pub with_letters: i64,
    /// Where the rejects are.
    pub listed: Listed,
}

/// Sends a list in calls of many; each listing is judged by itself, and sending the list again changes nothing.
pub async fn withdraw(
    channels: &Channels,
    wish: &Wish,
    path: &Path,
    options: &Options,
    show: Show,
) -> Result<Withdrawn, Problem> {
    let mut table = Table::open(path, &LISTINGS, options)?;
    let mut client = RosterServiceClient::new(channels.identity.clone());
    let mut rejects = Rejects::create(path)?;
    let mut found = Withdrawn::default();
    let bar = show("sending the list", Unit::Bytes);
    loop {
        let (lines, listings) = next(&mut table, &mut rejects, &mut found)?;
        if lines.is_empty() {
            break;
        }
        let request = wire::WithdrawListingsRequest {
            request_id: new_request_id(),
            campaign: wish.campaign_id.clone(),
            listings,
            reason: wish.reason.clone(),
            restore: wish.restore,
        };
        let answer = client.withdraw_listings(request).await;
        let answer = answer.or_problem("change the list")?;
        found.individuals += answer.individuals;
        found.with_letters += answer.with_letters;
        for (line, verdict) in lines.iter().zip(&answer.verdicts) {
            take(*line, verdict, &mut found, &mut rejects)?;
        }
        let (done, all) = table.progress();
        bar.set(done, all);
    }
    drop(bar);
    found.detected = (table.detected().to_owned(), table.notes());
    found.listed = rejects.finish()?;
    Ok(found)
}

/// Reads the next listings with their lines; none at the end of the file.
fn next(
    table: &mut Table,
    rejects: &mut Rejects,
    found: &mut Withdrawn,
) -> Result<(Vec<i64>, Vec<wire::Listing>), Problem> {
    let (mut lines, mut listings) = (Vec::new(), Vec::new());
    while listings.len() < MOST
        && let Some(row) = table.next_row()?
    {
        found.listings += 1;
        if let Some(trouble) = &row.trouble {
            rejects.note(row.line, "", "MALFORMED", trouble)?;
            continue;
        }
        let cell = |at: usize| row.cells.get(at).map_or("", |cell| cell.trim()).to_owned();
        let entry = match (cell(1), cell(2)) {
            (reference, _) if !reference.is_empty() => Some(Entry::ExternalRef(reference)),
            (_, id) if !id.is_empty() => Some(Entry::IndividualId(id)),
            _ => None,
        };
        lines.push(row.line);
        listings.push(wire::Listing {
            covered_entity_key: cell(0),
            entry,
        });
    }
    Ok((lines, listings))
}

fn take(
    line: i64,
    verdict: &ItemVerdict,
    found: &mut Withdrawn,
    rejects: &mut Rejects,
) -> Result<(), Problem> {
    match verdict.result() {
        ItemResult::Applied => found.changed += 1,
        ItemResult::Unchanged => found.unchanged += 1,
        ItemResult::Refused | ItemResult::Unspecified => {
            let reason = state(verdict.reason().as_str_name(), REASON);
            rejects.note(line, column_of(&verdict.field), &reason, &verdict.help)?;
        }
    }
    Ok(())
}

/// Gives the column in which a field of a listing stands.
fn column_of(field: &str) -> &'static str {
    let field = field.split_once("].").map_or(field, |(_, field)| field);
    match field {
        "covered_entity_key" => "covered_entity",
        "external_ref" | "entry" => "external_ref",
        "individual_id" => "individual_id",
        _ => "",
    }
}
