//! Authorities that vouch for callers of one role alone.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::kernel::caller::Role;

/// Files of authorities, each with the role whose callers it may name. A role may have several, a file several roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleAuthorities(Vec<(Role, PathBuf)>);

impl RoleAuthorities {
    /// Gives the files of all roles.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|(_, path)| path.as_path())
    }

    /// Gives the files of one role.
    pub fn files_of(&self, role: Role) -> impl Iterator<Item = &Path> {
        let of_role = self.0.iter().filter(move |(of, _)| *of == role);
        of_role.map(|(_, path)| path.as_path())
    }
}

impl FromStr for RoleAuthorities {
    type Err = &'static str;

    /// Parses `ROLE=PATH`, several of them separated by commas.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let entry = |entry: &str| {
            let (role, path) = entry.split_once('=')?;
            let role = Role::parse(role.trim())?;
            (!path.trim().is_empty()).then(|| (role, path.trim().into()))
        };
        let entries: Option<Vec<_>> = text.split(',').map(entry).collect();
        entries.map(Self).ok_or(
            "must be ROLE=PATH, several separated by commas; roles are operator, call-center, portal, partner, service, auditor",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_their_files() {
        let parsed: RoleAuthorities = "partner=/a.pem, portal=/b.pem,partner=/c.pem"
            .parse()
            .unwrap();
        let of_partner: Vec<&Path> = parsed.files_of(Role::Partner).collect();
        assert_eq!(of_partner, [Path::new("/a.pem"), Path::new("/c.pem")]);
        assert_eq!(parsed.files_of(Role::Operator).count(), 0);
        for wrong in ["", "partner", "partner=", "boss=/a.pem", "partner=/a.pem,"] {
            assert!(wrong.parse::<RoleAuthorities>().is_err(), "{wrong}");
        }
    }
}
