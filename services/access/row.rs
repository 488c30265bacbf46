//! A row of the table, in few words.

use std::time::Duration;

use crate::kernel::caller::Role;
use crate::kernel::server::{Access, Kind};

/// A call that counts or changes a whole campaign.
const SLOW: Duration = Duration::from_secs(30);
/// A stream over a whole campaign: millions of rows take their time.
const BULK: Duration = Duration::from_hours(6);

/// A call that a person waits for.
pub(super) const fn prompt(path: &'static str, roles: &'static [Role]) -> Access {
    unary(path, roles, Duration::from_secs(10))
}

/// A call that takes a while.
pub(super) const fn slow(path: &'static str, roles: &'static [Role]) -> Access {
    unary(path, roles, SLOW)
}

pub(super) const fn unary(
    path: &'static str,
    roles: &'static [Role],
    deadline: Duration,
) -> Access {
    Access {
        path,
        roles,
        deadline,
        kind: Kind::Unary,
        shed: true,
    }
}

pub(super) const fn never_shed(path: &'static str, roles: &'static [Role]) -> Access {
    Access {
        shed: false,
        ..unary(path, roles, SLOW)
    }
}

pub(super) const fn stream(
    path: &'static str,
    roles: &'static [Role],
    deadline: Duration,
) -> Access {
    Access {
        kind: Kind::Stream,
        ..unary(path, roles, deadline)
    }
}

/// A stream over a whole campaign.
pub(super) const fn bulk(path: &'static str, roles: &'static [Role]) -> Access {
    stream(path, roles, BULK)
}
