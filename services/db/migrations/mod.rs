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

mod baseline;
mod blueprint;
mod change;
mod contract;
mod found_people;
mod front_ends;
mod guardians;
mod handoff_files;
mod handoff_queues;
mod http_partners;
mod key_fingerprints;
mod letter_orders;
mod letters;
mod longer_terms;
mod more_keys;
mod moved_coverages;
mod partner_books;
mod partner_server;
mod proofing_notices;
mod reconciliation;
mod reviews;
mod running_campaign;
mod schema_support;
mod scope_and_endorsement;
mod set_aside;
mod shared_circuits;
mod tried_handoffs;
mod updated_people;

use sea_orm::sea_query::IntoIden;
use sea_orm::{DbErr, DynIden};
use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use change::Change;
pub(super) use schema_support::SUPPORT;

/// The table that records which steps were applied.
pub(super) const VERSIONS: &str = "schema_version";

/// The steps in order.
const STEPS: [Step; 26] = [
    Step {
        name: "0001_baseline",
        runs_since: "0001_baseline",
        changes: baseline::changes,
    },
    Step {
        name: "0002_contract",
        runs_since: "0002_contract",
        changes: contract::changes,
    },
    Step {
        name: "0003_running_campaign",
        runs_since: "0003_running_campaign",
        changes: running_campaign::changes,
    },
    Step {
        name: "0004_letters",
        runs_since: "0004_letters",
        changes: letters::changes,
    },
    Step {
        name: "0005_found_people",
        runs_since: "0005_found_people",
        changes: found_people::changes,
    },
    Step {
        name: "0006_key_fingerprints",
        runs_since: "0006_key_fingerprints",
        changes: key_fingerprints::changes,
    },
    Step {
        name: "0007_partner_server",
        runs_since: "0007_partner_server",
        changes: partner_server::changes,
    },
    Step {
        name: "0008_set_aside",
        runs_since: "0008_set_aside",
        changes: set_aside::changes,
    },
    Step {
        name: "0009_schema_support",
        runs_since: "0009_schema_support",
        changes: schema_support::changes,
    },
    Step {
        name: "0010_front_ends",
        runs_since: "0009_schema_support",
        changes: front_ends::changes,
    },
    Step {
        name: "0011_reviews",
        runs_since: "0009_schema_support",
        changes: reviews::changes,
    },
    Step {
        name: "0012_more_keys",
        runs_since: "0012_more_keys",
        changes: more_keys::changes,
    },
    Step {
        name: "0013_scope_and_endorsement",
        runs_since: "0013_scope_and_endorsement",
        changes: scope_and_endorsement::changes,
    },
    Step {
        name: "0014_proofing_notices",
        runs_since: "0013_scope_and_endorsement",
        changes: proofing_notices::changes,
    },
    Step {
        name: "0015_letter_orders",
        runs_since: "0013_scope_and_endorsement",
        changes: letter_orders::changes,
    },
    Step {
        name: "0016_handoff_queues",
        runs_since: "0016_handoff_queues",
        changes: handoff_queues::changes,
    },
    Step {
        name: "0017_guardians",
        runs_since: "0017_guardians",
        changes: guardians::changes,
    },
    Step {
        name: "0018_reconciliation",
        runs_since: "0017_guardians",
        changes: reconciliation::changes,
    },
    Step {
        name: "0019_handoff_files",
        runs_since: "0017_guardians",
        changes: handoff_files::changes,
    },
    Step {
        name: "0020_moved_coverages",
        runs_since: "0020_moved_coverages",
        changes: moved_coverages::changes,
    },
    Step {
        name: "0021_http_partners",
        runs_since: "0020_moved_coverages",
        changes: http_partners::changes,
    },
    Step {
        name: "0022_longer_terms",
        runs_since: "0022_longer_terms",
        changes: longer_terms::changes,
    },
    Step {
        name: "0023_partner_books",
        runs_since: "0022_longer_terms",
        changes: partner_books::changes,
    },
    Step {
        name: "0024_updated_people",
        runs_since: "0024_updated_people",
        changes: updated_people::changes,
    },
    Step {
        name: "0025_tried_handoffs",
        runs_since: "0024_updated_people",
        changes: tried_handoffs::changes,
    },
    Step {
        name: "0026_shared_circuits",
        // Older programs count leases by the index that goes.
        runs_since: "0026_shared_circuits",
        changes: shared_circuits::changes,
    },
];

/// Gives the names of all steps in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

/// Gives each step's name with the oldest step whose program still runs once it is applied.
pub(super) fn support() -> impl Iterator<Item = (&'static str, &'static str)> {
    STEPS.iter().map(|step| (step.name, step.runs_since))
}

/// One step and what it changes.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    /// The oldest step whose program still runs once this one is applied; its own name where only programs that know it do.
    ///
    /// A step that only adds (a table, a column that is nullable or has a default, an index) names the step before it. One that
    /// takes away or renames comes a release after the programs that do without: expand, move, contract.
    runs_since: &'static str,
    changes: fn() -> Vec<Change>,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for change in (self.changes)() {
            change.apply(manager).await?;
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
