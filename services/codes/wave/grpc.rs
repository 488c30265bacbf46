//! The waves of EnrollmentCodeService, and the time that CampaignService gives them.

use std::collections::BTreeSet;

use tonic::{Request, Response, Status};

use crate::codes::campaign::create::Key;
use crate::codes::campaign::grpc::MAX_PAGE;
use crate::codes::campaign::grpc::read::parts;
use crate::codes::campaign::{self, term};
use crate::codes::error::Error;
use crate::codes::grpc::{Handlers, call_of, status, write};
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId, WaveId};
use crate::kernel::paging;
use crate::wire::redress::enrollment::v1 as wire;

use super::create::{self, Known, NewWave};
use super::extend::{self, Extend};

/// The most individuals on a list.
const MEMBERS: usize = 50_000;
/// The most covered entities and regions.
const ENTITIES: usize = 500;
const REGIONS: usize = 100;
const POPULATIONS: [&str; 3] = ["ADULT", "MINOR", "DECEASED"];
/// How the names of waves begin that nobody planned.
const TAKEN: [&str; 2] = ["batch ", "reissue "];

impl Handlers {
    pub(crate) async fn plan_wave(
        &self,
        request: &Request<wire::CreateWaveRequest>,
    ) -> Result<wire::CreateWaveResponse, Error> {
        let call = call_of(request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let members = members(message, &mut fields);
        let known = create::known(&self.context, campaign, &members).await?;
        let new = new_wave(
            message,
            known.as_ref(),
            members,
            self.context.now(),
            &mut fields,
        );
        fields.finish()?;
        let new = new.ok_or(Error::CampaignNotFound)?;
        let known = self.request(&call, id, "CreateWave", message)?;
        let wave = create::create(&self.context, &call, &known, &new).await?;
        Ok(wire::CreateWaveResponse {
            wave: Some(write::wave(&wave)),
        })
    }

    pub(crate) async fn page_of_waves(
        &self,
        message: &wire::ListWavesRequest,
    ) -> Result<Response<wire::ListWavesResponse>, Status> {
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        fields.finish()?;
        let size = paging::page_size(message.page_size)?.min(MAX_PAGE);
        let filter: [&[u8]; 2] = [b"waves", campaign.as_bytes()];
        let before = paging::page_after(&filter, &message.page_token)?;
        let mut waves = create::list(&self.context, campaign, before, size)
            .await
            .map_err(status)?;
        let next_page_token = paging::next_page(&mut waves, size, &filter, |wave| wave.row.id);
        Ok(Response::new(wire::ListWavesResponse {
            waves: waves.iter().map(write::wave).collect(),
            next_page_token,
        }))
    }

    pub(crate) async fn mailed(
        &self,
        request: &Request<wire::RecordWaveMailingRequest>,
    ) -> Result<wire::RecordWaveMailingResponse, Error> {
        let call = call_of(request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let wave: WaveId = fields.id("wave_id", &message.wave_id);
        let on = fields.date("mailing_date", message.mailing_date.as_ref().map(parts));
        fields.finish()?;
        let known = self.request(&call, id, "RecordWaveMailing", message)?;
        let on = on.ok_or(Error::WaveNotFound)?;
        let wave =
            create::record_mailing(&self.context, &call, &known, (campaign, wave), on).await?;
        Ok(wire::RecordWaveMailingResponse {
            wave: Some(write::wave(&wave)),
        })
    }

    pub(crate) async fn extend(
        &self,
        request: &Request<wire::ExtendEnrollByRequest>,
    ) -> Result<wire::ExtendEnrollByResponse, Error> {
        let call = call_of(request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let wave: Option<WaveId> = fields.maybe_id("wave_id", &message.wave_id);
        let on = fields.date("enroll_by_date", message.enroll_by_date.as_ref().map(parts));
        let reason = fields.text("reason", &message.reason, 200);
        fields.finish()?;
        let known = self.request(&call, id, "ExtendEnrollBy", message)?;
        let command = Extend {
            campaign,
            wave,
            on: on.ok_or(Error::CampaignNotFound)?,
            reason,
        };
        extend::extend(&self.context, &call, &known, &command).await?;
        let now = campaign::create::get(&self.context, &Key::Id(campaign)).await?;
        let wave = match wave {
            Some(wave) => Some(write::wave(
                &create::get(&self.context, campaign, wave).await?,
            )),
            None => None,
        };
        Ok(wire::ExtendEnrollByResponse {
            campaign: Some(write::campaign(now)),
            wave,
        })
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
        let region = fields.text(&path, region, 40).to_uppercase();
        fields.demand(!regions.contains(&region), path, "stands in the list twice");
        regions.push(region);
    }
    regions
}

fn populations(message: &wire::CreateWaveRequest, fields: &mut Fields) -> Vec<String> {
    let mut populations = Vec::new();
    // One too many is enough to say that there are too many.
    let given = message.populations.iter().take(POPULATIONS.len() + 1);
    for (at, population) in given.enumerate() {
        let path = format!("populations[{at}]");
        fields.demand(
            POPULATIONS.contains(&population.as_str()),
            &path,
            "must be ADULT, MINOR or DECEASED",
        );
        let twice = populations.contains(population);
        fields.demand(!twice, path, "stands in the list twice");
        populations.push(population.clone());
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
        .covered_entities
        .iter()
        .take(ENTITIES + 1)
        .enumerate()
    {
        let path = format!("covered_entities[{at}]");
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
    let at = term::end_of_day(on, &known.frame.zone).ok();
    fields.demand(at.is_some_and(|at| at > now), FIELD, "must not have passed");
    Some((on, at?))
}
