//! `redress codes wave`, `waves` and `mailed`: the parts of a mailing.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::civil::Date;
use tonic_types::StatusExt;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::codes::{wave_id, waves};
use crate::client::connect::Channels;
use crate::client::convert::{date, parse_population, population, state, time, wire_date};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::request::new_request_id;
use crate::kernel::ids::IndividualId;
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::r#type::v1::Population;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Wrong lines of a list that are named; more help nobody.
const NAMED: usize = 10;

/// Subcommands of `codes wave`.
#[derive(Debug, Subcommand)]
pub enum WaveCommand {
    /// Plan a wave; `redress codes issue --wave NAME` then makes its codes.
    Create(CreateArgs),
}

/// Flags of `codes wave create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Its name, such as "Ohio first".
    name: String,
    /// A covered entity by its key; may be given several times, and so may the next two.
    #[arg(long = "entity", value_name = "KEY")]
    entities: Vec<String>,
    /// A state or region of the address, such as IN or Indiana.
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// ADULT, MINOR or DECEASED.
    #[arg(long = "population", value_name = "POPULATION", value_parser = parse_population)]
    populations: Vec<Population>,
    /// A file with one individual's id a line.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Last day to enroll; the campaign's own without it.
    #[arg(long, value_name = "DATE")]
    enroll_by: Option<Date>,
}

/// Flags of `codes mailed`.
#[derive(Debug, Args)]
pub struct MailedArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The wave, by its name or id.
    #[arg(long, value_name = "NAME")]
    wave: String,
    /// The day on which its letters were mailed.
    #[arg(long, value_name = "DATE")]
    on: Date,
}

/// A line of a list, and its number.
type Line = (usize, String);

pub(super) async fn create(session: &Session, channels: &Channels, args: CreateArgs) -> Outcome {
    let lines = match &args.list {
        Some(path) => read_list(path)?,
        None => Vec::new(),
    };
    let campaign = args.campaign.find(&channels.codes).await?;
    let populations = args.populations.iter();
    let request = wire::CreateWaveRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
        name: args.name,
        covered_entity_keys: args.entities,
        regions: args.regions,
        populations: populations.map(|it| (*it).into()).collect(),
        individual_ids: lines.iter().map(|(_, id)| id.clone()).collect(),
        enroll_by_date: args.enroll_by.map(wire_date),
    };
    let answer = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .create_wave(request)
        .await;
    if let (Err(status), Some(path)) = (&answer, &args.list)
        && let Some(problem) = of_lines(status, path, &lines)
    {
        return Err(problem);
    }
    let wave = answer
        .or_problem("create the wave")?
        .wave
        .unwrap_or_default();
    render::one(session.format, &record(&wave))
}

/// Reads a list; empty lines are passed over, and those that are no ids are named.
fn read_list(path: &Path) -> Result<Vec<Line>, Problem> {
    let text = fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
    let lines: Vec<Line> = text
        .lines()
        .zip(1..)
        .map(|(line, number)| (number, line.trim().to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let wrong = lines
        .iter()
        .filter(|(_, id)| id.parse::<IndividualId>().is_err());
    let wrong: Vec<String> = wrong
        .map(|(number, _)| format!("\n  line {number}: must be an individual's id"))
        .take(NAMED)
        .collect();
    if !wrong.is_empty() {
        return Err(Problem::file(path, &wrong.concat()));
    }
    if lines.is_empty() {
        return Err(Problem::file(
            path,
            &"names nobody; leave --list out to select everybody",
        ));
    }
    Ok(lines)
}

/// Names the lines of a list that the service refused, if it did.
fn of_lines(status: &tonic::Status, path: &Path, lines: &[Line]) -> Option<Problem> {
    let violations = status.get_details_bad_request()?.field_violations;
    let mut told = String::new();
    for violation in &violations {
        let index = violation.field.strip_prefix("individual_ids[")?;
        let index: usize = index.strip_suffix(']')?.parse().ok()?;
        let (number, _) = lines.get(index)?;
        told = format!("{told}\n  line {number}: {}", violation.description);
    }
    let message = format!("cannot create the wave: {}:{told}", path.display());
    (!told.is_empty()).then(|| Problem::refused(message))
}

pub(super) async fn list(
    session: &Session,
    channels: &Channels,
    campaign: &CampaignArg,
) -> Outcome {
    let campaign = campaign.find(&channels.codes).await?;
    let waves = waves(channels, &campaign.campaign_id).await?;
    let rows: Vec<Record> = waves.iter().map(record).collect();
    render::many(
        session.format,
        &rows,
        "no waves yet; `redress codes wave create` plans one, `redress codes issue` makes one for everybody",
    )
}

pub(super) async fn mailed(session: &Session, channels: &Channels, args: MailedArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let wave_id = wave_id(channels, &campaign.campaign_id, &args.wave).await?;
    let request = wire::RecordWaveMailingRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
        wave_id,
        mailing_date: Some(wire_date(args.on)),
    };
    let answer = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .record_wave_mailing(request)
        .await;
    let wave = answer.or_problem("record the day of mailing")?.wave;
    render::one(session.format, &record(&wave.unwrap_or_default()))
}

fn given_id(id: &str) -> Option<&str> {
    (!id.is_empty()).then_some(id)
}

fn record(wave: &wire::Wave) -> Record {
    let populations = wave.populations.iter().map(|it| population(*it));
    Record::new()
        .with("name", wave.name.as_str())
        .with("kind", state(wave.kind().as_str_name(), "WAVE_KIND_"))
        .with("covered_entities", wave.covered_entity_keys.clone())
        .with("regions", wave.regions.clone())
        .with("populations", populations.collect::<Vec<_>>())
        .with("listed", wave.members)
        .with("enroll_by", date(wave.enroll_by_date.as_ref()))
        .with("mailed", date(wave.mailing_date.as_ref()))
        .with("created", time(wave.create_time.as_ref()))
        .with("wave_id", wave.wave_id.as_str())
        .with("reissue_of", given_id(&wave.reissue_of_wave_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_its_wrong_lines_and_keeps_the_numbers_of_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        let id = "01890000-0000-7000-8000-000000000001";
        fs::write(&path, format!("{id}\n\nAnn Roe\n {id} \n17\n")).unwrap();
        let told = read_list(&path).unwrap_err().to_string();
        assert!(
            told.contains("line 3:") && told.contains("line 5:"),
            "{told}"
        );
        assert!(!told.contains("line 1:") && !told.contains("Ann"), "{told}");
        fs::write(&path, format!("{id}\n\n {id} \n")).unwrap();
        let numbers: Vec<usize> = read_list(&path)
            .unwrap()
            .iter()
            .map(|line| line.0)
            .collect();
        assert_eq!(numbers, [1, 3]);
        fs::write(&path, "\n").unwrap();
        assert!(read_list(&path).is_err());
    }
}
