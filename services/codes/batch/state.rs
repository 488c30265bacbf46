//! The life of a batch: OPEN -> SEALED.

use crate::codes::state::Forbidden;
use crate::db::entities::ClosedSet;
use crate::db::entities::code_batch::State;

/// Seals a batch.
pub fn seal(state: State) -> Result<State, Forbidden> {
    match state {
        State::Open => Ok(State::Sealed),
        State::Sealed => Err(Forbidden {
            from: state.as_str(),
            event: "seal",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_sealed_once_and_for_ever() {
        assert_eq!(seal(State::Open), Ok(State::Sealed));
        assert!(seal(State::Sealed).is_err());
    }
}
