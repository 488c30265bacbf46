//! Waves on the wire, and the time that they and their campaign are given.

use std::collections::BTreeSet;

use tonic::Request;

use crate::codes::campaign::{self, term};
use crate::codes::context::Context;
use crate::codes::convert::{date, page_size, parts, time};
use crate::codes::error::Error;
use crate::db::entities::individual::Population;
use crate::db::entities::wave::Kind;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::{CoveredEntityId, IndividualId, WaveId};
use crate::kernel::paging::{self, Room};
use crate::kernel::places;
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::{population_of, population_to_wire};
use crate::wire::redress::enrollment::v1 as wire;

use super::create::{self, Known, NewWave};
use super::extend::{self, Extend};
use super::read::{self, Wave};
use super::record_mailing;

/// The most individuals on a list.
const MEMBERS: usize = 50_000;
/// The most covered entities and regions.
const ENTITIES: usize = 500;
const REGIONS: usize = 100;
/// The most populations: each once.
const POPULATIONS: usize = 3;
/// How the names of waves begin that nobody planned.
const TAKEN: [&str; 2] = ["batch ", "reissue "];

/// Creates a wave.
pub async fn create_wave(
    context: &Context,
    request: Request<wire::CreateWaveRequest>,
) -> Result<wire::CreateWaveResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let members = members(message, &mut fields);
    let known = create::known(context, campaign, &members).await?;
    let new = new_wave(message, known.as_ref(), members, context.now(), &mut fields);
    fields.finish()?;
    let new = new.ok_or(Error::CampaignNotFound)?;
    let request = call.request(context, id, "CreateWave", message)?;
    let created = create::create_wave(context, &call, &request, &new).await?;
    Ok(wire::CreateWaveResponse {
        wave: Some(wave(&created)),
    })
}

/// Lists a campaign's waves.
pub async fn list_waves(
    context: &Context,
    request: Request<wire::ListWavesRequest>,
) -> Result<wire::ListWavesResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let size = page_size(message.page_size)?;
    let filter: [&[u8]; 2] = [b"waves", campaign.as_bytes()];
    let before = paging::page_after(&filter, &message.page_token)?;
    let found = read::list_waves(context, campaign, before, size).await?;
    let entries = found.iter().map(|found| (found.row.id, wave(found)));
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (waves, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListWavesResponse {
        waves,
        next_page_token,
    })
}

/// Records when a wave's letters were mailed.
pub async fn record_wave_mailing(
    context: &Context,
    request: Request<wire::RecordWaveMailingRequest>,
) -> Result<wire::RecordWaveMailingResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let wave_id: WaveId = fields.id("wave_id", &message.wave_id);
    let on = fields.date("mailing_date", message.mailing_date.as_ref().map(parts));
    fields.finish()?;
    let request = call.request(context, id, "RecordWaveMailing", message)?;
    let on = on.ok_or(Error::WaveNotFound)?;
    let key = (campaign, wave_id);
    let mailed = record_mailing::record_wave_mailing(context, &call, &request, key, on).await?;
    Ok(wire::RecordWaveMailingResponse {
        wave: Some(wave(&mailed)),
    })
}

/// Gives a campaign or a wave a later last day.
pub async fn extend_enroll_by(
    context: &Context,
    request: Request<wire::ExtendEnrollByRequest>,
) -> Result<wire::ExtendEnrollByResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign_id = context.campaign_id(&mut fields, &message.campaign).await?;
    let wave_id: Option<WaveId> = fields.maybe_id("wave_id", &message.wave_id);
    let on = fields.date("enroll_by_date", message.enroll_by_date.as_ref().map(parts));
    let reason = fields.text("reason", &message.reason, 200);
    fields.finish()?;
    let request = call.request(context, id, "ExtendEnrollBy", message)?;
    let command = Extend {
        campaign: campaign_id,
        wave: wave_id,
        on: on.ok_or(Error::CampaignNotFound)?,
        reason,
    };
    extend::extend_enroll_by(context, &call, &request, &command).await?;
    let extended = campaign::read::get_campaign(context, campaign_id).await?;
    let wave = match wave_id {
        Some(id) => Some(wave(&read::get_wave(context, campaign_id, id).await?)),
        None => None,
    };
    Ok(wire::ExtendEnrollByResponse {
        campaign: Some(campaign::grpc::campaign(extended)?),
        wave,
    })
}

/// Writes a wave.
fn wave(wave: &Wave) -> wire::Wave {
    let row = &wave.row;
    let kind = match row.kind {
        Kind::Planned => wire::WaveKind::Planned,
        Kind::Automatic => wire::WaveKind::Automatic,
        Kind::Reissue => wire::WaveKind::Reissue,
    };
    let populations = wave.populations.iter();
    wire::Wave {
        wave_id: row.id.to_string(),
        campaign_id: row.campaign_id.to_string(),
        name: row.name.clone(),
        kind: kind.into(),
        covered_entity_keys: wave.entities.clone(),
        regions: wave.regions.clone(),
        populations: populations
            .map(|it| population_to_wire(*it).into())
            .collect(),
        members: row.members,
        enroll_by_date: date(Some(&row.enroll_by)),
        mailing_date: date(row.mailed_on.as_deref()),
        create_time: time(Some(row.created_at)),
        reissue_of_wave_id: row.reissue_of.map(|id| id.to_string()).unwrap_or_default(),
    }
}

fn members(message: &wire::CreateWaveRequest, fields: &mut Fields) -> Vec<IndividualId> {
    const FIELD: &str = "individual_ids";
    let list = &message.individual_ids;
    fields.demand(list.len() <= MEMBERS, FIELD, "must be at most 50000");
    let mut seen = BTreeSet::new();
    let mut members = Vec::new();
    for (at, id) in list.iter().take(MEMBERS).enumerate() {
        let id: IndividualId = fields.id(format_args!("{FIELD}[{at}]"), id);
        fields.demand(
            seen.insert(id) || id.as_uuid().is_nil(),
            format_args!("{FIELD}[{at}]"),
            "stands in the list twice",
        );
        members.push(id);
    }
    members
}

/// Reads a new wave and checks every rule; nothing where the campaign is not known.
fn new_wave(
    message: &wire::CreateWaveRequest,
    known: Option<&Known>,
    mut members: Vec<IndividualId>,
    now: Timestamp,
    fields: &mut Fields,
) -> Option<NewWave> {
    let name = fields.text("name", &message.name, 80);
    let lower = name.to_lowercase();
    fields.demand(
        !TAKEN.iter().any(|taken| lower.starts_with(taken)),
        "name",
        "must not begin with batch or reissue: those are the names of waves that nobody planned",
    );
    let regions = regions(message, fields);
    let populations = populations(message, fields);
    let known = known?;
    let entities = entities(message, known, fields);
    for at in &known.strangers {
        // What is no id at all was named already.
        let id = message.individual_ids.get(*at);
        if id.is_some_and(|id| id.parse::<IndividualId>().is_ok()) {
            fields.wrong(
                format_args!("individual_ids[{at}]"),
                "must be an individual of the campaign",
            );
        }
    }
    members.sort_unstable();
    let (enroll_by, enroll_by_at) = last_day(message, known, now, fields)?;
    Some(NewWave {
        campaign: known.campaign.id,
        name,
        entities,
        regions,
        populations,
        members,
        enroll_by,
        enroll_by_at,
    })
}

fn regions(message: &wire::CreateWaveRequest, fields: &mut Fields) -> Vec<String> {
    let count = message.regions.len();
    fields.demand(count <= REGIONS, "regions", "must be at most 100");
    let mut regions = Vec::new();
    for (at, region) in message.regions.iter().take(REGIONS).enumerate() {
        let path = format!("regions[{at}]");
        let region = fields.text(&path, region, 40);
        let region = places::region(&region).map_or_else(|| region.to_uppercase(), str::to_owned);
        fields.demand(!regions.contains(&region), path, "stands in the list twice");
        regions.push(region);
    }
    regions
}

fn populations(message: &wire::CreateWaveRequest, fields: &mut Fields) -> Vec<Population> {
    let mut populations = Vec::new();
    // One too many is enough to say that there are too many.
    for (at, number) in message.populations.iter().take(POPULATIONS + 1).enumerate() {
        let path = format!("populations[{at}]");
        let Some(population) = population_of(*number) else {
            fields.wrong(path, "must be ADULT, MINOR or DECEASED");
            continue;
        };
        let twice = populations.contains(&population);
        fields.demand(!twice, path, "stands in the list twice");
        populations.push(population);
    }
    populations
}

fn entities(
    message: &wire::CreateWaveRequest,
    known: &Known,
    fields: &mut Fields,
) -> Vec<CoveredEntityId> {
    let mut entities = Vec::new();
    for (at, key) in message
        .covered_entity_keys
        .iter()
        .take(ENTITIES + 1)
        .enumerate()
    {
        let path = format!("covered_entity_keys[{at}]");
        let found = known.entities.iter().find(|it| it.entity_key == *key);
        let Some(found) = found else {
            fields.wrong(path, "must be the key of a covered entity of the campaign");
            continue;
        };
        let twice = entities.contains(&found.id);
        fields.demand(!twice, path, "stands in the list twice");
        entities.push(found.id);
    }
    entities
}

fn last_day(
    message: &wire::CreateWaveRequest,
    known: &Known,
    now: Timestamp,
    fields: &mut Fields,
) -> Option<(jiff::civil::Date, Timestamp)> {
    const FIELD: &str = "enroll_by_date";
    let on = match message.enroll_by_date.as_ref() {
        Some(date) => fields.date(FIELD, Some(parts(date)))?,
        None => known.campaign.enroll_by.parse().ok()?,
    };
    let at = term::end_of_day(on, &known.cached.zone).ok();
    fields.demand(at.is_some_and(|at| at > now), FIELD, "must not have passed");
    Some((on, at?))
}
