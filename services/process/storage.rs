//! The database of a process, from opening to closing.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::db::{DatabaseSettings, Db, Process};
use crate::kernel::lifecycle::{Lifecycle, Step};

use super::Stop;

/// Opens the database, and makes sure that its schema is the one this program was built for.
pub async fn connect(settings: &DatabaseSettings, process: Process) -> Result<Db, Stop> {
    let db = Db::connect(settings, process).await?;
    db.check_schema().await?;
    db.measure();
    Ok(db)
}

/// Tells a server whether its process can serve: database reachable, schema current.
pub fn ready(db: &Db) -> impl Fn() -> BoxFuture<'static, bool> + Send + Sync + 'static {
    let db = db.clone();
    move || {
        let db = db.clone();
        async move { db.check_schema().await.is_ok() }.boxed()
    }
}

/// Waits for the workers and closes the database.
pub async fn drain(life: &Lifecycle, db: &Db) {
    let tasks = life.drain().await;
    let closed = life.within(Step::Database, db.close()).await;
    if !tasks || closed.is_none() {
        tracing::warn!("not everything ended in time; what was committed is safe");
    }
}
