//! Which schema the database has.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, Query, SelectStatement};

use super::error::Error;
use super::migrations;

/// Checks that exactly the steps of this program were applied.
pub(super) async fn check(connection: &impl ConnectionTrait) -> Result<(), Error> {
    let applied = applied(connection).await?;
    compare(&applied)
}

/// Lists the steps applied, in order.
pub(super) async fn applied(connection: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let rows = connection.query_all(&versions()).await?;
    rows.iter()
        .map(|row| row.try_get("", "version").map_err(Error::from))
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
    if let Some(unknown) = applied
        .iter()
        .find(|version| !migrations::names().any(|name| name == *version))
    {
        return Err(Error::Schema {
            message: format!(
                "the database's schema is newer than this program (it has step {unknown}): run the release that made it"
            ),
        });
    }
    Ok(())
}

fn compare(applied: &[String]) -> Result<(), Error> {
    refuse_newer(applied)?;
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
    fn older_and_newer_schemas_are_told_apart() {
        let mut steps: Vec<String> = migrations::names().map(str::to_owned).collect();
        assert_eq!(compare(&steps), Ok(()));
        steps.push("9999_future".to_owned());
        let Err(Error::Schema { message }) = compare(&steps) else {
            panic!("a newer schema passed")
        };
        assert!(message.contains("newer") && message.contains("9999_future"));
        let Err(Error::Schema { message }) = compare(&[]) else {
            panic!("an older schema passed")
        };
        assert!(message.contains("redress migrate") && message.contains("older"));
    }
}
