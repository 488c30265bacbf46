//! Personal data is given out only after the audit event about it is committed.

use crate::db::audit::{self, Event};

use super::context::Context;
use super::error::Error;

/// Commits an audit event, in a transaction of that name.
pub async fn record(
    context: &Context,
    transaction: &'static str,
    event: &Event,
) -> Result<(), Error> {
    context
        .db
        .run_tx(transaction, |tx| {
            Box::pin(async move {
                Ok::<_, Error>(audit::record(tx, std::slice::from_ref(event)).await?)
            })
        })
        .await
}
