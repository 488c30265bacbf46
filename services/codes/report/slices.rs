//! The funnel of each part of a campaign, in one statement.
//!
//! `m` says which people belong to which part. Each table is joined to it and counted by part; the sums of these few rows are
//! the answer. So each table is read once however many parts there are, and everything is hashed.

use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement};

use crate::db;
use crate::db::entities::individual::Population;
use crate::db::entities::{ClosedSet, enrollment, handoff, mail_event, verification};
use crate::kernel::ids::{CampaignId, CoveredEntityId, WaveId};

use super::funnel::Funnel;

/// Into which parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Covered entities; their parts overlap.
    CoveredEntity,
    /// Where people live.
    Region,
    /// Adults, minors, the deceased.
    Population,
    /// Waves; a reissue puts a person into a second one.
    Wave,
}

/// A part of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Whom a covered entity lists.
    CoveredEntity(CoveredEntityId),
    /// Who lives at addresses of a region.
    Region {
        /// State or region; may be empty.
        region: String,
        /// Country; home is `US` or what [`crate::codes::law::is_home`] takes for it.
        country: String,
    },
    /// A population.
    Population(Population),
    /// Who has a code of a wave.
    Wave(WaveId),
}

/// A part with its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Which.
    pub part: Part,
    /// The figures; rows and rejected rows are none of a part.
    pub funnel: Funnel,
}

/// The figures of people, as [`Funnel`] names them.
const FIGURES: [&str; 16] = [
    "individuals",
    "records",
    "codes_issued",
    "letters",
    "returned",
    "begun",
    "verified",
    "refused",
    "referred",
    "submitted",
    "handed_off",
    "acknowledged",
    "active",
    "action_required",
    "enrollment_refused",
    "dead",
];

/// What the rows of one table count.
struct Source {
    /// Figures, and what a row adds to each.
    figures: Vec<(&'static str, String)>,
    /// The rows, each with an `individual_id`; one a person where a figure counts people.
    from: String,
}

impl Source {
    fn new<const N: usize>(figures: [(&'static str, &str); N], from: impl Into<String>) -> Self {
        let figures = figures.map(|(name, adds)| (name, adds.to_owned()));
        Self {
            figures: Vec::from(figures),
            from: from.into(),
        }
    }
}

fn records() -> Source {
    Source::new(
        [("records", "1")],
        "individual_entity WHERE campaign_id = $1",
    )
}

fn codes() -> Source {
    Source::new(
        [
            ("letters", "1"),
            (
                "codes_issued",
                "COUNT(CASE WHEN without_code IS NULL THEN 1 END)",
            ),
        ],
        "code WHERE campaign_id = $1 AND generation > 0 GROUP BY individual_id",
    )
}

/// Events: what happened to people. These tables have few rows for each person, so they are joined to the parts together.
fn events() -> [Source; 4] {
    use enrollment::State as Enrollment;
    use verification::State as Verification;
    let returned = mail_event::Kind::Returned.as_str();
    let enroll = handoff::Kind::Enroll.as_str();
    [
        Source::new(
            [("returned", "1")],
            format!(
                "mail_event WHERE campaign_id = $1 AND kind = '{returned}' GROUP BY individual_id"
            ),
        ),
        Source::new(
            [
                ("begun", "1"),
                (
                    "submitted",
                    "CASE WHEN submitted_at IS NULL THEN 0 ELSE 1 END",
                ),
                (
                    "active",
                    &format!(
                        "CASE WHEN state IN ('{}', '{}') THEN 1 ELSE 0 END",
                        Enrollment::Active.as_str(),
                        Enrollment::PartlyActive.as_str()
                    ),
                ),
                ("action_required", &one_if(Enrollment::ActionRequired)),
                ("enrollment_refused", &one_if(Enrollment::Refused)),
            ],
            "enrollment WHERE campaign_id = $1",
        ),
        Source::new(
            [
                (
                    "verified",
                    &format!("MAX({})", one_if(Verification::Verified)),
                ),
                (
                    "refused",
                    &format!("SUM({})", one_if(Verification::Refused)),
                ),
                (
                    "referred",
                    &format!("SUM({})", one_if(Verification::Referred)),
                ),
            ],
            "verification WHERE campaign_id = $1 AND individual_id IS NOT NULL GROUP BY individual_id",
        ),
        Source::new(
            [
                (
                    "handed_off",
                    &format!("CASE WHEN kind = '{enroll}' AND attempts > 0 THEN 1 ELSE 0 END"),
                ),
                (
                    "acknowledged",
                    &format!(
                        "CASE WHEN kind = '{enroll}' AND acknowledged_at IS NOT NULL THEN 1 ELSE 0 END"
                    ),
                ),
                ("dead", &one_if(handoff::State::Dead)),
            ],
            "handoff WHERE campaign_id = $1",
        ),
    ]
}

fn one_if(state: impl ClosedSet) -> String {
    format!("CASE state WHEN '{}' THEN 1 ELSE 0 END", state.as_str())
}

impl By {
    /// Says which people belong to which part.
    fn members(self) -> &'static str {
        match self {
            Self::CoveredEntity => {
                "SELECT DISTINCT covered_entity_id AS part, individual_id FROM individual_entity WHERE campaign_id = $1 AND NOT withdrawn"
            }
            Self::Region => {
                "SELECT country || '/' || region AS part, id AS individual_id FROM individual WHERE campaign_id = $1 AND withdrawn_at IS NULL"
            }
            Self::Wave => {
                "SELECT DISTINCT b.wave_id AS part, c.individual_id AS individual_id FROM code c \
                 JOIN code_batch b ON b.campaign_id = c.campaign_id AND b.id = c.batch_id \
                 WHERE c.campaign_id = $1 AND c.generation > 0"
            }
            Self::Population => {
                "SELECT population AS part, id AS individual_id FROM individual WHERE campaign_id = $1 AND withdrawn_at IS NULL"
            }
        }
    }

    /// What is counted, and where. Records are a covered entity's own in its part, and codes a wave's own in its.
    fn counts(self) -> Vec<String> {
        const OWN_RECORDS: &str = "(SELECT covered_entity_id AS part FROM individual_entity WHERE campaign_id = $1 AND NOT withdrawn) m";
        const OWN_CODES: &str = "(SELECT b.wave_id AS part FROM code c \
            JOIN code_batch b ON b.campaign_id = c.campaign_id AND b.id = c.batch_id \
            WHERE c.campaign_id = $1 AND c.generation > 0 AND c.without_code IS NULL) m";
        let rows = |figure, from| by_part(&[(figure, "COUNT(*)".to_owned())], from);
        let mut counts = vec![rows("individuals", "m"), joined(&events())];
        counts.extend(match self {
            Self::CoveredEntity => vec![rows("records", OWN_RECORDS), joined(&[codes()])],
            Self::Wave => vec![
                joined(&[records()]),
                rows("codes_issued", OWN_CODES),
                rows("letters", "m"),
            ],
            Self::Region | Self::Population => vec![joined(&[records()]), joined(&[codes()])],
        });
        counts
    }

    fn sql(self) -> String {
        let sums = FIGURES.map(|name| format!("CAST(SUM({name}) AS BIGINT) AS {name}"));
        format!(
            "WITH m AS MATERIALIZED ({}) SELECT part, CAST(0 AS BIGINT) AS rows, CAST(0 AS BIGINT) AS rejected, {} \
             FROM ({}) f GROUP BY part ORDER BY part",
            self.members(),
            sums.join(", "),
            self.counts().join(" UNION ALL "),
        )
    }

    fn part(self, row: &QueryResult) -> Result<Part, sea_orm::DbErr> {
        Ok(match self {
            Self::CoveredEntity => Part::CoveredEntity(row.try_get("", "part")?),
            Self::Population => Part::Population(row.try_get("", "part")?),
            Self::Wave => Part::Wave(row.try_get("", "part")?),
            Self::Region => {
                let text: String = row.try_get("", "part")?;
                let (country, region) = text.split_once('/').unwrap_or((&text, ""));
                Part::Region {
                    region: region.to_owned(),
                    country: country.to_owned(),
                }
            }
        })
    }
}

/// Counts what sources say of the people of each part.
fn joined(sources: &[Source]) -> String {
    let all = sources.iter().flat_map(|source| &source.figures);
    let names: Vec<&'static str> = all.map(|(name, _)| *name).collect();
    let rows = sources.iter().map(|source| {
        let columns = names.iter().map(|name| {
            let own = source.figures.iter().find(|(figure, _)| figure == name);
            format!("{} AS {name}", own.map_or("0", |(_, adds)| adds.as_str()))
        });
        let columns: Vec<String> = columns.collect();
        format!(
            "SELECT individual_id, {} FROM {}",
            columns.join(", "),
            source.from
        )
    });
    let rows: Vec<String> = rows.collect();
    let sums: Vec<_> = names
        .iter()
        .map(|name| (*name, format!("SUM(p.{name})")))
        .collect();
    by_part(
        &sums,
        &format!(
            "m JOIN ({}) p ON p.individual_id = m.individual_id",
            rows.join(" UNION ALL ")
        ),
    )
}

/// Counts figures by part, and 0 for all others, so that all counts can stand below each other.
fn by_part(figures: &[(&str, String)], from: &str) -> String {
    let columns = FIGURES.map(|name| {
        let counted = figures.iter().find(|(figure, _)| *figure == name);
        let count = counted.map_or("0", |(_, count)| count);
        format!("{count} AS {name}")
    });
    format!(
        "SELECT m.part AS part, {} FROM {from} GROUP BY m.part",
        columns.join(", ")
    )
}

/// Counts every part that has people.
pub async fn count(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    by: By,
) -> Result<Vec<Slice>, db::Error> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, by.sql(), [campaign.into()]);
    let mut slices = Vec::new();
    for row in connection.query_all_raw(statement).await? {
        slices.push(Slice {
            part: by.part(&row)?,
            funnel: Funnel::from_query_result(&row, "")?,
        });
    }
    Ok(slices)
}
