//! Whether a login on PostgreSQL may do what the owner of the database does, and what a superuser has to type where it may not.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

use super::error::Error;
use super::settings::Process;

/// What an owner may do.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
struct Rights {
    login: String,
    database: String,
    can_create_roles: bool,
    owns_database: bool,
    can_create_tables: bool,
}

/// Refuses a login that cannot migrate, with everything that it lacks.
pub(super) async fn check_owner(connection: &impl ConnectionTrait) -> Result<(), Error> {
    let rights = read(connection).await?;
    let roles = missing_roles(connection).await?;
    let lacks = rights.lacks(&roles);
    if lacks.is_empty() {
        return Ok(());
    }
    Err(Error::Connect {
        message: format!(
            "user {} cannot set up database {}: as a superuser, type `{}`",
            rights.login,
            rights.database,
            lacks.join("; ")
        ),
    })
}

/// Refuses a login that may not take on the roles of the processes: where they all log in as the owner, it must.
pub(super) async fn check_member(connection: &impl ConnectionTrait) -> Result<(), Error> {
    let mut refused = Vec::new();
    for role in Process::ALL.map(Process::role) {
        match connection
            .execute_unprepared(&format!("SET ROLE {role}"))
            .await
            .map_err(Error::from)
        {
            Ok(_) => {
                connection.execute_unprepared("RESET ROLE").await?;
            }
            Err(Error::Denied(_)) => refused.push(role),
            Err(error) => return Err(error),
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let login = read(connection).await?.login;
    let roles = refused.join(", ");
    Err(Error::Connect {
        message: format!(
            "user {login} may not take on the roles of the processes: as a superuser, type `GRANT {roles} TO {login}`"
        ),
    })
}

async fn read(connection: &impl ConnectionTrait) -> Result<Rights, Error> {
    const SQL: &str = "SELECT current_user::text AS login, current_database()::text AS database, \
         r.rolsuper OR r.rolcreaterole AS can_create_roles, pg_has_role(d.datdba, 'USAGE') AS owns_database, \
         has_schema_privilege('public', 'CREATE') AS can_create_tables \
         FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()";
    let statement = Statement::from_string(connection.get_database_backend(), SQL);
    let found = Rights::find_by_statement(statement).one(connection).await?;
    found.ok_or_else(|| Error::corrupt("a login without its role"))
}

async fn missing_roles(connection: &impl ConnectionTrait) -> Result<Vec<&'static str>, Error> {
    const SQL: &str = "SELECT rolname::text AS role FROM pg_roles WHERE rolname LIKE 'redress%'";
    let statement = Statement::from_string(connection.get_database_backend(), SQL);
    let rows = connection.query_all_raw(statement).await?;
    let there: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("", "role"))
        .collect::<Result<_, _>>()?;
    let roles = Process::ALL.map(Process::role).into_iter();
    Ok(roles
        .filter(|role| !there.iter().any(|it| it == role))
        .collect())
}

impl Rights {
    /// Writes the statements that give what is missing.
    fn lacks(&self, missing_roles: &[&str]) -> Vec<String> {
        let Self {
            login, database, ..
        } = self;
        let mut lacks = Vec::new();
        if !self.can_create_roles {
            let create = missing_roles.iter();
            lacks.extend(create.map(|role| format!("CREATE ROLE {role} NOLOGIN")));
        }
        if !self.owns_database {
            lacks.push(format!("ALTER DATABASE {database} OWNER TO {login}"));
        }
        if !self.can_create_tables {
            lacks.push(format!("GRANT CREATE ON SCHEMA public TO {login}"));
        }
        lacks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(may: bool) -> Rights {
        Rights {
            login: "modest".to_owned(),
            database: "remedy".to_owned(),
            can_create_roles: may,
            owns_database: may,
            can_create_tables: may,
        }
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        assert_eq!(
            rights(false).lacks(&["redress_codes", "redress_handoff"]),
            [
                "CREATE ROLE redress_codes NOLOGIN",
                "CREATE ROLE redress_handoff NOLOGIN",
                "ALTER DATABASE remedy OWNER TO modest",
                "GRANT CREATE ON SCHEMA public TO modest",
            ]
        );
        assert!(rights(true).lacks(&["redress_codes"]).is_empty());
        assert_eq!(rights(false).lacks(&[]).len(), 2);
    }
}
