//! The sandbox bureaus as partners.

use crate::client::connect::{ClientRole, Endpoints};
use crate::client::partner;
use crate::client::problem::{Outcome, Problem};
use crate::wire::redress::handoff::v1::{Partner, PartnerMode};

/// Makes the sandbox bureau a partner, and a second one that pulls, once.
pub async fn create(endpoints: &Endpoints) -> Outcome {
    let channels = endpoints.connect_as(ClientRole::Operator)?;
    let known = partner::all(&channels).await?;
    let listens_at = endpoints.bureau_internal.as_ref();
    let push = Partner {
        name: endpoints.bureau_partner().to_owned(),
        mode: PartnerMode::Push.into(),
        endpoint: listens_at.unwrap_or(&endpoints.bureau).clone(),
        max_in_flight: 32,
        ..Partner::default()
    };
    let pull = Partner {
        name: endpoints.pull_partner().to_owned(),
        mode: PartnerMode::Pull.into(),
        max_in_flight: 100,
        ..Partner::default()
    };
    for wanted in [push, pull] {
        match known.iter().find(|known| known.name == wanted.name) {
            None => drop(partner::create(&channels, wanted).await?),
            Some(known) if known.endpoint != wanted.endpoint => {
                return Err(Problem::usage(format!(
                    "the partner {} was created for {} and listens on {} now\n  use the same ports again, or start anew: another directory (--dir), or another database",
                    known.name, known.endpoint, wanted.endpoint
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
