//! One value of a row that is loaded in bulk.

use std::borrow::Cow;

use uuid::Uuid;

/// A value for [`super::Tx::copy_in`]. Its kind must be the column's: the binary COPY converts nothing.
#[derive(Clone, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A 32-bit number.
    I32(i32),
    /// A 64-bit number: counts, instants, keyed hashes.
    I64(i64),
    /// A UUID: ids, keyed hashes of 128 bits.
    Uuid(Uuid),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
}

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Cell<'_> {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<Uuid> for Cell<'_> {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl From<crate::kernel::clock::Timestamp> for Cell<'_> {
    fn from(value: crate::kernel::clock::Timestamp) -> Self {
        Self::I64(value.as_micros())
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<'a> From<&'a [u8]> for Cell<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl From<Vec<u8>> for Cell<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

macro_rules! ids {
    ($($name:ident),+ $(,)?) => {$(
        impl From<crate::kernel::ids::$name> for Cell<'_> {
            fn from(id: crate::kernel::ids::$name) -> Self {
                Self::Uuid(id.as_uuid())
            }
        }
    )+};
}

ids!(
    CampaignId,
    CoveredEntityId,
    IndividualId,
    ImportId,
    WaveId,
    BatchId,
    EnrollmentId,
    VerificationId,
    PartnerId,
    HandoffId,
    OutcomeId,
);
