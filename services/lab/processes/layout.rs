//! The files in the stack's directory, and the environment variables of each process.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::ports::Claimed;
use crate::client::connect::PULL_BUREAU;
use crate::client::problem::Problem;
use crate::kernel::keyring::{Keyring, Purpose};

/// The stack's directory.
pub struct Layout {
    dir: PathBuf,
    partner_suffix: String,
}

/// Which keys each process may have; the bureau has none.
const KEYS: [(&str, &[Purpose]); 3] = [
    ("identity-verification", &[Purpose::Index, Purpose::Person]),
    ("enrollment-codes", &[Purpose::Code]),
    ("bureau-handoff", &[Purpose::Person]),
];

impl Layout {
    /// Makes the directory, for its owner only.
    pub fn prepare(dir: &Path, partner_suffix: Option<&str>) -> Result<Self, Problem> {
        let dir = std::path::absolute(dir).map_err(|error| Problem::file(dir, &error))?;
        for path in [
            dir.clone(),
            dir.join("log"),
            dir.join("keys"),
            dir.join("outbox"),
        ] {
            let mut builder = DirBuilder::new();
            let made = builder.recursive(true).mode(0o700).create(&path);
            made.and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o700)))
                .map_err(|error| Problem::file(&path, &error))?;
        }
        Ok(Self {
            dir,
            partner_suffix: partner_suffix.unwrap_or_default().to_owned(),
        })
    }

    /// The directory of the certificates.
    pub fn certs(&self) -> PathBuf {
        self.dir.join("certs")
    }

    /// The directory in which the local sender leaves confirmation codes.
    pub fn outbox(&self) -> PathBuf {
        self.dir.join("outbox")
    }

    /// A bureau's name as a partner.
    pub fn partner(&self, process: &str) -> String {
        format!("{process}{}", self.partner_suffix)
    }

    /// The log of a process.
    pub fn log(&self, process: &str) -> PathBuf {
        self.dir.join("log").join(format!("{process}.log"))
    }

    /// The embedded database.
    pub fn sqlite_url(&self) -> String {
        format!("sqlite:{}", self.dir.join("redress.db").display())
    }

    /// Makes the keyrings that are missing: one for each process, with the keys that it needs and no others.
    pub fn keyrings(&self) -> Result<(), Problem> {
        let usage = |error: crate::kernel::keyring::KeyError| Problem::usage(error.to_string());
        if KEYS
            .iter()
            .all(|(process, _)| self.keyring(process).exists())
        {
            return Ok(());
        }
        if let Some((process, _)) = KEYS
            .iter()
            .find(|(process, _)| self.keyring(process).exists())
        {
            return Err(Problem::usage(format!(
                "{}: there is a keyring for {process} but not for every process, and new keys would not open the old data\n  restore the missing files, or start anew in another directory: --dir",
                self.dir.join("keys").display()
            )));
        }
        let ring = Keyring::generate(&Purpose::ALL);
        KEYS.iter().try_for_each(|(process, purposes)| {
            ring.only(purposes)
                .save(&self.keyring(process))
                .map_err(usage)
        })
    }

    /// The environment variables of a process.
    pub fn environment(
        &self,
        process: &str,
        ports: &Claimed,
        database_url: &str,
    ) -> Vec<(&'static str, String)> {
        let certs = self.certs();
        let stem = if process == PULL_BUREAU {
            "sandbox-bureau"
        } else {
            process
        };
        let path = |path: PathBuf| path.display().to_string();
        let address = |port: u16| format!("127.0.0.1:{port}");
        let mut env = vec![
            ("REDRESS_LISTEN", address(ports.grpc(process))),
            ("REDRESS_ADMIN_LISTEN", address(ports.admin(process))),
            ("REDRESS_TLS_CA", path(certs.join("ca.pem"))),
            ("REDRESS_TLS_CERT", path(certs.join(format!("{stem}.pem")))),
            ("REDRESS_TLS_KEY", path(certs.join(format!("{stem}.key")))),
        ];
        if process == "sandbox-bureau" || process == PULL_BUREAU {
            env.extend(self.bureau(process, ports));
            return env;
        }
        env.push(("REDRESS_DATABASE_URL", database_url.to_owned()));
        env.push(("REDRESS_KEYRING", path(self.keyring(process))));
        if process == "identity-verification" {
            env.push(("REDRESS_OUTBOX_DIR", path(self.outbox())));
            env.push(("REDRESS_ALLOW_SANDBOX_SSN", "true".to_owned()));
        }
        if process == "bureau-handoff" {
            env.push(("REDRESS_FILE_DIRECTORY", path(self.dir.join("files"))));
            env.push(("REDRESS_PARTNER_SECRETS", path(self.dir.join("secrets"))));
        }
        env
    }

    fn bureau(&self, process: &str, ports: &Claimed) -> Vec<(&'static str, String)> {
        let mode = if process == PULL_BUREAU {
            "pull"
        } else {
            "push"
        };
        let client = self
            .certs()
            .join(format!("partner-{}", self.partner(process)));
        let path = |path: PathBuf| path.display().to_string();
        vec![
            ("REDRESS_MODE", mode.to_owned()),
            (
                "REDRESS_JOURNAL",
                path(self.dir.join(format!("{process}.journal"))),
            ),
            (
                "REDRESS_HANDOFF_ENDPOINT",
                format!("https://127.0.0.1:{}", ports.grpc("bureau-handoff")),
            ),
            ("REDRESS_PARTNER_CERT", path(client.with_extension("pem"))),
            ("REDRESS_PARTNER_KEY", path(client.with_extension("key"))),
        ]
    }

    fn keyring(&self, process: &str) -> PathBuf {
        self.dir.join("keys").join(format!("{process}.toml"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_process_holds_every_key_and_a_lost_keyring_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::prepare(dir.path(), None).unwrap();
        layout.keyrings().unwrap();
        layout.keyrings().unwrap();
        let codes = Keyring::load(&layout.keyring("enrollment-codes")).unwrap();
        assert_eq!(codes.purposes(), [Purpose::Code]);
        fs::remove_file(layout.keyring("bureau-handoff")).unwrap();
        let problem = layout.keyrings().unwrap_err().to_string();
        assert!(problem.contains("restore the missing files"), "{problem}");
    }
}
