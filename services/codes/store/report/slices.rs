//! The funnel of each part of a campaign, in one statement.
//!
//! `m` says which people belong to which part. Each table is brought to one row a person where a figure counts people, joined
//! to `m` and counted by part; the sums of these few rows are the answer. So each table is read once however many parts there are.

use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement};

use crate::db;
use crate::kernel::ids::{CampaignId, CoveredEntityId, WaveId};

use super::Funnel;

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
        /// Country; home is `US` or what [`crate::codes::term::is_home`] takes for it.
        country: String,
    },
    /// A population.
    Population(String),
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
const FIGURES: [&str; 15] = [
    "individuals",
    "records",
    "codes_issued",
    "letters",
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

/// What is counted in one table.
struct Family {
    /// Rows with an `individual_id`.
    from: &'static str,
    /// Figures, and how they come from rows joined to parts.
    figures: &'static [(&'static str, &'static str)],
}

const PEOPLE: Family = Family {
    from: "",
    figures: &[("individuals", "COUNT(*)")],
};

const RECORDS: Family = Family {
    from: "SELECT individual_id, COUNT(*) AS n FROM individual_entity WHERE campaign_id = $1 GROUP BY individual_id",
    figures: &[("records", "SUM(p.n)")],
};

const CODES: Family = Family {
    from: "SELECT individual_id, COUNT(*) AS n FROM code WHERE campaign_id = $1 AND generation > 0 GROUP BY individual_id",
    figures: &[("letters", "COUNT(*)"), ("codes_issued", "SUM(p.n)")],
};

const ENROLLMENTS: Family = Family {
    from: "SELECT individual_id, state, submitted_at FROM enrollment WHERE campaign_id = $1",
    figures: &[
        ("begun", "COUNT(*)"),
        ("submitted", "COUNT(p.submitted_at)"),
        ("active", "COUNT(CASE WHEN p.state = 'ACTIVE' THEN 1 END)"),
        (
            "action_required",
            "COUNT(CASE WHEN p.state = 'ACTION_REQUIRED' THEN 1 END)",
        ),
        (
            "enrollment_refused",
            "COUNT(CASE WHEN p.state = 'REFUSED' THEN 1 END)",
        ),
    ],
};

const VERIFICATIONS: Family = Family {
    from: "SELECT individual_id, MAX(CASE WHEN state = 'VERIFIED' THEN 1 ELSE 0 END) AS verified, \
           COUNT(CASE WHEN state = 'REFUSED' THEN 1 END) AS refused, \
           COUNT(CASE WHEN state = 'REFERRED' THEN 1 END) AS referred \
           FROM verification WHERE campaign_id = $1 AND individual_id IS NOT NULL GROUP BY individual_id",
    figures: &[
        ("verified", "SUM(p.verified)"),
        ("refused", "SUM(p.refused)"),
        ("referred", "SUM(p.referred)"),
    ],
};

const HANDOFFS: Family = Family {
    from: "SELECT individual_id, kind, attempts, acknowledged_at, state FROM handoff WHERE campaign_id = $1",
    figures: &[
        (
            "handed_off",
            "COUNT(CASE WHEN p.kind = 'ENROLL' AND p.attempts > 0 THEN 1 END)",
        ),
        (
            "acknowledged",
            "COUNT(CASE WHEN p.kind = 'ENROLL' THEN p.acknowledged_at END)",
        ),
        ("dead", "COUNT(CASE WHEN p.state = 'DEAD' THEN 1 END)"),
    ],
};

impl By {
    /// Says which people belong to which part.
    fn members(self) -> &'static str {
        match self {
            Self::CoveredEntity => {
                "SELECT DISTINCT covered_entity_id AS part, individual_id FROM individual_entity WHERE campaign_id = $1"
            }
            Self::Region => {
                "SELECT country || '/' || region AS part, id AS individual_id FROM individual WHERE campaign_id = $1"
            }
            Self::Wave => {
                "SELECT DISTINCT b.wave_id AS part, c.individual_id AS individual_id FROM code c \
                 JOIN code_batch b ON b.campaign_id = c.campaign_id AND b.id = c.batch_id \
                 WHERE c.campaign_id = $1 AND c.generation > 0"
            }
            Self::Population => {
                "SELECT population AS part, id AS individual_id FROM individual WHERE campaign_id = $1"
            }
        }
    }

    /// What is counted, and where. Records are a covered entity's own in its part, and codes a wave's own in its.
    fn families(self) -> Vec<String> {
        const OWN_RECORDS: &str =
            "(SELECT covered_entity_id AS part FROM individual_entity WHERE campaign_id = $1) m";
        const OWN_CODES: &str = "(SELECT b.wave_id AS part FROM code c \
            JOIN code_batch b ON b.campaign_id = c.campaign_id AND b.id = c.batch_id \
            WHERE c.campaign_id = $1 AND c.generation > 0) m";
        let mut families: Vec<String> = [PEOPLE, ENROLLMENTS, VERIFICATIONS, HANDOFFS]
            .iter()
            .map(Family::select)
            .collect();
        families.extend(match self {
            Self::CoveredEntity => [
                select(&[("records", "COUNT(*)")], OWN_RECORDS),
                CODES.select(),
            ],
            Self::Wave => [
                RECORDS.select(),
                select(&[("codes_issued", "COUNT(*)")], OWN_CODES),
            ],
            Self::Region | Self::Population => [RECORDS.select(), CODES.select()],
        });
        if self == Self::Wave {
            families.push(select(&[("letters", "COUNT(*)")], "m"));
        }
        families
    }

    fn sql(self) -> String {
        let sums = FIGURES.map(|name| format!("CAST(SUM({name}) AS BIGINT) AS {name}"));
        format!(
            "WITH m AS MATERIALIZED ({}) SELECT part, CAST(0 AS BIGINT) AS rows, CAST(0 AS BIGINT) AS rejected, {} \
             FROM ({}) f GROUP BY part ORDER BY part",
            self.members(),
            sums.join(", "),
            self.families().join(" UNION ALL "),
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

impl Family {
    fn select(&self) -> String {
        let from = match self.from {
            "" => "m".to_owned(),
            rows => format!("m JOIN ({rows}) p ON p.individual_id = m.individual_id"),
        };
        select(self.figures, &from)
    }
}

/// Counts figures by part, and 0 for all others, so that the counts of all families can stand below each other.
fn select(figures: &[(&str, &str)], from: &str) -> String {
    let columns = FIGURES.map(|name| {
        let counted = figures.iter().find(|(figure, _)| *figure == name);
        format!("{} AS {name}", counted.map_or("0", |(_, count)| count))
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
