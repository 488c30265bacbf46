//! The schema, one file a step, for both databases from one description.
//!
//! A step that has landed is never edited: the next one changes it. `campaign_id` comes first in every key of a table
//! that has one, but for indexes over keyed hashes that have the campaign in them; and there are no sequences, triggers or
//! functions, so the schema shards as it is.
//!
//! Names of constraints follow one rule, because SQLite reports columns where PostgreSQL reports names:
//! `{table}_pkey`, `{table}_{columns}_key`, `{table}_{columns}_fkey`, `{table}_{columns}_idx` with the columns joined by
//! `_` and `campaign_id` left out, and `{table}_{what}_check`.
//!
//! Foreign keys stand where a row would be meaningless without the other and the load is light. They are left out on
//! bulk-loaded tables, and wherever many writers would lock one parent row (a campaign, a partner).

mod blueprint;
mod m0001_campaigns;
mod m0002_roster;
mod m0003_verification;
mod m0004_enrollment;
mod m0005_handoff;
mod m0006_commons;
mod m0007_withdrawals;
mod m0008_waves;
mod m0009_mail_events;
mod m0010_export_approvals;
mod m0011_activation_codes;
mod m0012_keyed_hashes;
mod m0013_withheld_codes;

use sea_orm::sea_query::IntoIden;
use sea_orm::{DbErr, DynIden};
use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use blueprint::{Blueprint, Change, LateIndex};

/// The table that records which steps were applied.
pub(super) const VERSIONS: &str = "schema_version";

/// The steps in order.
const STEPS: [Step; 13] = [
    Step {
        name: "0001_campaigns",
        tables: m0001_campaigns::tables,
        changes: Vec::new,
        indexes: Vec::new,
    },
    Step {
        name: "0002_roster",
        tables: m0002_roster::tables,
        changes: Vec::new,
        indexes: Vec::new,
    },
    Step {
        name: "0003_verification",
        tables: m0003_verification::tables,
        changes: Vec::new,
        indexes: Vec::new,
    },
    Step {
        name: "0004_enrollment",
        tables: m0004_enrollment::tables,
        changes: Vec::new,
        indexes: Vec::new,
    },
    Step {
        name: "0005_handoff",
        tables: m0005_handoff::tables,
        changes: Vec::new,
        indexes: Vec::new,
    },
    Step {
        name: "0006_commons",
        tables: m0006_commons::tables,
        changes: Vec::new,
        indexes: Vec::new,
    },
    Step {
        name: "0007_withdrawals",
        tables: Vec::new,
        changes: Vec::new,
        indexes: m0007_withdrawals::indexes,
    },
    Step {
        name: "0008_waves",
        tables: m0008_waves::tables,
        changes: m0008_waves::changes,
        indexes: Vec::new,
    },
    Step {
        name: "0009_mail_events",
        tables: m0009_mail_events::tables,
        changes: m0009_mail_events::changes,
        indexes: m0009_mail_events::indexes,
    },
    Step {
        name: "0010_export_approvals",
        tables: m0010_export_approvals::tables,
        changes: Vec::new,
        indexes: Vec::new,
    },
    Step {
        name: "0011_activation_codes",
        tables: m0011_activation_codes::tables,
        changes: Vec::new,
        indexes: Vec::new,
    },
    Step {
        name: "0012_keyed_hashes",
        tables: Vec::new,
        changes: m0012_keyed_hashes::changes,
        indexes: Vec::new,
    },
    Step {
        name: "0013_withheld_codes",
        tables: Vec::new,
        changes: m0013_withheld_codes::changes,
        indexes: Vec::new,
    },
];

/// Gives the names of all steps in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

/// One step: the tables it makes, then what it changes in older ones, then the indexes it adds to them.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    tables: fn() -> Vec<Blueprint>,
    changes: fn() -> Vec<Change>,
    indexes: fn() -> Vec<LateIndex>,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in (self.tables)() {
            table.create(manager).await?;
        }
        for change in (self.changes)() {
            change.make(manager).await?;
        }
        for index in (self.indexes)() {
            index.create(manager).await?;
        }
        Ok(())
    }
}

/// Runs the steps.
pub(super) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        STEPS
            .iter()
            .map(|step| Box::new(*step) as Box<dyn MigrationTrait>)
            .collect()
    }

    fn migration_table_name() -> DynIden {
        VERSIONS.into_iden()
    }
}
