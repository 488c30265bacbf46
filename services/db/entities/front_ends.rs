//! Which front ends serve a campaign: call centers and portals, named as in their certificates.

use sea_orm::{ColumnTrait, Condition};

use crate::db::error::Error;
use crate::kernel::caller::Caller;

/// The column where none is named.
const EVERY_ONE: &str = "[]";

/// The front ends that serve a campaign; where none is named, every one of the installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontEnds(pub Vec<Caller>);

impl FrontEnds {
    /// Reads the column: JSON, a list of `role/name`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where an entry names no front end.
    pub fn read(json: &str) -> Result<Self, Error> {
        let corrupt = || Error::corrupt("campaign.front_ends");
        let names: Vec<String> = serde_json::from_str(json).map_err(|_| corrupt())?;
        let read = names.iter().map(|name| Caller::front_end(name));
        Ok(Self(read.collect::<Option<_>>().ok_or_else(corrupt)?))
    }

    /// Writes the column.
    pub fn write(&self) -> String {
        serde_json::json!(self.names()).to_string()
    }

    /// Gives the names, as `role/name`.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(Caller::to_string).collect()
    }

    /// Tells whether a caller may know of the campaign: whoever is no front end always.
    pub fn admit(&self, caller: &Caller) -> bool {
        !caller.role.is_front_end() || self.0.is_empty() || self.0.contains(caller)
    }

    /// Gives the same rule over the rows of a column that is written so. A name in quotes is part of no other name.
    pub fn admitting(caller: &Caller, column: impl ColumnTrait) -> Condition {
        if !caller.role.is_front_end() {
            return Condition::all();
        }
        Condition::any()
            .add(column.eq(EVERY_ONE))
            .add(column.contains(format!("\"{caller}\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str) -> Caller {
        Caller::from_uri(&format!("spiffe://redress/{name}")).unwrap()
    }

    #[test]
    fn only_front_ends_are_kept_out_and_only_where_some_are_named() {
        let named = FrontEnds(vec![caller("call-center/acme"), caller("portal/web")]);
        assert_eq!(FrontEnds::read(&named.write()), Ok(named.clone()));
        for (name, admitted) in [
            ("call-center/acme", true),
            ("portal/web", true),
            ("call-center/web", false),
            ("portal/web-2", false),
            ("operator/ann", true),
            ("auditor/bob", true),
        ] {
            assert_eq!(named.admit(&caller(name)), admitted, "{name}");
            assert!(FrontEnds::default().admit(&caller(name)), "{name}");
        }
        for wrong in ["", "{}", "[\"operator/ann\"]", "[\"portal\"]", "[1]"] {
            assert!(FrontEnds::read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(FrontEnds::default().write(), EVERY_ONE);
    }
}
