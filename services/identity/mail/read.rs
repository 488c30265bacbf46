//! Reading what happened to one individual's letters.

use jiff::civil::Date;
use serde_json::json;

use crate::db::entities::mail_event;
use crate::db::{self, audit};
use crate::identity::context::{Act, Call, Context};
use crate::identity::error::Error;
use crate::identity::roster::store as roster;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::paging;

use super::record::past;
use super::store;
use super::words::{Kind, ReturnReason, Source};

/// An event of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// When.
    pub on: Date,
    /// What.
    pub kind: Kind,
    /// Why it came back.
    pub return_reason: Option<ReturnReason>,
    /// Who knew the better address.
    pub source: Option<Source>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// Whose history, and which page of it.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// The campaign.
    pub campaign: CampaignId,
    /// The individual.
    pub individual: IndividualId,
    /// How many events a page has.
    pub size: u64,
    /// The token of the page, from the page before.
    pub token: &'a str,
}

/// Lists an individual's history, oldest first, and gives the token of the next page. The audit event is committed before
/// anything is given.
///
/// One individual has few events, at most one of each kind a day, so all are read and the page is cut out of them.
pub async fn list(
    context: &Context,
    call: &Call,
    query: &List<'_>,
) -> Result<(Vec<Past>, String), Error> {
    let List {
        campaign,
        individual,
        size,
        token,
    } = *query;
    let filter: [&[u8]; 3] = [b"mail_events", campaign.as_bytes(), individual.as_bytes()];
    let after: Option<(String, String)> =
        paging::page_after(&filter, token).map_err(Error::Request)?;
    let after = after.and_then(|(on, kind)| Some((on.parse().ok()?, Kind::parse(&kind)?)));
    let found = roster::individuals(context.db.read(), campaign, &[individual]).await?;
    if found.is_empty() {
        return Err(Error::IndividualNotFound);
    }
    let rows = store::history(context.db.read(), campaign, individual).await?;
    let mut events: Vec<Past> = rows.iter().map(read).collect::<Result<_, _>>()?;
    events.retain(|event| after.is_none_or(|after| (event.on, event.kind) > after));
    events.sort_unstable_by_key(|event| (event.on, event.kind));
    let next = paging::next_page(&mut events, size, &filter, |event| {
        (event.on.to_string(), event.kind.as_str())
    });
    let act = Act::on("individual.mail_events_viewed", "individual", individual);
    let event = call.event(context, Some(campaign), act, json!({}));
    context
        .db
        .run_tx("audit_view", |tx| {
            let event = event.clone();
            Box::pin(async move { Ok::<_, Error>(audit::record(tx, &[event]).await?) })
        })
        .await?;
    Ok((events, next))
}

fn read(row: &mail_event::Model) -> Result<Past, Error> {
    let ((on, kind), detail) = past(row)?;
    let source = row.address_source.as_deref();
    let corrupt = || db::Error::corrupt("mail_event.address_source");
    let source = source.map(|word| Source::parse(word).ok_or_else(corrupt));
    Ok(Past {
        on,
        kind,
        return_reason: detail.return_reason,
        source: source.transpose()?,
        recorded_at: row.recorded_at,
    })
}
