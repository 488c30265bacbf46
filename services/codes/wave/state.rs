//! Where a wave comes from.

use crate::codes::state::kinds;

kinds! {
    /// Where a wave comes from.
    Kind {
        /// An operator planned it.
        Planned = "PLANNED",
        /// It was made for a batch that named none.
        Automatic = "AUTOMATIC",
        /// It holds codes that take the place of others.
        Reissue = "REISSUE",
    }
}
