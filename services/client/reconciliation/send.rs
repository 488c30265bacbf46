//! Sends a list, and does something about the differences that it showed.

use std::fmt::Write as _;

use crate::client::connect::Channels;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::r#type::v1::ItemVerdict;
use tonic_types::StatusExt;
use wire::reconcile_request::Part;
use wire::reconciliation_service_client::ReconciliationServiceClient;

use super::list::List;

/// Entries of one message.
pub(super) const CHUNK: usize = 1_000;
/// Differences of one call.
const MOST: usize = 500;

/// Whose list it is.
#[derive(Clone, Debug)]
pub struct Header {
    /// The campaign's id.
    pub campaign_id: String,
    /// The partner's id.
    pub partner_id: String,
    /// When the partner's books stood so.
    pub as_of_time: prost_types::Timestamp,
}

/// Sends a list to be compared. What the service says of its entries is said of their lines.
pub async fn send(
    channels: &Channels,
    header: Header,
    list: List,
) -> Result<wire::Reconciliation, Problem> {
    let List { entries, lines, .. } = list;
    let end = wire::ListEnd {
        entries: i64::try_from(entries.len()).unwrap_or(i64::MAX),
    };
    let header = wire::ListHeader {
        request_id: new_request_id(),
        campaign: header.campaign_id,
        partner_id: header.partner_id,
        as_of_time: Some(header.as_of_time),
    };
    let chunks: Vec<Part> = entries
        .chunks(CHUNK)
        .map(|entries| {
            Part::Chunk(wire::ListChunk {
                entries: entries.to_vec(),
            })
        })
        .collect();
    let parts = [Part::Header(header)]
        .into_iter()
        .chain(chunks)
        .chain([Part::End(end)]);
    let parts = parts.map(|part| wire::ReconcileRequest { part: Some(part) });
    let answer = client(channels).reconcile(tokio_stream::iter(parts)).await;
    let answer = answer.map_err(|status| by_line("compare the list", &status, &lines));
    Ok(answer?.into_inner().reconciliation.unwrap_or_default())
}

/// Says of lines what the service says of entries.
pub(super) fn by_line(doing: &str, status: &tonic::Status, lines: &[i64]) -> Problem {
    let violations = status.get_details_bad_request();
    let violations = violations.map(|it| it.field_violations).unwrap_or_default();
    let mut said = Vec::new();
    for violation in violations {
        let text = format!("{} {}", violation.field, violation.description);
        if !text.starts_with("entries[") {
            return Problem::from_status(doing, status);
        }
        said.push(with_lines(&text, lines));
    }
    if said.is_empty() {
        return Problem::from_status(doing, status);
    }
    Problem::refused(format!("cannot {doing}:\n  {}", said.join("\n  ")))
}

/// Writes `line 17` for each `entries[15]`.
fn with_lines(text: &str, lines: &[i64]) -> String {
    let mut parts = text.split("entries[");
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (place, rest) = part.split_once(']').unwrap_or((part, ""));
        let line = place.parse().ok().and_then(|at: usize| lines.get(at));
        match line {
            Some(line) => _ = write!(said, "line {line}{rest}"),
            None => _ = write!(said, "entries[{place}]{rest}"),
        }
    }
    said
}

/// Reads a campaign's differences at one partner or at all, in one state or in all.
pub async fn differences(
    channels: &Channels,
    wanted: wire::ListDifferencesRequest,
) -> Result<Vec<wire::Difference>, Problem> {
    let mut client = client(channels);
    read_all(async |page_token| {
        let request = wire::ListDifferencesRequest {
            page_size: PAGE_SIZE,
            page_token,
            ..wanted.clone()
        };
        let answer = client.list_differences(request).await;
        let page = answer.or_problem("list the differences")?;
        Ok((page.differences, page.next_page_token))
    })
    .await
}

/// Repairs differences, and gives a verdict for each, in order.
pub async fn repair(
    channels: &Channels,
    campaign_id: &str,
    ids: &[String],
) -> Result<Vec<ItemVerdict>, Problem> {
    let mut verdicts = Vec::with_capacity(ids.len());
    for ids in ids.chunks(MOST) {
        let request = wire::RepairDifferencesRequest {
            request_id: new_request_id(),
            campaign: campaign_id.to_owned(),
            difference_ids: ids.to_vec(),
        };
        let answer = client(channels).repair_differences(request).await;
        verdicts.extend(answer.or_problem("repair the differences")?.verdicts);
    }
    Ok(verdicts)
}

pub(super) fn client(
    channels: &Channels,
) -> ReconciliationServiceClient<tonic::transport::Channel> {
    ReconciliationServiceClient::new(channels.handoff.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_entries_is_said_of_their_lines() {
        let lines = [2, 3, 7];
        let said = with_lines("entries[2] is the same as entries[0]; mend it", &lines);
        assert_eq!(said, "line 7 is the same as line 2; mend it");
        assert_eq!(with_lines("entries[9]", &lines), "entries[9]");
    }
}
