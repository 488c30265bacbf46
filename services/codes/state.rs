//! The pure machines: what may become of a campaign, a batch, a code and an enrollment.
//!
//! `on` is the only way from one state to the next. The stores repeat the same rule as a condition of their UPDATE, and
//! demand that exactly one row was changed.

/// Says that an event does not fit a state. Both names are constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} does not fit {from}")]
pub struct Forbidden {
    /// The state.
    pub from: &'static str,
    /// The event.
    pub event: &'static str,
}

/// Says that a stored text names no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the column holds no state")]
pub struct UnknownState;

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$kind_doc:meta])* $kind:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$kind_doc])* $kind,)+ }

        impl $name {
            /// Every one, in the order of a life.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// Gives the text in the column and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $text,)+ }
            }

            /// Reads the text of a column.
            pub fn parse(text: &str) -> Result<Self, $crate::codes::state::UnknownState> {
                match text {
                    $($text => Ok(Self::$kind),)+
                    _ => Err($crate::codes::state::UnknownState),
                }
            }
        }
    };
}
pub(crate) use kinds;
