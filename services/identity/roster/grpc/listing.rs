//! ListIndividuals, WithdrawListings and ExportUnreachable on the wire.

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use uuid::Uuid;

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::roster::list::{self, Which};
use crate::identity::roster::unreachable::{self, Unreachable};
use crate::identity::roster::withdraw::{self, Entry, Listing, Verdict, Withdraw};
use crate::kernel::fields::Fields;
use crate::kernel::ids::ImportId;
use crate::kernel::paging::{self, Room};
use crate::kernel::person::Text;
use crate::kernel::secrets::Secret;
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::{Item, population_to_wire};
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::{ItemReason, ItemVerdict};
use wire::list_individuals_request::List;

use super::{AHEAD, PAGE, masked};

/// ListIndividuals.
pub async fn list_individuals(
    context: &Context,
    request: &Request<wire::ListIndividualsRequest>,
) -> Result<wire::ListIndividualsResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let which = message.list.as_ref().map(|list| match list {
        List::Withdrawn(wire::WithdrawnList {}) => Which::Withdrawn,
        List::Missing(list) => Which::Missing(fields.id("missing.import_id", &list.import_id)),
    });
    fields.demand(which.is_some(), "list", "must be given");
    fields.finish()?;
    let which = which.unwrap_or(Which::Withdrawn);
    let of = which.import().map_or(Uuid::nil(), ImportId::as_uuid);
    let filter: [&[u8]; 4] = [
        b"individuals",
        campaign.as_bytes(),
        which.as_str().as_bytes(),
        of.as_bytes(),
    ];
    let after = paging::page_after(&filter, &message.page_token)?;
    let room = Room {
        rows: paging::page_size(message.page_size)?.min(PAGE),
        bytes: largest_of(request),
        filter: &filter,
    };
    let page = (after, room.rows);
    let found = list::list_individuals(context, &call, campaign, which, page).await?;
    let entries = found.into_iter().map(|one| (one.individual, masked(one)));
    let (individuals, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListIndividualsResponse {
        individuals,
        next_page_token,
    })
}

/// WithdrawListings.
pub async fn withdraw_listings(
    context: &Context,
    request: &Request<wire::WithdrawListingsRequest>,
) -> Result<wire::WithdrawListingsResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let fits = (1..=withdraw::MOST).contains(&message.listings.len());
    fields.demand(fits, "listings", "must be 1 to 1,000 listings");
    let reason = fields.text("reason", &message.reason, 200);
    fields.finish()?;
    let command = Withdraw {
        request: call.request(context, id, "WithdrawListings", message)?,
        campaign,
        listings: message.listings.iter().map(listing).collect(),
        reason,
        restore: message.restore,
    };
    let answer = withdraw::withdraw_listings(context, &call, &command).await?;
    let verdicts = message.listings.iter().zip(answer.verdicts).enumerate();
    Ok(wire::WithdrawListingsResponse {
        verdicts: verdicts
            .map(|(at, (listing, of))| verdict(at, listing, of))
            .collect(),
        individuals: answer.individuals,
        with_letters: answer.with_letters,
    })
}

fn listing(listing: &wire::Listing) -> Listing {
    use wire::listing::Entry as Wire;
    let entry = listing.entry.as_ref().map(|entry| match entry {
        Wire::ExternalRef(text) => Entry::Reference(Secret::new(text.trim().to_owned())),
        Wire::IndividualId(id) => Entry::Individual(id.parse().ok()),
    });
    Listing {
        entity: listing.covered_entity_key.trim().to_owned(),
        entry,
    }
}

fn verdict(at: usize, listing: &wire::Listing, verdict: Verdict) -> ItemVerdict {
    use wire::listing::Entry as Wire;
    let id = match &listing.entry {
        Some(Wire::IndividualId(id)) => id.as_str(),
        Some(Wire::ExternalRef(_)) | None => "",
    };
    let item = Item::at(at, id);
    let (reason, field, help) = match verdict {
        Verdict::Done => return item.applied(),
        Verdict::DoneBefore => return item.unchanged(),
        Verdict::UnknownEntity => (
            ItemReason::UnknownEntity,
            "covered_entity_key",
            "take the key from `redress campaign show`; the campaign has no such covered entity",
        ),
        Verdict::UnknownReference => (
            ItemReason::UnknownReference,
            "external_ref",
            "compare with the roster file; no row of this covered entity was loaded under this reference",
        ),
        Verdict::UnknownIndividual => (
            ItemReason::UnknownIndividual,
            "individual_id",
            "take the id from `redress find`; this covered entity never listed such an individual",
        ),
        Verdict::NoEntry => (
            ItemReason::Missing,
            "entry",
            "fill in external_ref or individual_id; one of them is needed",
        ),
    };
    item.refused(reason, format!("listings[{at}].{field}"), help)
}

/// ExportUnreachable.
pub async fn export_unreachable(
    context: &Context,
    request: &Request<wire::ExportUnreachableRequest>,
) -> Result<BoxStream<'static, Result<wire::ExportUnreachableResponse, Error>>, Error> {
    let call = Call::of(request)?;
    let mut fields = Fields::default();
    let campaign = &request.get_ref().campaign;
    let campaign = context.campaign_id(&mut fields, campaign).await?;
    fields.finish()?;
    let (sender, pages) = mpsc::channel(AHEAD);
    let exporting = unreachable::export_unreachable(context.clone(), call, campaign, sender);
    tokio::spawn(exporting);
    let pages = ReceiverStream::new(pages);
    Ok(pages.map(|page| page.map(unreachable_to_wire)).boxed())
}

fn unreachable_to_wire(people: Vec<Unreachable>) -> wire::ExportUnreachableResponse {
    let texts = |texts: &[Text]| texts.iter().map(|text| text.expose().clone()).collect();
    let person = |one: Unreachable| {
        let reason = if one.is_returned {
            wire::UnreachableReason::Returned
        } else {
            wire::UnreachableReason::NoAddress
        };
        wire::UnreachableIndividual {
            individual_id: one.individual.to_string(),
            name: one.name.expose().clone(),
            lines: one.lines.iter().map(|line| line.expose().clone()).collect(),
            phones: texts(&one.phones),
            emails: texts(&one.emails),
            covered_entity_keys: one.entities,
            population: population_to_wire(one.population).into(),
            reason: reason.into(),
            confidential_communication: one.confidential,
        }
    };
    wire::ExportUnreachableResponse {
        individuals: people.into_iter().map(person).collect(),
    }
}
