//! Counts the differences that are open, for the metrics.

use std::collections::HashSet;
use std::time::Duration;

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use tokio_util::sync::CancellationToken;

use crate::db::entities::reconciliation_difference::Kind;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics::{self, Differences};
use crate::kernel::lifecycle;

/// How often.
const EVERY: Duration = Duration::from_mins(1);

/// The open differences of one kind, of one campaign at one partner.
#[derive(Debug, FromQueryResult)]
struct Count {
    partner_name: String,
    engagement_number: String,
    kind: Kind,
    differences: i64,
}

/// Counts until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    let mut seen = HashSet::new();
    loop {
        if let Err(error) = measure(&context, &mut seen).await {
            tracing::warn!(%error, "the differences could not be counted; trying again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Counts once. What was `seen` before and is no more is shown as none.
#[expect(clippy::implicit_hasher, reason = "one set of one kind is kept")]
pub async fn measure(context: &Context, seen: &mut HashSet<Differences>) -> Result<(), Error> {
    let mut gone = std::mem::take(seen);
    for count in counts(context.db.read()).await? {
        let differences = Differences {
            partner: count.partner_name,
            engagement_number: count.engagement_number,
            kind: count.kind,
        };
        metrics::differences(&differences, count.differences);
        gone.remove(&differences);
        seen.insert(differences);
    }
    for differences in &gone {
        metrics::differences(differences, 0);
    }
    seen.extend(gone);
    Ok(())
}

async fn counts(db: &impl ConnectionTrait) -> Result<Vec<Count>, Error> {
    const SQL: &str = "SELECT p.name AS partner_name, c.engagement_number, d.kind, d.differences FROM \
         (SELECT campaign_id, partner_id, kind, count(*) AS differences FROM reconciliation_difference \
          WHERE state = 'OPEN' GROUP BY campaign_id, partner_id, kind) d \
         JOIN partner p ON p.id = d.partner_id JOIN campaign c ON c.id = d.campaign_id";
    let statement = Statement::from_string(db.get_database_backend(), SQL);
    Ok(Count::find_by_statement(statement).all(db).await?)
}
