//! Who may call what.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use prost::Message;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};

use crate::kernel::caller::Role;

/// One method: who may call it, and what it may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The path on the wire, `/package.Service/Method`.
    pub path: &'static str,
    /// The roles that may call it.
    pub roles: &'static [Role],
    /// The longest it may take; [`Duration::MAX`] lets a stream run for ever.
    pub deadline: Duration,
    /// Whether it streams, in whichever direction.
    pub kind: Kind,
    /// Whether it may be refused when there is too much to do. Acknowledgements never are.
    pub shed: bool,
}

/// Whether a method streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One message in, one out.
    Unary,
    /// A stream in, out or both ways.
    Stream,
}

/// Why a table does not fit its services.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A method stands in the table twice.
    #[error("{0} stands in the access table twice")]
    Twice(&'static str),
    /// The descriptor set cannot be read.
    #[error("the descriptor set cannot be decoded")]
    Descriptors,
    /// A service is not described, so its methods are unknown.
    #[error("the descriptor set does not describe the service {0}")]
    Undescribed(String),
    /// A method is missing, so nobody could call it.
    #[error("{0} is missing in the access table: say who may call it")]
    Missing(String),
    /// The table and the descriptor disagree on whether a method streams.
    #[error("{0} stands in the access table as the wrong kind: unary or stream")]
    WrongKind(String),
}

/// Health and reflection: any authenticated caller may ask.
const EVERYBODY: &[Access] = &[
    everybody(
        "/grpc.health.v1.Health/Check",
        Kind::Unary,
        Duration::from_secs(5),
    ),
    everybody(
        "/grpc.health.v1.Health/List",
        Kind::Unary,
        Duration::from_secs(5),
    ),
    everybody("/grpc.health.v1.Health/Watch", Kind::Stream, Duration::MAX),
    everybody(REFLECTION[0], Kind::Stream, Duration::from_mins(5)),
    everybody(REFLECTION[1], Kind::Stream, Duration::from_mins(5)),
];

const fn everybody(path: &'static str, kind: Kind, deadline: Duration) -> Access {
    Access {
        path,
        roles: &Role::ALL,
        deadline,
        kind,
        shed: false,
    }
}

impl Access {
    /// Tells whether the method is the infrastructure's and not a service's.
    pub(super) fn is_infrastructure(&self) -> bool {
        self.path.starts_with("/grpc.")
    }
}

/// The methods of reflection, whose clients send several messages.
const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// The table by path.
#[derive(Debug)]
pub(super) struct Table {
    rows: HashMap<&'static str, &'static Access>,
    /// The methods whose clients send any number of messages; all others take exactly one.
    client_streams: HashSet<String>,
}

impl Table {
    pub(super) fn new(rows: &'static [Access]) -> Result<Self, AccessError> {
        let mut table = HashMap::with_capacity(rows.len() + EVERYBODY.len());
        for row in rows.iter().chain(EVERYBODY) {
            if table.insert(row.path, row).is_some() {
                return Err(AccessError::Twice(row.path));
            }
        }
        Ok(Self {
            rows: table,
            client_streams: REFLECTION.iter().map(ToString::to_string).collect(),
        })
    }

    pub(super) fn find(&self, path: &str) -> Option<&'static Access> {
        self.rows.get(path).copied()
    }

    /// Tells whether the method takes exactly one message.
    pub(super) fn takes_one(&self, row: &Access) -> bool {
        !self.client_streams.contains(row.path)
    }

    /// Fails unless every method of the services has its row.
    pub(super) fn check(
        &mut self,
        services: &[&str],
        descriptors: &[u8],
    ) -> Result<(), AccessError> {
        let set = FileDescriptorSet::decode(descriptors).map_err(|_| AccessError::Descriptors)?;
        for service in services {
            let methods = methods(&set, service)
                .ok_or_else(|| AccessError::Undescribed((*service).to_owned()))?;
            for method in methods {
                let path = format!("/{service}/{}", method.name());
                match self.find(&path) {
                    None => return Err(AccessError::Missing(path)),
                    Some(row) if row.kind != kind(method) => {
                        return Err(AccessError::WrongKind(path));
                    }
                    Some(_) if method.client_streaming() => {
                        self.client_streams.insert(path);
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// Gives the methods of a service by its full name.
fn methods<'a>(
    set: &'a FileDescriptorSet,
    service: &str,
) -> Option<&'a Vec<MethodDescriptorProto>> {
    let (package, name) = service.rsplit_once('.').unwrap_or(("", service));
    let files = set.file.iter().filter(|file| file.package() == package);
    let service = files
        .flat_map(|file| &file.service)
        .find(|service| service.name() == name)?;
    Some(&service.method)
}

fn kind(method: &MethodDescriptorProto) -> Kind {
    if method.client_streaming() || method.server_streaming() {
        Kind::Stream
    } else {
        Kind::Unary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEALTH: &str = "grpc.health.v1.Health";
    const WRONG: Access = everybody("/grpc.health.v1.Health/Check", Kind::Stream, Duration::MAX);

    #[test]
    fn a_method_twice_is_refused() {
        const ROWS: &[Access] = &[everybody("/a.B/C", Kind::Unary, Duration::ZERO); 2];
        assert_eq!(Table::new(ROWS).unwrap_err(), AccessError::Twice("/a.B/C"));
    }

    #[test]
    fn a_missing_method_a_wrong_kind_and_an_unknown_service_are_refused() {
        let described = tonic_health::pb::FILE_DESCRIPTOR_SET;
        let mut empty = Table::new(&[]).unwrap();
        empty.rows.clear();
        let error = empty.check(&[HEALTH], described).unwrap_err();
        assert!(matches!(error, AccessError::Missing(path) if path.starts_with("/grpc.health")));
        let error = empty.check(&["a.B"], described).unwrap_err();
        assert_eq!(error, AccessError::Undescribed("a.B".to_owned()));
        assert_eq!(empty.check(&["a.B"], b"x"), Err(AccessError::Descriptors));
        let mut table = Table::new(&[]).unwrap();
        table.check(&[HEALTH], described).unwrap();
        table.rows.insert(WRONG.path, &WRONG);
        let error = table.check(&[HEALTH], described).unwrap_err();
        assert_eq!(error, AccessError::WrongKind(WRONG.path.to_owned()));
    }
}
