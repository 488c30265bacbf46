//! What was begun with a letter that counts no more.
//!
//! Whoever holds a letter that was replaced or taken back may be a stranger. So an enrollment that it began and nobody completed is
//! canceled with it, and a verification of such an enrollment is none: the person begins anew with the new letter.
//!
//! Enrollments are locked before their codes, as completing does.

use sea_orm::{ConnectionTrait, Statement, Value};
use serde_json::json;

use crate::codes::context::Context;
use crate::db::audit::{self, Event};
use crate::db::entities::ClosedSet;
use crate::db::entities::code;
use crate::db::entities::enrollment::{CancelReason, State};
use crate::db::{self, Tx, rows};
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId};
use crate::process::Act;

use super::revoke_store::{Chunk, Scope};

/// Which open enrollments are canceled.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// The one that letters of an individual began.
    By(IndividualId),
    /// Those that the letters of some batches began, in one chunk.
    Among(&'a Scope, Chunk),
    /// This one.
    This(EnrollmentId),
}

/// What became of the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Fate {
    /// Another one took its place.
    Replaced,
    /// An operator took it back.
    Revoked,
}

/// Cancels open enrollments, each with an audit event.
pub async fn cancel(
    context: &Context,
    tx: &Tx<'_>,
    (campaign, which): (CampaignId, Which<'_>),
    (actor, fate): (&str, Fate),
) -> Result<(), db::Error> {
    let now = context.now();
    let mut values: Vec<Value> = vec![campaign.into(), actor.into(), now.into()];
    let condition = which.condition(&mut values);
    let sql = format!(
        "WITH held AS (SELECT e.id AS held_id FROM enrollment e WHERE e.campaign_id = $1 AND e.state = '{started}' AND {condition} \
         ORDER BY e.id{lock}) \
         UPDATE enrollment SET state = '{canceled}', cancel_reason = '{reason}', canceled_by = $2, cancel_requested_at = $3, \
         settled_at = $3 FROM held WHERE campaign_id = $1 AND id = held_id AND state = '{started}' RETURNING id",
        started = State::Started.as_str(),
        canceled = State::Canceled.as_str(),
        reason = CancelReason::Other.as_str(),
        lock = rows::lock(tx.backend(), "e"),
    );
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    let mut events: Vec<Event> = Vec::new();
    for row in tx.query_all_raw(statement).await? {
        let id: EnrollmentId = row.try_get("", "id")?;
        let detail = json!({
            "from": State::Started, "to": State::Canceled, "why": CancelReason::Other, "letter": fate,
        });
        let act = Act::on("enrollment.canceled", "enrollment", id);
        events.push(context.event(actor.to_owned(), Some(campaign), act, detail));
    }
    audit::record(tx, &events).await
}

impl Which<'_> {
    fn condition(self, values: &mut Vec<Value>) -> String {
        let mut bind = |value: Value| {
            values.push(value);
            values.len()
        };
        match self {
            Self::This(id) => format!("e.id = ${}", bind(id.into())),
            Self::By(individual) => {
                let n = bind(individual.into());
                format!("e.individual_id = ${n} AND e.code_mac IS NOT NULL")
            }
            Self::Among(Scope::Individual(individual), _) => {
                Self::By(*individual).condition(values)
            }
            Self::Among(scope, chunk) => {
                let codes = scope.condition(values);
                let of_chunk = chunk.condition(values);
                format!(
                    "(e.individual_id, e.code_mac) IN (SELECT individual_id, mac FROM code WHERE {codes}{of_chunk}){of_chunk}"
                )
            }
        }
    }
}

/// Tells whether an enrollment was canceled, or its letter counts no more.
pub async fn is_void(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: EnrollmentId,
) -> Result<bool, db::Error> {
    let sql = format!(
        "SELECT 1 AS one FROM enrollment e LEFT JOIN code c ON c.campaign_id = e.campaign_id AND c.mac = e.code_mac \
         WHERE e.campaign_id = $1 AND e.id = $2 AND (e.state = '{}' OR c.state IN ('{}', '{}'))",
        State::Canceled.as_str(),
        code::State::Superseded.as_str(),
        code::State::Revoked.as_str(),
    );
    let values: [Value; 2] = [campaign.into(), id.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Tells whether an individual completed an enrollment that was neither canceled nor refused since.
pub async fn is_enrolled(
    tx: &Tx<'_>,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<bool, db::Error> {
    let sql = format!(
        "SELECT 1 AS one FROM enrollment WHERE campaign_id = $1 AND individual_id = $2 AND state NOT IN ('{}', '{}', '{}') LIMIT 1",
        State::Started.as_str(),
        State::Canceled.as_str(),
        State::Refused.as_str(),
    );
    let values: [Value; 2] = [campaign.into(), individual.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Ok(tx.query_one_raw(statement).await?.is_some())
}
