//! The closed vocabularies of this process, as they stand in the database.

use std::fmt;

/// Says that a stored word is not in its vocabulary: another program wrote it, or the row is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored {0} is not one this program knows")]
pub struct UnknownWord(pub &'static str);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every word, in the order of the vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Gives the word as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Finds a stored word.
            pub fn parse(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord($what)),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What is asked of the partner.
    Kind, "handoff kind" {
        /// Enroll the person.
        Enroll = "ENROLL",
        /// Withdraw an enrollment that was handed over before.
        Cancel = "CANCEL",
    }
}

words! {
    /// The name of a handoff's state.
    Stage, "handoff state" {
        /// Waits to be offered.
        Queued = "QUEUED",
        /// Offered under a lease.
        Leased = "LEASED",
        /// Sent, and the answer was never seen.
        Unsettled = "UNSETTLED",
        /// The partner has it.
        Accepted = "ACCEPTED",
        /// Monitoring runs.
        Active = "ACTIVE",
        /// Somebody must act first.
        ActionRequired = "ACTION_REQUIRED",
        /// The partner refused.
        Refused = "REFUSED",
        /// Withdrawn.
        Canceled = "CANCELED",
        /// Given up on; kept, counted, replayable.
        Dead = "DEAD",
    }
}

words! {
    /// Why a partner could not activate an enrollment, whatever its own codes are.
    OutcomeClass, "outcome class" {
        /// A field is missing or malformed.
        InvalidInput = "INVALID_INPUT",
        /// The identity could not be confirmed.
        IdentityNotConfirmed = "IDENTITY_NOT_CONFIRMED",
        /// No record was found.
        NoHit = "NO_HIT",
        /// Too little credit history.
        ThinFile = "THIN_FILE",
        /// The file is frozen.
        FileFrozen = "FILE_FROZEN",
        /// A victim alert stands on the file.
        VictimAlert = "VICTIM_ALERT",
        /// The SSN belongs to another name.
        SsnMismatch = "SSN_MISMATCH",
        /// Recorded as deceased.
        Deceased = "DECEASED",
        /// A minor for an adult product.
        Minor = "MINOR",
        /// Already a customer.
        AlreadyEnrolled = "ALREADY_ENROLLED",
        /// The product is not configured.
        ProductConfig = "PRODUCT_CONFIG",
    }
}

words! {
    /// Why a handoff was given up on.
    DeadReason, "dead reason" {
        /// Too many attempts ended without an answer that was seen.
        AnswerNeverSeen = "ANSWER_NEVER_SEEN",
        /// The partner refused the call itself too often: wrong certificate, method missing, wrong state.
        CallRejected = "CALL_REJECTED",
        /// The partner answered too often with something that cannot be read.
        AnswerUnreadable = "ANSWER_UNREADABLE",
        /// The person's data or the campaign's key has been destroyed.
        PersonErased = "PERSON_ERASED",
        /// The person's stored data does not open.
        PersonUnreadable = "PERSON_UNREADABLE",
    }
}

words! {
    /// How an attempt to hand over ended.
    AttemptResult, "attempt result" {
        /// The partner took it or said how it ended.
        Answered = "ANSWERED",
        /// The partner could not be reached or said it cannot work now.
        Unavailable = "UNAVAILABLE",
        /// The partner asked for a slower pace.
        Throttled = "THROTTLED",
        /// It was sent, and the answer was never seen.
        Unseen = "UNSEEN",
        /// The partner refused the call itself.
        Rejected = "REJECTED",
        /// The answer could not be read.
        Unreadable = "UNREADABLE",
        /// The lease ran out before anybody said how it ended.
        LeaseExpired = "LEASE_EXPIRED",
        /// A key was missing here.
        NotOpened = "NOT_OPENED",
        /// The attempt after which the handoff was given up on.
        GaveUp = "GAVE_UP",
    }
}

words! {
    /// Whether we call the partner or the partner calls us.
    Mode, "partner mode" {
        /// We call.
        Push = "PUSH",
        /// The partner calls.
        Pull = "PULL",
    }
}

words! {
    /// Whether handoffs are offered to a partner.
    PartnerState, "partner state" {
        /// They are.
        Active = "ACTIVE",
        /// They wait.
        Paused = "PAUSED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_parses_back_and_others_do_not() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Ok(*stage));
        }
        for class in OutcomeClass::ALL {
            assert_eq!(OutcomeClass::parse(class.as_str()), Ok(*class));
        }
        assert_eq!(Stage::parse("queued"), Err(UnknownWord("handoff state")));
    }
}
