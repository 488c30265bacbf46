//! Folders for tests: in memory where there is room. SQLite flushes each commit to the disk, and the tests commit very often.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;

/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";
/// With less room than this the disk is used; containers often have 64 MiB.
const ROOM: u64 = 2 << 30;

static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let in_memory = Path::new(IN_MEMORY);
    let has_room = rustix::fs::statvfs(in_memory)
        .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= ROOM);
    if has_room {
        in_memory.to_owned()
    } else {
        std::env::temp_dir()
    }
});

/// Makes a folder that is gone when this is dropped.
pub fn folder() -> TempDir {
    folder_named("redress-test-")
}

/// Makes a folder whose name begins like this.
pub fn folder_named(prefix: &str) -> TempDir {
    let mut builder = tempfile::Builder::new();
    let made = builder.prefix(prefix).tempdir_in(&*ROOT);
    made.expect("a folder for a test")
}
