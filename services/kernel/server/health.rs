//! Health: the process is alive (`""`), and each service can serve.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::Probe;

/// How often the probe is asked.
const PERIOD: Duration = Duration::from_secs(1);
/// When a probe counts as failed.
const LIMIT: Duration = Duration::from_secs(2);

/// Tells the world whether the process can serve.
pub(super) struct Health {
    pub(super) reporter: HealthReporter,
    pub(super) names: Vec<&'static str>,
    pub(super) ready: watch::Sender<bool>,
}

impl Health {
    /// Asks the probe until the drain begins, then says that nothing is served any more.
    pub(super) async fn watch(self, probe: Probe, draining: CancellationToken) {
        loop {
            let asked = tokio::time::timeout(LIMIT, probe());
            let ready = tokio::select! {
                () = draining.cancelled() => break,
                answer = asked => answer.unwrap_or(false),
            };
            self.tell(ready).await;
            tokio::select! {
                () = draining.cancelled() => break,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
        self.tell(false).await;
        self.reporter
            .set_service_status("", ServingStatus::NotServing)
            .await;
    }

    async fn tell(&self, ready: bool) {
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for name in &self.names {
            self.reporter.set_service_status(name, status).await;
        }
        if self.ready.send_replace(ready) != ready {
            tracing::info!(ready, "readiness changed");
        }
    }
}
