//! A disk that is full soon: a small tmpfs over a folder. Only root can mount one.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::missing;

/// A mounted tmpfs. It is taken away when this is dropped.
pub struct TinyDisk(PathBuf);

impl TinyDisk {
    /// Mounts a disk of so many MiB over a folder, which keeps what is in it. `None` where this user cannot mount.
    pub fn over(folder: &Path, mebibytes: u32) -> Option<Self> {
        let files = std::fs::read_dir(folder).expect("the folder");
        let files: Vec<_> = files
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let bytes = std::fs::read(&path).expect("a file");
                (path, bytes)
            })
            .collect();
        let owner = std::fs::metadata(folder).expect("the folder");
        let options = format!(
            "size={mebibytes}m,mode=0700,uid={},gid={}",
            owner.uid(),
            owner.gid()
        );
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]);
        let mounted = mount
            .arg(folder)
            .output()
            .is_ok_and(|it| it.status.success());
        if !mounted {
            missing::MOUNT.skip();
            return None;
        }
        let disk = Self(folder.to_owned());
        for (path, bytes) in files {
            std::fs::write(path, bytes).expect("the file is put back");
        }
        Some(disk)
    }

    /// Takes all the room that is left. It is free again when the answer is dropped.
    pub fn fill(&self) -> Filler {
        let path = self.0.join("filler");
        let mut file = File::create(&path).expect("a file");
        let mut size = 64 * 1024;
        while size > 0 {
            if file.write_all(&vec![0; size]).is_err() {
                size /= 2;
            }
        }
        Filler(path)
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: whoever has a file open there keeps it until it ends.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// A file that takes the room of others.
pub struct Filler(PathBuf);

impl Drop for Filler {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
