//! What becomes of codes once they are out: reissued, revoked, listed.

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};
use wire::revoke_codes_request::Target as WireTarget;

use crate::codes::batch::grpc::AHEAD;
use crate::codes::campaign::grpc::MAX_PAGE;
use crate::codes::code::state::State;
use crate::codes::error::Error;
use crate::codes::grpc::{Handlers, call_of, status, write};
use crate::kernel::fields::Fields;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};
use crate::kernel::paging;
use crate::wire::redress::enrollment::v1 as wire;

use super::lineage::Line;
use super::reissue::{self, Reissue};
use super::revoke::{Progress, Revoke, Target};

impl Handlers {
    pub(crate) async fn reissue(
        &self,
        request: &Request<wire::ReissueCodeRequest>,
    ) -> Result<wire::ReissueCodeResponse, Error> {
        let call = call_of(request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let engagement_number =
            fields.engagement_number("engagement_number", &message.engagement_number);
        let individual: IndividualId = fields.id("individual_id", &message.individual_id);
        let why = why(message, &mut fields);
        fields.finish()?;
        let known = self.request(&call, id, "ReissueCode", message)?;
        let command = Reissue {
            engagement_number,
            individual,
            why,
        };
        let line = reissue::reissue(&self.context, &call, &known, &command).await?;
        Ok(wire::ReissueCodeResponse {
            letter_code: Some(letter_code(&line)),
        })
    }

    pub(crate) async fn revoke(
        &self,
        request: &Request<wire::RevokeCodesRequest>,
    ) -> Result<BoxStream<'static, Result<wire::RevokeCodesResponse, Status>>, Error> {
        let call = call_of(request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let target = target(message, &mut fields);
        let reason = fields.text("reason", &message.reason, 200);
        fields.finish()?;
        let target = target.ok_or(Error::IndividualNotFound)?;
        let known = self.request(&call, id, "RevokeCodes", message)?;
        let revoke =
            Revoke::begin(&self.context, &call, &known, (campaign, target), &reason).await?;
        let (sender, progress) = mpsc::channel(AHEAD);
        tokio::spawn(revoke.run(sender));
        let answers = ReceiverStream::new(progress).map(|step| step.map(revoked).map_err(status));
        Ok(answers.boxed())
    }

    pub(crate) async fn lineage(
        &self,
        message: &wire::ListCodesRequest,
    ) -> Result<wire::ListCodesResponse, Error> {
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let individual: IndividualId = fields.id("individual_id", &message.individual_id);
        fields.finish()?;
        let size = paging::page_size(message.page_size)?.min(MAX_PAGE);
        let filter: [&[u8]; 3] = [b"codes", campaign.as_bytes(), individual.as_bytes()];
        let place = |line: &Line| (line.generation, line.batch_id);
        let before = paging::page_after::<(i32, BatchId)>(&filter, &message.page_token)?;
        let lines = reissue::list(&self.context, campaign, individual).await?;
        let rest = lines
            .into_iter()
            .filter(|line| before.is_none_or(|before| place(line) < before));
        let wanted = usize::try_from(size).unwrap_or(usize::MAX) + 1;
        let mut page: Vec<Line> = rest.take(wanted).collect();
        let next_page_token = paging::next_page(&mut page, size, &filter, place);
        Ok(wire::ListCodesResponse {
            codes: page.iter().map(letter_code).collect(),
            next_page_token,
        })
    }
}

fn why(message: &wire::ReissueCodeRequest, fields: &mut Fields) -> &'static str {
    let reason = wire::ReissueReason::try_from(message.reason).unwrap_or_default();
    fields.demand(
        reason != wire::ReissueReason::Unspecified,
        "reason",
        "must be one of the reasons",
    );
    let name = reason.as_str_name();
    name.strip_prefix("REISSUE_REASON_").unwrap_or(name)
}

fn target(message: &wire::RevokeCodesRequest, fields: &mut Fields) -> Option<Target> {
    match &message.target {
        Some(WireTarget::IndividualId(id)) => {
            Some(Target::Individual(fields.id("individual_id", id)))
        }
        Some(WireTarget::WaveId(id)) => Some(Target::Wave(fields.id("wave_id", id))),
        Some(WireTarget::BatchId(id)) => Some(Target::Batch(fields.id("batch_id", id))),
        None => {
            fields.wrong("target", "must be individual_id, wave_id or batch_id");
            None
        }
    }
}

fn revoked(step: Progress) -> wire::RevokeCodesResponse {
    wire::RevokeCodesResponse {
        codes: step.codes,
        seen: step.found.seen,
        revoked: step.found.revoked,
        done: step.done,
    }
}

fn letter_code(line: &Line) -> wire::LetterCode {
    let state = match State::parse(&line.state) {
        Ok(State::Issued) => wire::CodeState::Issued,
        Ok(State::Redeemed) => wire::CodeState::Redeemed,
        Ok(State::Superseded) => wire::CodeState::Superseded,
        Ok(State::Revoked) => wire::CodeState::Revoked,
        Ok(State::Expired) => wire::CodeState::Expired,
        Err(_) => wire::CodeState::Unspecified,
    };
    let has_letter = line.withheld.is_none();
    let mailed_on = line.mailed_on.as_deref().filter(|_| has_letter);
    let proof_until = has_letter.then_some(line.proof_expires_at);
    wire::LetterCode {
        batch_id: line.batch_id.to_string(),
        wave_id: line.wave_id.to_string(),
        wave_name: line.wave_name.clone(),
        generation: line.generation,
        supersedes_generation: line.supersedes.unwrap_or(0),
        state: state.into(),
        issue_time: write::time(Some(line.made_at)),
        settle_time: write::time(line.settled_at),
        enroll_by_date: write::date(Some(&line.enroll_by)),
        mailing_date: write::date(mailed_on),
        proof_expire_time: write::time(proof_until),
        printable: has_letter && line.completed_at.is_some(),
        withheld: !has_letter,
    }
}
