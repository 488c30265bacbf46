//! How well a roster import tells people apart: a roster of which it is known who is who is imported into processes of its own, and the
//! individuals that came of it are compared with the truth, pair by pair. All of it over the public API.

pub mod count;
mod pairs;

use std::path::{Path, PathBuf};
use std::time::Instant;

use uuid::Uuid;

use super::at_once::run;
use super::scratch::{in_scratch, with_processes};
use crate::client::campaign;
use crate::client::connect::{Channels, ClientRole};
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Problem};
use crate::client::progress::{Show, Unit};
use crate::client::roster::import::{Purpose, import};
use crate::client::table::Options;
use crate::kernel::secrets::Secret;
use crate::lab::campaign::{invented, today};
use crate::lab::people::labelled::label::Label;
use crate::lab::people::labelled::{Order, write_file};
use crate::lab::processes::partners;
use crate::wire::redress::identity::v1 as wire;
use count::{Counts, Placed, count};
use wire::review_service_client::ReviewServiceClient;
use wire::roster_service_client::RosterServiceClient;
use wire::search_individuals_request::Query;

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// How many people.
    pub people: u64,
    /// Which people.
    pub seed: u64,
    /// Leaves the column of SSNs empty.
    pub without_ssn: bool,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
    /// Where to write down the pairs about which something is wrong.
    pub pairs: Option<PathBuf>,
}

/// What a measurement came to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// How long the import took.
    pub import_seconds: f64,
    /// The pairs.
    pub counts: Counts,
}

/// Measures it, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Resolved, Problem> {
    let order = Order {
        without_ssn: settings.without_ssn,
        ..Order::of_people(settings.people, settings.seed)
    };
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        let roster = dir.join("roster.csv");
        let labels = write_file(&order, &roster, show)?;
        let (found, import_seconds) = with_processes(databases, dir, &[], async |endpoints, _| {
            partners::create(endpoints).await?;
            let channels = endpoints.connect_as(ClientRole::Operator)?;
            let partner = endpoints.bureau_partner();
            resolve(&channels, partner, &roster, labels, show).await
        })
        .await?;
        let counts = count(&found.rows, &found.reviews);
        if let Some(path) = &settings.pairs {
            pairs::write(path, &roster, &found.rows, &counts.wrong)?;
        }
        Ok(Resolved {
            database: databases.database(),
            import_seconds,
            counts,
        })
    })
    .await
}

/// What came of an import.
struct Found {
    rows: Vec<Placed>,
    reviews: Vec<(Uuid, Uuid)>,
}

/// Imports a roster. Gives what came of it, and how many seconds it took.
async fn resolve(
    channels: &Channels,
    partner: &str,
    roster: &Path,
    labels: Vec<Label>,
    show: Show,
) -> Result<(Found, f64), Problem> {
    let file = invented("Benchmark", &[("CM3B", partner)], partner, today()?)?;
    let (campaign, _) = campaign::create(channels, &file).await?;
    let id = &campaign.campaign_id;
    let begun_at = Instant::now();
    let purpose = Purpose::Load { complete: false };
    let imported = import(channels, id, roster, &Options::default(), purpose, show).await?;
    let seconds = begun_at.elapsed().as_secs_f64();
    if imported.totals.rejected > 0 {
        let rejected = imported.totals.rejected;
        return Err(Problem::refused(format!("{rejected} rows were not taken")));
    }
    let found = Found {
        rows: place(channels, id, labels, show).await?,
        reviews: reviews(channels, id).await?,
    };
    Ok((found, seconds))
}

/// Finds the individual of each row by the clinic's reference.
async fn place(
    channels: &Channels,
    campaign: &str,
    labels: Vec<Label>,
    show: Show,
) -> Result<Vec<Placed>, Problem> {
    let progress = show("looking people up", Unit::Pieces);
    let client = RosterServiceClient::new(channels.identity.clone());
    let searches = labels.into_iter().map(|label| {
        let mut client = client.clone();
        async move {
            let reference = wire::ReferenceQuery {
                external_ref: label.external_ref.clone(),
                covered_entity_key: label.covered_entity.to_owned(),
            };
            let request = wire::SearchIndividualsRequest {
                campaign: campaign.to_owned(),
                query: Some(Query::Reference(reference)),
            };
            let answer = client.search_individuals(request).await;
            let found = answer.or_problem("look a row up")?.individuals;
            let [one] = &found[..] else {
                return Err(Problem::refused("a row led to nobody, or to several"));
            };
            let individual = parse(&one.individual_id)?;
            Ok(Placed { label, individual })
        }
    });
    run(searches, &progress).await
}

/// Reads the whole review list.
async fn reviews(channels: &Channels, campaign: &str) -> Result<Vec<(Uuid, Uuid)>, Problem> {
    let mut client = ReviewServiceClient::new(channels.identity.clone());
    let all = read_all(async |page_token| {
        let request = wire::ListReviewsRequest {
            campaign: campaign.to_owned(),
            page_size: PAGE_SIZE,
            page_token,
            ..wire::ListReviewsRequest::default()
        };
        let answer = client.list_reviews(request).await;
        let page = answer.or_problem("read the review list")?;
        Ok((page.reviews, page.next_page_token))
    });
    let all = all.await?;
    let pair = |review: &wire::Review| {
        let one = parse(&review.individual_id)?;
        Ok((one, parse(&review.other_individual_id)?))
    };
    all.iter().map(pair).collect()
}

fn parse(id: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(id).map_err(|_| Problem::usage("the service gave an id that is none"))
}
