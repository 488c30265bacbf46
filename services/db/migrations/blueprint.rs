//! A table in few words. Columns are NOT NULL unless [`maybe`] is said.

use sea_orm::sea_query::{ColumnDef, Expr, ForeignKey, Index, Table, TableCreateStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExprTrait};
use sea_orm_migration::SchemaManager;

use crate::db::schema::{foreign_key_name, index_name, primary_key_name, unique_name};

/// Describes one table, its constraints and its indexes.
pub(super) struct Blueprint {
    name: &'static str,
    table: TableCreateStatement,
    indexes: Vec<(&'static [&'static str], Option<&'static str>)>,
    clustered: bool,
}

impl Blueprint {
    /// Starts a table with its primary key.
    pub fn table<const N: usize>(
        name: &'static str,
        key: &[&'static str],
        columns: [ColumnDef; N],
    ) -> Self {
        let mut table = Table::create().table(name).to_owned();
        for mut column in columns {
            table.col(&mut column);
        }
        let mut primary = Index::create().name(primary_key_name(name)).to_owned();
        for column in key {
            primary.col(*column);
        }
        table.primary_key(&mut primary);
        Self {
            name,
            table,
            indexes: Vec::new(),
            clustered: false,
        }
    }

    /// Adds a unique constraint.
    pub fn unique(mut self, columns: &[&'static str]) -> Self {
        let mut index = Index::create()
            .unique()
            .name(unique_name(self.name, columns))
            .to_owned();
        for column in columns {
            index.col(*column);
        }
        self.table.index(&mut index);
        self
    }

    /// Adds a rule over the columns of a row. The expression must mean the same on both databases.
    pub fn check(mut self, what: &str, rule: &'static str) -> Self {
        self.table
            .check((format!("{}_{what}_check", self.name), Expr::cust(rule)));
        self
    }

    /// Adds the rule that a column holds one of these words.
    pub fn one_of(mut self, column: &'static str, words: &[&'static str]) -> Self {
        let rule = Expr::col(column).is_in(words.iter().copied());
        self.table
            .check((format!("{}_{column}_check", self.name), rule));
        self
    }

    /// Adds a foreign key.
    pub fn references(
        mut self,
        columns: &[&'static str],
        to: &'static str,
        keys: &[&'static str],
    ) -> Self {
        let mut key = ForeignKey::create()
            .name(foreign_key_name(self.name, columns))
            .to_owned();
        key.from_tbl(self.name).to_tbl(to);
        for column in columns {
            key.from_col(*column);
        }
        for column in keys {
            key.to_col(*column);
        }
        self.table.foreign_key(&mut key);
        self
    }

    /// Adds an index.
    pub fn index(mut self, columns: &'static [&'static str]) -> Self {
        self.indexes.push((columns, None));
        self
    }

    /// Adds a unique index over the rows that fit a rule.
    pub fn unique_where(mut self, columns: &'static [&'static str], rule: &'static str) -> Self {
        self.indexes.push((columns, Some(rule)));
        self
    }

    /// Keeps the rows in the primary key on SQLite: half the writes for small rows with a wide key.
    pub fn clustered(mut self) -> Self {
        self.clustered = true;
        self
    }

    /// Makes the table and its indexes.
    pub async fn create(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        self.create_filled("", manager).await
    }

    /// Makes the table, runs a statement that fills it, and makes its indexes.
    async fn create_filled(mut self, fill: &str, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        if self.clustered && manager.get_database_backend() == DbBackend::Sqlite {
            self.table.extra("WITHOUT ROWID");
        }
        manager.create_table(self.table).await?;
        if !fill.is_empty() {
            manager.get_connection().execute_unprepared(fill).await?;
        }
        for (columns, rule) in self.indexes {
            let sql = index_sql(self.name, columns, rule);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

/// An index, over the rows that fit a rule, that a later step adds to a table.
pub(super) struct LateIndex {
    /// The table.
    pub table: &'static str,
    /// The columns.
    pub columns: &'static [&'static str],
    /// The rule. The expression must mean the same on both databases.
    pub rule: &'static str,
}

impl LateIndex {
    /// Makes the index.
    pub async fn create(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let sql = index_sql(self.table, self.columns, None);
        let sql = format!("{sql} WHERE {}", self.rule);
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }
}

/// A change that a later step makes to a table.
pub(super) enum Change {
    /// Adds a column; one that is not [`maybe`] needs a default for the rows that are there.
    Add(&'static str, Box<ColumnDef>),
    /// Takes a column away, by table and name.
    Drop(&'static str, &'static str),
    /// Makes a table anew after a blueprint with the same columns in the same order, its rows in the order of some of them.
    Rebuild(fn() -> Blueprint, &'static [&'static str]),
    /// Fills what was added. The statement must mean the same on both databases.
    Fill(&'static str),
}

impl Change {
    /// Adds a column to a table.
    pub fn add(table: &'static str, column: ColumnDef) -> Self {
        Self::Add(table, Box::new(column))
    }

    /// Adds a column with a rule, named as the table's other rules are.
    pub fn add_with_rule(table: &'static str, mut column: ColumnDef, rule: &'static str) -> Self {
        let name = format!("{table}_{}_check", column.get_column_name());
        column.check((name, Expr::cust(rule)));
        Self::add(table, column)
    }

    /// Makes the change.
    pub async fn make(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        match self {
            Self::Add(table, mut column) => {
                let change = Table::alter()
                    .table(table)
                    .add_column(&mut *column)
                    .to_owned();
                manager.alter_table(change).await
            }
            Self::Drop(table, column) => {
                let change = Table::alter().table(table).drop_column(column).to_owned();
                manager.alter_table(change).await
            }
            Self::Rebuild(table, order) => rebuild(table(), order, manager).await,
            Self::Fill(sql) => {
                manager.get_connection().execute_unprepared(sql).await?;
                Ok(())
            }
        }
    }
}

/// The names of constraints and indexes are free once the table is dropped; so its rows stand aside meanwhile.
async fn rebuild(
    table: Blueprint,
    order: &[&str],
    manager: &SchemaManager<'_>,
) -> Result<(), DbErr> {
    let (name, order) = (table.name, order.join(", "));
    let connection = manager.get_connection();
    for sql in [
        format!("CREATE TABLE {name}_aside AS SELECT * FROM {name}"),
        format!("DROP TABLE {name}"),
    ] {
        connection.execute_unprepared(&sql).await?;
    }
    let fill = format!("INSERT INTO {name} SELECT * FROM {name}_aside ORDER BY {order}");
    table.create_filled(&fill, manager).await?;
    let sql = format!("DROP TABLE {name}_aside");
    connection.execute_unprepared(&sql).await?;
    Ok(())
}

/// Writes an index by hand: the builder has no partial ones.
fn index_sql(table: &str, columns: &[&str], rule: Option<&str>) -> String {
    let list = columns.join(", ");
    match rule {
        Some(rule) => format!(
            "CREATE UNIQUE INDEX {} ON {table} ({list}) WHERE {rule}",
            unique_name(table, columns)
        ),
        None => format!(
            "CREATE INDEX {} ON {table} ({list})",
            index_name(table, columns)
        ),
    }
}

/// Allows a column to be empty.
pub(super) fn maybe(column: ColumnDef) -> ColumnDef {
    let mut column = column;
    column.null();
    column
}

/// Gives a column the value that rows get which do not say one.
pub(super) fn otherwise(column: ColumnDef, value: impl Into<sea_orm::Value>) -> ColumnDef {
    let mut column = column;
    column.default(value.into());
    column
}

/// A UUID: an id, or a keyed hash of 128 bits.
pub(super) fn uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().to_owned()
}

/// Text: names, states, civil dates as `YYYY-MM-DD`, JSON.
pub(super) fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().to_owned()
}

/// A 64-bit number: counts, and keyed hashes for look-ups.
pub(super) fn bigint(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}

/// An instant: microseconds since the Unix epoch.
pub(super) fn instant(name: &'static str) -> ColumnDef {
    bigint(name)
}

/// A 32-bit number.
pub(super) fn int(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().to_owned()
}

/// A truth value.
pub(super) fn boolean(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().to_owned()
}

/// Bytes: sealed values.
pub(super) fn bytes(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().to_owned()
}
