//! A release that is rolled out adds columns while this one serves.

use super::house::House;
use crate::harness::{Database, apply, both};

/// PostgreSQL refuses a kept plan whose columns have changed: no statement may ask for all columns there are.
#[apply(both)]
async fn a_column_that_a_later_release_adds_changes_nothing_here(database: Database) {
    let house = House::open(&database).await;
    let (_, enrollment) = house.submitted().await;
    let id = &enrollment.enrollment_id;
    let before = house.get(id).await;
    for table in ["coverage", "enrollment", "individual", "code", "consent"] {
        house
            .run(&format!("ALTER TABLE {table} ADD COLUMN tomorrow integer"))
            .await;
    }
    for _ in 0..4 {
        assert_eq!(house.get(id).await, before);
    }
    house.cancel(id).await.unwrap();
}
