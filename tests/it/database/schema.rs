//! The schema itself: made by migrators, checked by services.

use redress::db::{Error, Process, migrate};

use crate::harness::{Database, both};

both! {
    /// Every process finds the schema it was built for.
    async fn a_migrated_database_fits(database: Database) {
        for process in Process::ALL {
            let db = database.open(process).await;
            assert_eq!(db.check_schema().await, Ok(()));
            db.close().await;
        }
    }

    async fn migrating_again_changes_nothing(database: Database) {
        assert_eq!(migrate::up(&database.url()).await, Ok(Vec::new()));
        let steps = migrate::status(&database.url()).await.unwrap();
        assert!(steps.iter().all(|step| step.applied && step.known), "{steps:?}");
    }
}
