//! Where an export begins: at the start, or after what is in an unfinished file.

use tonic::Streaming;
use uuid::Uuid;

use super::letter::Tally;
use super::order::Order;
use super::partial::{Found, Partial, Plan};
use crate::cli::connect::Channels;
use crate::cli::problem::{OrSay, Problem};
use crate::kernel::crypto::Sha256;
use crate::wire::redress::enrollment::v1 as codes;
use codes::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Finishes the sentence "cannot ...".
pub const DOING: &str = "export the codes";

/// Codes of a batch: what was received first, and the rest.
pub type Opened = (Vec<codes::PlainCode>, Streaming<codes::ExportCodesResponse>);

/// Where an export begins.
pub struct Place {
    /// The batch to begin with.
    pub batch: usize,
    /// Its codes after the last one in the file; none when there is no letter in it.
    pub opened: Option<Opened>,
    /// The last individual in the file.
    pub last: Option<String>,
    /// What shapes the file.
    pub plan: Plan,
    /// What is in it.
    pub tally: Tally,
    /// The covered entities in its last line.
    pub names: String,
    /// SHA-256 of it.
    pub hash: Sha256,
    /// Its bytes.
    pub bytes: u64,
}

impl Place {
    /// Begins with an empty file, or, where the file is plain and has the same plan, after what is in it.
    pub async fn of(
        channels: &Channels,
        order: &Order<'_>,
        partial: &mut Partial,
    ) -> Result<Self, Problem> {
        let plan = order.plan()?;
        let old = Plan::read(&partial.plan).filter(|old| old.shape == plan.shape);
        if let Some(old) = old.filter(|_| order.is_plain()) {
            let found = partial.find();
            if let Some(found) = found.map_err(|error| Problem::file(&partial.path, &error))?
                && let Some(place) = after(channels, order, found, old).await?
            {
                return Ok(place);
            }
        }
        partial
            .restart()
            .map_err(|error| Problem::file(&partial.path, &error))?;
        if order.is_plain() {
            plan.save(&partial.plan)?;
        }
        Ok(Self {
            batch: 0,
            opened: None,
            last: None,
            plan,
            tally: Tally::default(),
            names: String::new(),
            hash: Sha256::new(),
            bytes: 0,
        })
    }
}

/// Finds the batch in which an unfinished file ends: the one that still gives its last code to its last individual.
async fn after(
    channels: &Channels,
    order: &Order<'_>,
    found: Found,
    plan: Plan,
) -> Result<Option<Place>, Problem> {
    let [individual, code, names] = found.last;
    for (at, batch) in order.batches.iter().enumerate() {
        let opened = open_codes(channels, batch, before(&individual)).await?;
        let Some((mut page, stream)) = opened else {
            continue;
        };
        let is_here =
            |first: &codes::PlainCode| first.individual_id == individual && first.code == code;
        if page.first().is_some_and(is_here) {
            page.remove(0);
            return Ok(Some(Place {
                batch: at,
                opened: Some((page, stream)),
                last: Some(individual),
                plan,
                tally: found.tally,
                names,
                hash: found.hash,
                bytes: found.bytes,
            }));
        }
    }
    Ok(None)
}

/// Opens the codes of a batch after an individual; nothing where there are none.
pub async fn open_codes(
    channels: &Channels,
    batch: &codes::CodeBatch,
    after: String,
) -> Result<Option<Opened>, Problem> {
    let request = codes::ExportCodesRequest {
        campaign_id: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
        after_individual_id: after,
    };
    let answer = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .export_codes(request)
        .await;
    let mut stream = answer.or_say(DOING)?;
    let first = stream
        .message()
        .await
        .map_err(|status| Problem::from_status(DOING, &status))?;
    Ok(first.map(|first| (first.codes, stream)))
}

/// Gives the id right before one, for streams that begin after an id.
pub fn before(individual_id: &str) -> String {
    let id = Uuid::try_parse(individual_id).unwrap_or_default().as_u128();
    id.checked_sub(1)
        .map_or_else(String::new, |id| Uuid::from_u128(id).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_before_another_is_the_next_smaller_one() {
        assert_eq!(
            before("018f0000-0000-7000-8000-000000000000"),
            "018f0000-0000-7000-7fff-ffffffffffff"
        );
        assert_eq!(before("00000000-0000-0000-0000-000000000000"), "");
    }
}
