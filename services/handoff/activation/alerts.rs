//! What the operator is told about a pool: once that few codes are left, and once that none is left.

use serde_json::{Value, json};

use crate::db::audit::Event;
use crate::db::entities::activation_pool;
use crate::db::{Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner::audit::about_partner;

use super::pool_store::{Alert, PoolKey};
use super::{code_store, pool_store};

/// The alerts that a transaction raised.
#[derive(Clone, Debug, Default)]
pub struct Alerts(Vec<(PoolKey, Alert)>);

impl Alerts {
    /// Logs them, once the transaction has been committed.
    pub fn log(&self) {
        for (pool, alert) in &self.0 {
            let (campaign_id, partner_id) = (pool.campaign, pool.partner);
            match alert {
                Alert::Low => {
                    tracing::warn!(%campaign_id, %partner_id, "few activation codes are left; import more");
                }
                Alert::Empty => {
                    tracing::warn!(%campaign_id, %partner_id, "no activation code is left; enrollments wait until more are imported");
                }
            }
        }
    }

    /// Raises an alert unless it was raised before.
    pub(crate) async fn raise(
        &mut self,
        tx: &Tx<'_>,
        (context, actor): (&Context, &str),
        (pool, alert): (PoolKey, Alert),
        detail: Value,
    ) -> Result<(), Error> {
        if !pool_store::raise(tx, pool, alert, context.clock.now()).await? {
            return Ok(());
        }
        let action = match alert {
            Alert::Low => "activation_pool.low",
            Alert::Empty => "activation_pool.empty",
        };
        audit::record(tx, &[about_pool(context, actor, action, pool, detail)]).await?;
        self.0.push((pool, alert));
        Ok(())
    }

    /// Raises the alert that few codes are left, or clears it when there are enough again.
    pub(crate) async fn check_low(
        &mut self,
        tx: &Tx<'_>,
        by: (&Context, &str),
        pool: &activation_pool::Model,
    ) -> Result<(), Error> {
        let key = PoolKey::from(pool);
        let is_enough = code_store::has(tx, key, pool.low_water).await?;
        match (is_enough, pool.low_since) {
            (true, Some(_)) => pool_store::clear(tx, key, Alert::Low).await,
            (false, None) => {
                let detail = json!({ "low_water": pool.low_water });
                self.raise(tx, by, (key, Alert::Low), detail).await
            }
            (true, None) | (false, Some(_)) => Ok(()),
        }
    }
}

/// Makes an audit event about a pool, now.
pub(crate) fn about_pool(
    context: &Context,
    actor: &str,
    action: &'static str,
    pool: PoolKey,
    detail: Value,
) -> Event {
    Event {
        campaign_id: Some(pool.campaign),
        ..about_partner(context, actor, action, pool.partner, detail)
    }
}
