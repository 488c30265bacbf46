//! The database of a process, from opening to closing.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::db::{DatabaseSettings, Db, Process};
use crate::kernel::lifecycle::{Lifecycle, Step};
use crate::kernel::server::Readiness;

use super::Stop;

/// Opens the database, and makes sure that its schema is the one this program was built for. A PostgreSQL that is starting up is
/// waited for, unless the process is told to stop.
pub async fn connect(
    settings: &DatabaseSettings,
    process: Process,
    life: &Lifecycle,
) -> Result<Db, Stop> {
    let db = tokio::select! {
        opened = Db::connect(settings, process) => opened?,
        () = life.draining() => return Err(Stop::start("told to stop before the database was there")),
    };
    db.check_schema().await?;
    db.measure();
    Ok(db)
}

/// Tells a server whether its process can serve: database reachable and writable, schema current.
pub fn ready(db: &Db) -> impl Fn() -> BoxFuture<'static, Readiness> + Send + Sync + 'static {
    let db = db.clone();
    move || {
        let db = db.clone();
        async move {
            let usable = db.check_usable().await;
            usable.map_err(|error| error.to_string())
        }
        .boxed()
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
