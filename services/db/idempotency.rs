//! Answers to requests that come again (AIP-155): the same request id has the same effect once.
//!
//! Look up first in the transaction, record last, commit both with the effect. The answer is kept as ids and rebuilt from
//! them, so nothing personal is stored for it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use crate::kernel::clock::Timestamp;

use super::connect::Db;
use super::entities::idempotency;
use super::error::{Error, SqlState};
use super::tx::Tx;

/// The rows of one INSERT.
const ROWS: usize = 500;

/// A request as the server knows it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The id that the caller made.
    pub id: Uuid,
    /// The caller, `role/name`.
    pub caller: String,
    /// The method's full name.
    pub method: &'static str,
    /// A keyed hash of the decoded request.
    pub fingerprint: Uuid,
}

/// What is known about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It has not been here.
    New,
    /// It was done: the ids of its answer, as they were recorded.
    Done(String),
    /// This id was used for other content.
    Conflict,
}

/// Looks a request up.
pub async fn look_up(tx: &Tx<'_>, request: &Request) -> Result<Known, Error> {
    let key = (
        request.id,
        tx.process().as_str().to_owned(),
        request.caller.clone(),
        request.method.to_owned(),
    );
    let row = idempotency::Entity::find_by_id(key).one(tx).await?;
    Ok(known(row.as_ref(), request))
}

/// Looks many requests up, and answers in their order.
pub async fn look_up_all(tx: &Tx<'_>, requests: &[Request]) -> Result<Vec<Known>, Error> {
    let mut rows = Vec::new();
    for requests in requests.chunks(ROWS) {
        let query = idempotency::Entity::find()
            .filter(idempotency::Column::Process.eq(tx.process().as_str()))
            .filter(
                idempotency::Column::RequestId.is_in(requests.iter().map(|request| request.id)),
            );
        rows.extend(query.all(tx).await?);
    }
    let find = |request: &Request| rows.iter().find(|row| is_same(row, request));
    Ok(requests
        .iter()
        .map(|request| known(find(request), request))
        .collect())
}

fn is_same(row: &idempotency::Model, request: &Request) -> bool {
    row.request_id == request.id && row.caller == request.caller && row.method == request.method
}

fn known(row: Option<&idempotency::Model>, request: &Request) -> Known {
    match row {
        None => Known::New,
        Some(row) if row.fingerprint == request.fingerprint => Known::Done(row.result.clone()),
        Some(_) => Known::Conflict,
    }
}

/// Records that a request was done and which ids its answer is made of.
///
/// # Errors
/// [`Error::Contended`] where the same request was recorded meanwhile: return it, and `run_tx` runs again and finds it.
pub async fn record(
    tx: &Tx<'_>,
    request: &Request,
    result: &str,
    now: Timestamp,
) -> Result<(), Error> {
    record_all(tx, &[(request, result)], now).await
}

/// Records many requests. One that was recorded meanwhile fails them all, as in [`record`].
pub async fn record_all(
    tx: &Tx<'_>,
    done: &[(&Request, &str)],
    now: Timestamp,
) -> Result<(), Error> {
    for done in done.chunks(ROWS) {
        let rows = done
            .iter()
            .map(|(request, result)| row(tx, request, result, now));
        let same = OnConflict::new().do_nothing().to_owned();
        let written = idempotency::Entity::insert_many(rows)
            .on_conflict(same)
            .exec_without_returning(tx)
            .await?;
        if written != done.len() as u64 {
            return Err(Error::Contended(SqlState::new("idempotency")));
        }
    }
    Ok(())
}

/// Makes of an error what [`record`] gives, for whoever records requests in a statement of their own.
pub fn recorded_meanwhile(error: Error) -> Error {
    if error.is_unique("idempotency_pkey") {
        return Error::Contended(SqlState::new("idempotency"));
    }
    error
}

fn row(tx: &Tx<'_>, request: &Request, result: &str, now: Timestamp) -> idempotency::ActiveModel {
    idempotency::ActiveModel {
        request_id: Set(request.id),
        process: Set(tx.process().as_str().to_owned()),
        caller: Set(request.caller.clone()),
        method: Set(request.method.to_owned()),
        fingerprint: Set(request.fingerprint),
        result: Set(result.to_owned()),
        created_at: Set(now),
    }
}

/// Forgets the requests answered before an instant, and gives their number.
pub async fn prune(db: &Db, before: Timestamp) -> Result<u64, Error> {
    let process = db.process().as_str();
    db.run_tx("idempotency.prune", |tx| {
        Box::pin(async move {
            let old = idempotency::Entity::delete_many()
                .filter(idempotency::Column::Process.eq(process))
                .filter(idempotency::Column::CreatedAt.lt(before));
            Ok(old.exec(tx).await?.rows_affected)
        })
    })
    .await
}
