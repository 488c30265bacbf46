//! Reads the fields of a request and gathers what is wrong with them, so that a caller hears of everything at once.

use uuid::Uuid;

use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::Id;

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Fields(Option<Fault>);

impl Fields {
    pub fn wrong(&mut self, path: impl Into<String>, rule: &'static str) {
        let fault = self
            .0
            .take()
            .unwrap_or_else(|| Fault::new(Reason::InvalidRequest));
        self.0 = Some(fault.field(path.into(), rule));
    }

    /// Takes over what a parser of its own found.
    pub fn absorb<T>(&mut self, parsed: Result<T, Fault>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(fault) => {
                let so_far = self
                    .0
                    .take()
                    .unwrap_or_else(|| Fault::new(Reason::InvalidRequest));
                self.0 = Some(so_far.absorb("", fault));
                None
            }
        }
    }

    /// Reads `request_id`.
    pub fn request_id(&mut self, text: &str) -> Uuid {
        match Uuid::try_parse(text) {
            Ok(id) if id.get_version_num() == 4 => id,
            _ => {
                self.wrong("request_id", "must be a UUID version 4");
                Uuid::nil()
            }
        }
    }

    /// Reads an id.
    pub fn id<T: Id>(&mut self, path: &'static str, text: &str) -> T {
        if let Ok(id) = Uuid::try_parse(text) {
            return T::from(id);
        }
        self.wrong(path, "must be a UUID");
        T::from(Uuid::nil())
    }

    /// Ends the reading.
    pub fn finish(self) -> Result<(), Fault> {
        self.0.map_or(Ok(()), Err)
    }
}
