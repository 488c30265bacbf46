//! A table in few words. Columns are NOT NULL unless [`maybe`] is said.

use sea_orm::sea_query::{ColumnDef, Expr, ForeignKey, Index, Table, TableCreateStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExprTrait};
use sea_orm_migration::SchemaManager;

use crate::db::names::{foreign_key_name, index_name, primary_key_name, unique_name};

/// Describes one table, its constraints and its indexes.
pub(super) struct Blueprint {
    name: &'static str,
    columns: Vec<String>,
    table: TableCreateStatement,
    indexes: Vec<TableIndex>,
    clustered: bool,
}

impl Blueprint {
    /// Starts a table with its primary key.
    pub fn table(
        name: &'static str,
        key: &[&'static str],
        columns: impl IntoIterator<Item = ColumnDef>,
    ) -> Self {
        let mut table = Table::create().table(name).to_owned();
        let mut names = Vec::new();
        for mut column in columns {
            names.push(column.get_column_name().clone());
            table.col(&mut column);
        }
        let mut primary = Index::create().name(primary_key_name(name)).to_owned();
        for column in key {
            primary.col(*column);
        }
        table.primary_key(&mut primary);
        Self {
            name,
            columns: names,
            table,
            indexes: Vec::new(),
            clustered: false,
        }
    }

    /// Gives the table's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Gives the names of its columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
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
    pub fn index(self, columns: &'static [&'static str]) -> Self {
        self.with(false, columns, None)
    }

    /// Adds an index over the rows that fit a rule. The expression must mean the same on both databases.
    pub fn index_where(self, columns: &'static [&'static str], rule: &'static str) -> Self {
        self.with(false, columns, Some(rule))
    }

    /// Adds a unique index over the rows that fit a rule.
    pub fn unique_where(self, columns: &'static [&'static str], rule: &'static str) -> Self {
        self.with(true, columns, Some(rule))
    }

    fn with(
        mut self,
        unique: bool,
        columns: &'static [&'static str],
        rule: Option<&'static str>,
    ) -> Self {
        self.indexes.push(TableIndex {
            unique,
            columns,
            rule,
        });
        self
    }

    /// Keeps the rows in the primary key on SQLite: half the writes for small rows with a wide key.
    pub fn clustered(mut self) -> Self {
        self.clustered = true;
        self
    }

    /// Makes the table and its indexes.
    pub async fn create(mut self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        if self.clustered && manager.get_database_backend() == DbBackend::Sqlite {
            self.table.extra("WITHOUT ROWID");
        }
        manager.create_table(self.table).await?;
        for index in &self.indexes {
            let sql = index.sql(self.name);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

/// An index, over all rows or over those that fit a rule.
struct TableIndex {
    unique: bool,
    columns: &'static [&'static str],
    rule: Option<&'static str>,
}

impl TableIndex {
    /// Writes the statement by hand: the builder has no partial indexes.
    fn sql(&self, table: &str) -> String {
        let list = self.columns.join(", ");
        let (unique, name) = if self.unique {
            ("UNIQUE ", unique_name(table, self.columns))
        } else {
            ("", index_name(table, self.columns))
        };
        let rule = self.rule.map(|rule| format!(" WHERE {rule}"));
        format!(
            "CREATE {unique}INDEX {name} ON {table} ({list}){}",
            rule.unwrap_or_default()
        )
    }
}

/// Allows a column to be empty.
pub(super) fn maybe(column: ColumnDef) -> ColumnDef {
    let mut column = column;
    column.null();
    column
}

/// Gives a column the value of rows that do not name it: a bulk load need not send what is the same for everybody.
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
