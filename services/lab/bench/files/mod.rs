//! A night's file to a bureau: how long it takes to write it and to read the answer, and whether everybody is in it once.
//!
//! The enrollments are written into the queue by SQL, as many as there are invented people, for who enrolled them does not matter here. Then the
//! real process writes the file, and this program is the bureau: it accepts half of the records, refuses a tenth and is silent about the others,
//! which come again in the next file, and then every one of them is active.

mod bureau;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::queue::{self, Fill};
use super::scratch::{in_scratch, with_processes};
use crate::client::connect::{Channels, ClientRole};
use crate::client::problem::{OrProblem, Problem};
use crate::client::progress::Show;
use crate::client::request::new_request_id;
use crate::client::roster::import::{Purpose, import};
use crate::client::table::Options;
use crate::client::{campaign, partner};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::secrets::Secret;
use crate::lab::campaign::{invented, today};
use crate::lab::people::labelled::{Order, write_file};
use crate::lab::processes::partners;
use crate::lab::processes::usage::peak_memory_mib;
use crate::wire::redress::handoff::v1 as wire;
use bureau::{Bureau, Decided};
use wire::partner_service_client::PartnerServiceClient;

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// How many people.
    pub people: u64,
    /// Lines of fixed widths in the place of CSV.
    pub fixed: bool,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Measured {
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// Enrollments that were queued.
    pub queued: u64,
    /// The night's file: its records, and how long it took to write it.
    pub first_file: (u64, Duration),
    /// The answer to it: its records, and how long it took until it was read, from the moment at which it lay there.
    pub answer: (u64, Duration),
    /// The next file, with what was not answered.
    pub second_file: (u64, Duration),
    /// What became of all.
    pub results: (u64, Duration),
    /// Enrollments in no file.
    pub lost: u64,
    /// Enrollments in a file twice, or in a later one although they were answered.
    pub doubled: u64,
    /// Enrollments whose state in the end is none that the bureau gave them.
    pub otherwise: u64,
    /// The most memory that bureau-handoff held, in MiB.
    pub peak_memory_mib: Option<f64>,
}

const PARTNER: &str = "nightly";

/// Measures it, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Measured, Problem> {
    let order = Order::of_people(settings.people, 1);
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        let roster = dir.join("roster.csv");
        write_file(&order, &roster, show)?;
        let files = dir.join("processes").join("files").join(PARTNER);
        with_processes(databases, dir, &[], async |endpoints, pids| {
            partners::create(endpoints).await?;
            let channels = endpoints.connect_as(ClientRole::Operator)?;
            let bureau = Bureau::new(&files, settings.fixed);
            let night = Night::open(&channels, &bureau, &roster, show).await?;
            let midnight = TimeZone::UTC.to_timestamp(today()?.to_datetime(Time::midnight()));
            let midnight = midnight.map_err(|error| Problem::usage(error.to_string()))?;
            let fill = Fill {
                partner: &night.partner,
                product: "CM3B",
                most: settings.people,
                due_at: Timestamp::from_jiff(midnight),
            };
            let queued = queue::fill(databases, &fill).await?;
            let mut measured = night.run(queued).await?;
            measured.database = databases.database();
            measured.otherwise = queue::count_otherwise(databases, &bureau.ends()).await?;
            let handoff = pids.get("bureau-handoff").copied();
            measured.peak_memory_mib = handoff.and_then(peak_memory_mib);
            Ok(measured)
        })
        .await
    })
    .await
}

/// A partner whose file is due.
struct Night<'a> {
    channels: &'a Channels,
    bureau: &'a Bureau,
    partner: String,
}

impl<'a> Night<'a> {
    /// Makes the campaign and the partner, and imports the people.
    async fn open(
        channels: &'a Channels,
        bureau: &'a Bureau,
        roster: &Path,
        show: Show,
    ) -> Result<Self, Problem> {
        let nightly = wire::Partner {
            name: PARTNER.to_owned(),
            mode: wire::PartnerMode::File.into(),
            // Not before everything is queued.
            file_layout: bureau.layout(Clock::system().now() + Duration::from_hours(1)),
            ..wire::Partner::default()
        };
        let made = partner::create(channels, nightly).await?;
        let file = invented("Benchmark", &[("CM3B", PARTNER)], PARTNER, today()?)?;
        let (campaign, _) = campaign::create(channels, &file).await?;
        let purpose = Purpose::Load { complete: false };
        let id = &campaign.campaign_id;
        import(channels, id, roster, &Options::default(), purpose, show).await?;
        Ok(Self {
            channels,
            bureau,
            partner: made.partner_id,
        })
    }

    /// Says that the day's file is due two seconds from now, and waits for that.
    async fn falls(&self) -> Result<(), Problem> {
        let now = Clock::system().now();
        let at = Timestamp::from_micros((now.as_seconds() + 2) * 1_000_000);
        let request = wire::UpdatePartnerRequest {
            request_id: new_request_id(),
            partner_id: self.partner.clone(),
            file_layout: Some(self.bureau.layout(at)),
            ..wire::UpdatePartnerRequest::default()
        };
        PartnerServiceClient::new(self.channels.handoff.clone())
            .update_partner(request)
            .await
            .or_problem("change the layout")?;
        tokio::time::sleep(at.since(now)).await;
        Ok(())
    }

    /// Two nights: the file, the answer to it, the rest in a second file, and what became of all.
    async fn run(&self, queued: u64) -> Result<Measured, Problem> {
        self.falls().await?;
        let (first, first_took) = self.bureau.next_file().await?;
        let answer = self.bureau.answer(&first)?;
        let answer_took = self.bureau.until_read(&answer.name).await?;
        self.falls().await?;
        let (second, second_took) = self.bureau.next_file().await?;
        let results = self.bureau.activate(&first, &second)?;
        let results_took = self.bureau.until_read(&results.name).await?;
        let unique: BTreeSet<&String> = first.records.iter().chain(&second.records).collect();
        let left_out = |id: &&String| matches!(Decided::of(id), Decided::LeftOut);
        let expected: BTreeSet<&String> = first.records.iter().filter(left_out).collect();
        let again: BTreeSet<&String> = second.records.iter().collect();
        let twice_in_one = first.records.len() + second.records.len()
            - first.records.iter().collect::<BTreeSet<_>>().len()
            - again.len();
        let unasked = again.difference(&expected).count();
        let missing = expected.difference(&again).count();
        Ok(Measured {
            database: "",
            queued,
            first_file: (first.records.len() as u64, first_took),
            answer: (answer.decided.len() as u64, answer_took),
            second_file: (second.records.len() as u64, second_took),
            results: (results.decided.len() as u64, results_took),
            lost: queued.saturating_sub(unique.len() as u64) + missing as u64,
            doubled: (twice_in_one + unasked) as u64,
            otherwise: 0,
            peak_memory_mib: None,
        })
    }
}
