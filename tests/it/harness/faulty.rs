//! The three services inside the test's own process, over databases that stumble.

use std::time::Duration;

use redress::db::{FaultHook, FaultRates};
use redress::kernel::lifecycle::Lifecycle;
use redress::kernel::settings::{ProcessSettings, load};
use redress::process::Stop;
use redress::{codes, handoff, identity};
use tokio::task::JoinHandle;

use super::database::started;
use super::poll;
use super::processes::{House, Service, is_ready};
use super::walk::SETTLED;

/// What the databases play at the end of transactions: a refusal, or a commit whose answer is lost.
const FAULTS: FaultRates = FaultRates {
    serialization: 0.1,
    lost_answer: 0.1,
    seed: 7,
};

/// The three services as they run in production, but in this process and with faults at their commits.
pub struct Faulty {
    life: Lifecycle,
    hooks: [FaultHook; 3],
    served: [JoinHandle<Result<(), Stop>>; 3],
}

impl Faulty {
    /// Starts them, and waits until they are ready.
    pub async fn start(house: &House) -> Self {
        let life = Lifecycle::new(Duration::from_secs(10));
        let identity: identity::Settings = told(house, Service::Identity);
        let codes: codes::Settings = told(house, Service::Codes);
        let handoff: handoff::Settings = told(house, Service::Handoff);
        let services = [&identity.service, &codes.service, &handoff.service];
        let hooks = services.map(|service| service.database.faults.clone());
        for hook in &hooks {
            hook.set(FAULTS);
        }
        let served = [
            tokio::spawn(identity::serve(identity, life.clone(), None)),
            tokio::spawn(codes::serve(codes, life.clone(), None)),
            tokio::spawn(handoff::serve(handoff, life.clone(), None)),
        ];
        for service in [Service::Identity, Service::Codes, Service::Handoff] {
            let admin = house.address(service).admin;
            poll::until("a service", SETTLED, async || is_ready(admin).await).await;
        }
        Self {
            life,
            hooks,
            served,
        }
    }

    /// Ends them, after both faults were played in each.
    pub async fn end(self) {
        for (number, hook) in self.hooks.iter().enumerate() {
            let played = (hook.serializations(), hook.lost_answers());
            assert!(played.0 > 0 && played.1 > 0, "{number}: {played:?}");
        }
        self.life.stop();
        for served in self.served {
            served.await.expect("no panic").expect("a good end");
        }
    }
}

fn told<S: ProcessSettings>(house: &House, service: Service) -> S {
    let told = house.settings(service, house.address(service));
    let flag = |(name, value): (String, _)| [format!("--{}", name.replace('_', "-")), value];
    started(load(told.into_iter().flat_map(flag), []))
}
