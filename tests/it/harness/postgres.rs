//! PostgreSQL databases: one template is migrated, every test gets a copy.

use std::sync::atomic::{AtomicU32, Ordering};

use redress::db::migrate;
use redress::kernel::secrets::Secret;
use tokio::sync::OnceCell;

use super::cluster::{self, Cluster};
use super::database::{Database, Home};

const TEMPLATE: &str = "redress_template";

static MIGRATED: OnceCell<()> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

pub(super) async fn migrated() -> Option<Database> {
    let cluster = cluster::get().await?;
    MIGRATED
        .get_or_init(|| async {
            cluster.create(TEMPLATE, "template0").await;
            migrate::up(&Secret::new(cluster.url(TEMPLATE)))
                .await
                .expect("the schema is made");
        })
        .await;
    let database = copy_of(TEMPLATE, cluster).await;
    // A copy has the template's tables and not its own rights.
    if let Home::Postgres { name, .. } = &database.home {
        cluster
            .run(format!(
                "REVOKE ALL ON DATABASE {name} FROM PUBLIC; \
                 GRANT CONNECT ON DATABASE {name} TO redress_identity, redress_codes, redress_handoff"
            ))
            .await;
    }
    Some(database)
}

pub(super) async fn empty() -> Option<Database> {
    let cluster = cluster::get().await?;
    Some(copy_of("template0", cluster).await)
}

async fn copy_of(template: &str, cluster: &'static Cluster) -> Database {
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    cluster.create(&name, template).await;
    Database {
        url: cluster.url(&name),
        home: Home::Postgres { name, cluster },
    }
}
