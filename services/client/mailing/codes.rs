//! The codes of a batch, in the order of individual ids.

use tonic::Status;

use super::feed::Feed;
use crate::client::connect::Channels;
use crate::client::problem::{OrProblem, Problem};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Finishes the sentence "cannot ...".
const DOING: &str = "export the codes";

/// The codes of a batch, and whose the first one is.
pub struct BatchCodes {
    /// The individual of the first code.
    pub first: String,
    /// All of them.
    pub codes: Feed<wire::PlainCode>,
}

/// Opens the codes of a batch; nothing where there are none.
pub async fn open_codes(
    channels: &Channels,
    batch: &wire::CodeBatch,
) -> Result<Option<BatchCodes>, Problem> {
    let request = wire::ExportCodesRequest {
        campaign: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
        after_individual_id: String::new(),
    };
    let answer = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .export_codes(request)
        .await;
    let mut stream = answer.or_problem(DOING)?;
    let failed = |status: Status| Problem::from_status(DOING, &status);
    while let Some(answer) = stream.message().await.map_err(failed)? {
        if let Some(code) = answer.codes.first() {
            let first = code.individual_id.clone();
            let codes = Feed::of(answer.codes, stream, |answer| answer.codes, DOING);
            return Ok(Some(BatchCodes { first, codes }));
        }
    }
    Ok(None)
}
