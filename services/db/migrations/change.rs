//! Changing a schema that has landed.

use sea_orm::sea_query::{ColumnDef, Table};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::SchemaManager;

use super::blueprint::Blueprint;

/// One change of the schema.
#[expect(
    clippy::large_enum_variant,
    reason = "a step has few changes, each applied once"
)]
pub(super) enum Change {
    /// Makes a table.
    Make(Blueprint),
    /// Adds columns. Rows that are there get NULL, or the column's default.
    Add(&'static str, Vec<ColumnDef>),
    /// Runs a statement that means the same on both databases.
    Run(&'static str),
    /// Makes tables anew and keeps their rows: for what SQLite's ALTER TABLE cannot do. A table stands after those that it
    /// references, and whatever references one of them is among them.
    Remake(Vec<Remade>),
}

/// A table that is made anew.
pub(super) struct Remade {
    /// The table as it shall be.
    pub table: Blueprint,
    /// Columns whose value is not that of the old column of the same name, each with an expression over the old row.
    /// In it, `x_before` is the old table `x` of any table that is made anew with this one.
    pub values: &'static [(&'static str, &'static str)],
}

impl Change {
    /// Applies the change.
    pub async fn apply(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        match self {
            Self::Make(table) => table.create(manager).await,
            Self::Add(table, columns) => {
                // SQLite adds one column a statement.
                for column in columns {
                    let alter = Table::alter().table(table).add_column(column).to_owned();
                    manager.alter_table(alter).await?;
                }
                Ok(())
            }
            Self::Run(sql) => {
                manager.get_connection().execute_unprepared(sql).await?;
                Ok(())
            }
            Self::Remake(tables) => remake(manager, tables).await,
        }
    }
}

async fn remake(manager: &SchemaManager<'_>, tables: Vec<Remade>) -> Result<(), DbErr> {
    let run = async |sql: String| manager.get_connection().execute_unprepared(&sql).await;
    for Remade { table, .. } in &tables {
        let name = table.name();
        run(format!(
            "CREATE TABLE {name}_before AS SELECT * FROM {name}"
        ))
        .await?;
    }
    for Remade { table, .. } in tables.iter().rev() {
        run(format!("DROP TABLE {}", table.name())).await?;
    }
    let names: Vec<&str> = tables.iter().map(|remade| remade.table.name()).collect();
    for Remade { table, values } in tables {
        let name = table.name();
        let columns = table.columns().join(", ");
        let value = |column: &String| {
            let given = values.iter().find(|(name, _)| name == column);
            given.map_or_else(|| column.clone(), |(_, value)| (*value).to_owned())
        };
        let kept: Vec<String> = table.columns().iter().map(value).collect();
        let kept = kept.join(", ");
        table.create(manager).await?;
        run(format!(
            "INSERT INTO {name} ({columns}) SELECT {kept} FROM {name}_before"
        ))
        .await?;
    }
    for name in names {
        run(format!("DROP TABLE {name}_before")).await?;
    }
    Ok(())
}
