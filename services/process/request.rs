//! Answers to requests that come again (AIP-155): the same request id has the same effect once.
//!
//! Ask [`answered`] first in the transaction, [`record`] last, commit both with the effect. What is kept of an answer is JSON of
//! ids and closed words from which it is rebuilt, so nothing personal is stored for it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set, Statement};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::db::entities::idempotency;
use crate::db::{self, Db, Tx};
use crate::kernel::clock::Timestamp;

use super::error::Error;

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
    /// The same under the other versions of the key: by one of them an instance that uses another key has recorded it.
    pub others: Vec<Uuid>,
}

impl Request {
    fn is_of(&self, fingerprint: Uuid) -> bool {
        self.fingerprint == fingerprint || self.others.contains(&fingerprint)
    }
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

impl Known {
    /// Reads the answer that was recorded, if the request was done.
    ///
    /// # Errors
    /// [`Error::RequestIdReused`] where the id was used for other content.
    pub fn answer<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        match self {
            Self::New => Ok(None),
            Self::Conflict => Err(Error::RequestIdReused),
            Self::Done(answer) => {
                let answer = serde_json::from_str(answer);
                let answer = answer.map_err(|_| db::Error::corrupt("idempotency.result"))?;
                Ok(Some(answer))
            }
        }
    }
}

/// Gives what a request was answered with before, if it was.
///
/// # Errors
/// [`Error::RequestIdReused`] where the id was used for other content.
pub async fn answered<T: DeserializeOwned>(
    tx: &Tx<'_>,
    request: &Request,
) -> Result<Option<T>, Error> {
    look_up(tx, request).await?.answer()
}

/// Looks a request up.
async fn look_up(tx: &Tx<'_>, request: &Request) -> Result<Known, db::Error> {
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
pub async fn look_up_all(tx: &Tx<'_>, requests: &[Request]) -> Result<Vec<Known>, db::Error> {
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
        Some(row) if request.is_of(row.fingerprint) => Known::Done(row.result.clone()),
        Some(_) => Known::Conflict,
    }
}

/// Records that a request was done, and what its answer is rebuilt from.
///
/// # Errors
/// [`db::Error::Contended`] where the same request was recorded meanwhile: return it, and `run_tx` runs again and finds it.
pub async fn record<T: Serialize>(
    tx: &Tx<'_>,
    request: &Request,
    answer: &T,
    now: Timestamp,
) -> Result<(), db::Error> {
    let same = OnConflict::new().do_nothing().to_owned();
    let written = idempotency::Entity::insert(row(tx, request, &kept(answer)?, now))
        .on_conflict(same)
        .exec_without_returning(tx)
        .await?;
    if written == 1 {
        Ok(())
    } else {
        Err(db::Error::overtaken("idempotency"))
    }
}

/// Writes an answer as it is kept, for whoever records requests in a statement of their own.
///
/// # Errors
/// [`db::Error::Corrupt`] where the answer is no JSON, which is a defect.
pub fn kept<T: Serialize>(answer: &T) -> Result<String, db::Error> {
    serde_json::to_string(answer).map_err(|_| db::Error::corrupt("an answer that is no JSON"))
}

/// Makes of an error what [`record`] gives, for whoever records requests in a statement of their own.
pub fn recorded_meanwhile(error: db::Error) -> db::Error {
    if error.is_unique("idempotency_pkey") {
        return db::Error::overtaken("idempotency");
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

/// Deletes requests answered before an instant, about so many, and gives their number.
pub async fn prune(db: &Db, before: Timestamp, most: u64) -> Result<u64, db::Error> {
    const SQL: &str = "DELETE FROM idempotency WHERE process = $1 AND created_at <= \
         (SELECT max(created_at) FROM (SELECT created_at FROM idempotency WHERE process = $1 AND created_at < $2 \
         ORDER BY created_at LIMIT $3) AS oldest)";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    db.run_tx("idempotency.prune", |tx| {
        let values = [tx.process().as_str().into(), before.into(), most.into()];
        Box::pin(async move {
            let statement = Statement::from_sql_and_values(tx.backend(), SQL, values);
            Ok(tx.execute_raw(statement).await?.rows_affected())
        })
    })
    .await
}
