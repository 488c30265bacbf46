//! The files that were written, for the operator.

use tonic::Request;

use crate::db::entities::handoff_file::{Model, State};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::request::page_size;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::HandoffFileId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::wire::redress::handoff::v1 as wire;

use super::store;

pub(crate) async fn list_handoff_files(
    context: &Context,
    request: Request<wire::ListHandoffFilesRequest>,
) -> Result<wire::ListHandoffFilesResponse, Error> {
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let filter: [&[u8]; 2] = [b"files", campaign.as_bytes()];
    let size = fields
        .absorb(page_size(message.page_size))
        .unwrap_or_default();
    let before = fields.absorb(paging::page_after::<HandoffFileId>(
        &filter,
        &message.page_token,
    ));
    fields.finish()?;
    let found = store::page(context.db.read(), campaign, before.flatten(), size + 1).await?;
    let entries = found.iter().map(|file| (file.id, to_wire(file)));
    let room = Room {
        rows: size,
        bytes,
        filter: &filter,
    };
    let (files, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListHandoffFilesResponse {
        files,
        next_page_token,
    })
}

fn to_wire(file: &Model) -> wire::HandoffFile {
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_proto);
    let state = match file.state {
        State::Writing => wire::HandoffFileState::Writing,
        State::Ready => wire::HandoffFileState::Ready,
        State::Sent => wire::HandoffFileState::Sent,
        State::Closed => wire::HandoffFileState::Closed,
    };
    wire::HandoffFile {
        file_id: file.id.to_string(),
        partner_id: file.partner_id.to_string(),
        number: file.number,
        name: file.name.clone(),
        state: state.into(),
        record_count: file.records.unwrap_or_default(),
        sha256: file.sha256.clone().unwrap_or_default(),
        create_time: time(Some(file.created_at)),
        send_time: time(file.sent_at),
        answer_by_time: time(file.answer_by),
        close_time: time(file.closed_at),
    }
}
