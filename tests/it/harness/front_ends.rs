//! The methods that front ends may call, and answers to compare.

use std::fmt::Debug;

use redress::access::TABLE;
use redress::kernel::caller::Role;
use tonic::{Response, Status};

/// The number of no campaign.
pub const NO_NUMBER: &str = "Z999999";

/// The names of the methods of a package that a role may call, in the order of the access table.
pub fn methods(package: &str, role: Role) -> Vec<&'static str> {
    let rows = TABLE
        .iter()
        .copied()
        .flatten()
        .filter(|row| row.path.starts_with(package));
    rows.filter(|row| row.roles.contains(&role))
        .filter_map(|row| row.path.rsplit('/').next())
        .collect()
}

/// An answer as the caller sees it, down to the bytes of its details.
pub fn told<T: Debug>(answer: Result<Response<T>, Status>) -> String {
    match answer {
        Ok(answer) => format!("{:?}", answer.into_inner()),
        Err(status) => format!(
            "{:?} {} {:?}",
            status.code(),
            status.message(),
            status.details()
        ),
    }
}
