//! What one thread logs.

use tracing::subscriber::DefaultGuard;

#[path = "../../../services/kernel/telemetry/kept.rs"]
mod kept;

/// Keeps every line that this thread logs, however fine, until it is dropped.
pub struct Logs {
    kept: kept::Kept,
    _guard: DefaultGuard,
}

impl Logs {
    pub fn keep() -> Self {
        let kept = kept::Kept::default();
        let to = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || to.clone())
            .finish();
        Self {
            kept,
            _guard: kept::keep(subscriber),
        }
    }

    pub fn text(&self) -> String {
        self.kept.text()
    }
}
