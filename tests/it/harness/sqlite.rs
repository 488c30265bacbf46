//! SQLite databases: one file is migrated, every test gets a copy.

use std::path::{Path, PathBuf};

use redress::db::migrate;
use redress::kernel::secrets::Secret;
use tokio::sync::OnceCell;

use super::database::{Database, Home};
use super::folder::folder;

static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();

pub(super) async fn migrated() -> Database {
    let template = TEMPLATE.get_or_init(make_template).await;
    let database = without_file();
    std::fs::write(path(&database), template).expect("the copy is written");
    database
}

pub(super) fn without_file() -> Database {
    let dir = folder();
    Database {
        url: url(&dir.path().join("redress.db")),
        home: Home::Sqlite(dir),
    }
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

fn path(database: &Database) -> PathBuf {
    PathBuf::from(database.url.trim_start_matches("sqlite:"))
}

async fn make_template() -> Vec<u8> {
    let dir = folder();
    let path = dir.path().join("template.db");
    migrate::up(&Secret::new(url(&path)))
        .await
        .expect("the schema is made");
    std::fs::read(&path).expect("the template is read")
}
