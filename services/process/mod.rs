//! What every process has, once: from its settings to its drain.
//!
//! A process reads as a recipe: settings, database, keys, context, services, workers, server, drain. [`run`] is around it,
//! the other steps that processes share are functions of this room.

mod call;
mod campaign;
mod clock;
mod context;
pub mod convert;
mod error;
pub mod housekeeping;
mod keys;
mod known_campaigns;
mod metrics;
pub mod request;
mod run;
mod settings;
mod stop;
mod storage;
pub mod throttle;

pub use call::Call;
pub use clock::{clock, follow};
pub use context::{Act, Context};
pub use error::{Error, Failure, status};
pub use keys::keys;
pub use run::run;
pub use settings::{Retention, ServiceSettings};
pub use stop::Stop;
pub use storage::{connect, drain, ready};
