//! Ids and random values, and where they come from.
//!
//! An id is a version 7 UUID in a type of its own, so that a campaign is never taken for an individual. [`Ids`] makes
//! them: within one process they only grow, also within one millisecond and when the clock steps back.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use uuid::Uuid;

use super::clock::{Clock, Timestamp};
use super::secrets::Secret;

/// An id type made by this module.
pub trait Id: Copy + Eq + Ord + fmt::Display + From<Uuid> + Send + Sync + 'static {
    /// What the id names, for messages.
    const WHAT: &'static str;

    /// Gives the bare UUID.
    fn as_uuid(self) -> Uuid;
}

/// Gives the least version 7 UUID of an instant: ids that were made before are less.
pub fn first_at(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// Says that a text is not an id. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} id: a UUID is wanted")]
pub struct InvalidId {
    /// What the id should have named.
    pub what: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $what:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Gives the bare UUID.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// Gives the sixteen bytes of the id.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl Id for $name {
            const WHAT: &'static str = $what;

            fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId { what: $what })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        // The database never makes an id, so there is no number to take one from.
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

ids! {
    /// Names a campaign: one breach and its remedy.
    CampaignId = "campaign";
    /// Names a covered entity of a campaign.
    CoveredEntityId = "covered entity";
    /// Names an affected person of a campaign.
    IndividualId = "individual";
    /// Names a contact on record of an individual to callers. It is a keyed hash.
    ContactId = "contact";
    /// Names one import of a roster file.
    ImportId = "import";
    /// Names a wave of a mailing.
    WaveId = "wave";
    /// Names a second operator's consent to an export.
    ExportApprovalId = "export approval";
    /// Names a batch of codes.
    BatchId = "batch";
    /// Names one call that took codes back.
    RevocationId = "revocation";
    /// Names an enrollment.
    EnrollmentId = "enrollment";
    /// Names one product of one partner for one person.
    CoverageId = "coverage";
    /// Names the restoration of somebody's identity.
    RestorationId = "restoration";
    /// Names one attempt to verify a person.
    VerificationId = "verification";
    /// Names one confirmation code that was sent.
    ConfirmationId = "confirmation";
    /// Names a case that a person must review.
    ReferralId = "referral";
    /// Names two individuals who may be one person.
    ReviewId = "review";
    /// Names a partner bureau or reseller.
    PartnerId = "partner";
    /// Names one handoff to a partner.
    HandoffId = "handoff";
    /// Names a file of orders to a partner.
    HandoffFileId = "handoff file";
    /// Names an outcome on its way back to its enrollment.
    OutcomeId = "outcome";
    /// Names one list of a partner that was compared with our books.
    ReconciliationId = "reconciliation";
    /// Names a difference between a partner's books and ours.
    DifferenceId = "difference";
    /// Names one invoice of a partner that was checked.
    InvoiceCheckId = "invoice check";
    /// Names an event of the audit log.
    AuditId = "audit event";
}

/// Makes ids and random values. Clones share one source.
#[derive(Clone)]
pub struct Ids {
    clock: Clock,
    state: Arc<Mutex<State>>,
    seeded: bool,
}

struct State {
    last_millis: u64,
    counter: u16,
    rng: ChaCha12Rng,
}

/// The largest counter that fits beside the milliseconds.
const COUNTER_MAX: u16 = 0x0fff;

impl Ids {
    /// Ids for production, seeded from the operating system.
    pub fn system(clock: Clock) -> Self {
        Self::from_rng(
            clock,
            ChaCha12Rng::from_seed(super::crypto::random()),
            false,
        )
    }

    /// Repeatable ids **and secrets** for tests and simulations.
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        Self::from_rng(clock, ChaCha12Rng::seed_from_u64(seed), true)
    }

    fn from_rng(clock: Clock, rng: ChaCha12Rng, seeded: bool) -> Self {
        let state = State {
            last_millis: 0,
            counter: 0,
            rng,
        };
        Self {
            clock,
            state: Arc::new(Mutex::new(state)),
            seeded,
        }
    }

    /// Makes a version 7 UUID that is greater than every one made before.
    pub fn uuid(&self) -> Uuid {
        let now = u64::try_from(self.clock.now().as_micros() / 1_000).unwrap_or(0);
        let mut state = self.lock();
        state.step(now);
        let mut tail = [0; 10];
        state.rng.fill_bytes(&mut tail);
        tail[..2].copy_from_slice(&state.counter.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(state.last_millis, &tail).into_uuid()
    }

    /// Makes an id of the wanted type.
    pub fn next<T: Id>(&self) -> T {
        T::from(self.uuid())
    }

    /// Makes a version 4 UUID, for request ids.
    pub fn request_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random()).into_uuid()
    }

    /// Draws `N` random bytes fit for a secret: from the operating system, or from the seed in tests.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        if !self.seeded {
            return super::crypto::random();
        }
        let mut bytes = [0; N];
        self.lock().rng.fill_bytes(&mut bytes);
        bytes
    }

    /// Draws uniform decimal digits, for confirmation codes.
    pub fn digits(&self, count: usize) -> Secret<String> {
        let mut digits = String::with_capacity(count);
        while digits.len() < count {
            // 250 is the largest multiple of ten in a byte; the rest is thrown away to stay uniform.
            let [byte] = self.random();
            if byte < 250 {
                digits.push(char::from(b'0' + byte % 10));
            }
        }
        Secret::new(digits)
    }

    /// Draws a number below `bound`, zero if that is zero. Good for jitter, not for secrets.
    pub fn below(&self, bound: u64) -> u64 {
        let wide = u128::from(self.lock().rng.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Moves on to the next pair of milliseconds and counter, never back.
    fn step(&mut self, now_millis: u64) {
        if now_millis > self.last_millis {
            self.last_millis = now_millis;
            self.counter = 0;
        } else if self.counter < COUNTER_MAX {
            self.counter += 1;
        } else {
            self.last_millis += 1;
            self.counter = 0;
        }
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ids").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Timestamp;

    fn seeded() -> Ids {
        let (clock, _) = Clock::manual(Timestamp::from_micros(1_437_091_200_000_000));
        Ids::seeded(clock, 7)
    }

    #[test]
    fn ids_grow_within_one_millisecond_and_past_the_counter() {
        let ids = seeded();
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.uuid()).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn ids_grow_when_the_clock_steps_back() {
        let (clock, hand) = Clock::manual(Timestamp::from_micros(5_000_000));
        let ids = Ids::system(clock);
        let first = ids.uuid();
        hand.set(Timestamp::from_micros(1_000_000));
        assert!(ids.uuid() > first);
    }

    #[test]
    fn a_seed_repeats_everything() {
        let (a, b) = (seeded(), seeded());
        assert_eq!(a.next::<CampaignId>(), b.next());
        assert_eq!(a.random::<32>(), b.random());
        assert_eq!(a.digits(6).expose(), b.digits(6).expose());
    }

    #[test]
    fn two_processes_never_make_the_same_id() {
        let (clock, _) = Clock::manual(Timestamp::EPOCH);
        assert_ne!(Ids::system(clock.clone()).uuid(), Ids::system(clock).uuid());
    }

    #[test]
    fn digits_are_digits_and_about_uniform() {
        let digits = seeded().digits(10_000);
        let mut counts = [0_u32; 10];
        for byte in digits.expose().bytes() {
            counts[usize::from(byte - b'0')] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_bad_id_is_not_repeated_in_the_error() {
        let error = "canary".parse::<EnrollmentId>().unwrap_err();
        assert_eq!(error.to_string(), "enrollment id: a UUID is wanted");
        let id = seeded().next::<EnrollmentId>();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }

    #[test]
    fn below_stays_below() {
        let ids = seeded();
        assert!((0..1_000).all(|_| ids.below(7) < 7));
        assert_eq!(ids.below(0), 0);
    }
}
