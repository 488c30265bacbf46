//! Which schema the database has, and whether this program runs with it.
//!
//! It does if every step that it knows was applied, and every step that it does not know says that it runs since one that it knows.
//! So instances of two releases work side by side while the new one is rolled out.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, OnConflict, Query, SelectStatement};

use super::error::Error;
use super::migrations;

/// The step that makes the table in which support is written down.
const SUPPORT_STEP: &str = "0009_schema_support";

/// Checks that this program runs with the steps that were applied.
pub(super) async fn check(connection: &impl ConnectionTrait) -> Result<(), Error> {
    let applied = applied(connection).await?;
    let supported = match first_unknown(&applied) {
        None => BTreeMap::new(),
        Some(_) => support(connection).await?,
    };
    compare(&applied, &supported)
}

/// Lists the steps applied, in order.
pub(super) async fn applied(connection: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let rows = connection.query_all(&versions()).await?;
    rows.iter()
        .map(|row| row.try_get("", "version").map_err(Error::from))
        .collect()
}

/// Writes down since which step programs run with each of these steps.
pub(super) async fn write_support(
    connection: &impl ConnectionTrait,
    applied: &[String],
) -> Result<(), Error> {
    if !applied.iter().any(|step| step == SUPPORT_STEP) {
        return Ok(());
    }
    let known = migrations::support().filter(|(step, _)| applied.iter().any(|it| it == step));
    for (step, runs_since) in known {
        let insert = Query::insert()
            .into_table(migrations::SUPPORT)
            .columns(["step", "runs_since"])
            .values_panic([step.into(), runs_since.into()])
            .on_conflict(
                OnConflict::column("step")
                    .update_column("runs_since")
                    .to_owned(),
            )
            .to_owned();
        connection.execute(&insert).await?;
    }
    Ok(())
}

/// Gives since which step programs run with each step; nothing where no migrator has told it yet.
async fn support(connection: &impl ConnectionTrait) -> Result<BTreeMap<String, String>, Error> {
    let query = Query::select()
        .columns(["step", "runs_since"])
        .from(migrations::SUPPORT)
        .to_owned();
    let rows = connection.query_all(&query).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "step")?, row.try_get("", "runs_since")?)))
        .collect()
}

fn versions() -> SelectStatement {
    Query::select()
        .expr(Expr::col("version"))
        .from(migrations::VERSIONS)
        .order_by("version", sea_orm::Order::Asc)
        .to_owned()
}

/// Refuses a database that knows steps which this program does not.
pub(super) fn refuse_newer(applied: &[String]) -> Result<(), Error> {
    first_unknown(applied).map_or(Ok(()), |unknown| Err(newer(unknown)))
}

fn first_unknown(applied: &[String]) -> Option<&String> {
    applied.iter().find(|step| !is_known(step))
}

fn is_known(step: &str) -> bool {
    migrations::names().any(|name| name == step)
}

fn newer(unknown: &str) -> Error {
    Error::Schema {
        message: format!(
            "the database's schema is newer than this program (it has step {unknown}): run the release that made it"
        ),
    }
}

fn compare(applied: &[String], supported: &BTreeMap<String, String>) -> Result<(), Error> {
    let runs_with =
        |step: &str| is_known(step) || supported.get(step).is_some_and(|since| is_known(since));
    if let Some(unknown) = applied.iter().find(|step| !runs_with(step)) {
        return Err(newer(unknown));
    }
    match migrations::names().find(|name| !applied.iter().any(|version| version == name)) {
        None => Ok(()),
        Some(missing) => Err(Error::Schema {
            message: format!(
                "the database's schema is older than this program (step {missing} is missing): \
                 type `redress migrate --database-url ...` as its owner"
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_runs_since_one_that_is_not_after_it() {
        for (step, since) in migrations::support() {
            assert!(is_known(since) && since <= step, "{step}");
        }
        assert!(is_known(SUPPORT_STEP));
    }

    #[test]
    fn older_and_newer_schemas_are_told_apart() {
        let nothing = BTreeMap::new();
        let mut steps: Vec<String> = migrations::names().map(str::to_owned).collect();
        assert_eq!(compare(&steps, &nothing), Ok(()));
        let newest = steps.last().unwrap().clone();
        steps.push("9999_future".to_owned());
        let told = |since: &str| BTreeMap::from([("9999_future".to_owned(), since.to_owned())]);
        assert_eq!(compare(&steps, &told(&newest)), Ok(()));
        for untold in [nothing.clone(), told("9998_later"), told("9999_future")] {
            let Err(Error::Schema { message }) = compare(&steps, &untold) else {
                panic!("a newer schema passed")
            };
            assert!(message.contains("newer") && message.contains("9999_future"));
        }
        let Err(Error::Schema { message }) = compare(&[], &nothing) else {
            panic!("an older schema passed")
        };
        assert!(message.contains("redress migrate") && message.contains("older"));
    }
}
