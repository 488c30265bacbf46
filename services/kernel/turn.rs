//! The order of things that are under way together: each waits for its turn before it does what must be done one after the
//! other, and passes it on when that is done.

use std::time::Duration;

use tokio::sync::watch;

/// A turn, which comes once and brings a value from whoever had it before.
pub struct Turn<T>(watch::Receiver<Option<T>>);

/// Passes a turn on.
pub struct Pass<T>(watch::Sender<Option<T>>);

/// Whoever had the turn before failed: it will never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Never;

/// How long a transaction may stay open while it waits for its turn. A database does not see that it waits: if whoever has the turn
/// waits for what this transaction holds, neither goes on until one gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a turn and what brings it.
pub fn turn<T>() -> (Pass<T>, Turn<T>) {
    let (pass, turn) = watch::channel(None);
    (Pass(pass), Turn(turn))
}

impl<T> Pass<T> {
    /// Says that everything before is done.
    pub fn on(self, value: T) {
        self.0.send_replace(Some(value));
    }
}

impl<T: Clone> Turn<T> {
    /// Waits for the turn, however often.
    pub async fn comes(&self) -> Result<T, Never> {
        let mut turn = self.0.clone();
        let come = turn.wait_for(Option::is_some).await;
        come.ok().and_then(|value| value.clone()).ok_or(Never)
    }

    /// Waits for the turn while a transaction is open; gives nothing when it must be rolled back first.
    pub async fn comes_soon(&self) -> Result<Option<T>, Never> {
        self.comes_within(PATIENCE).await
    }

    async fn comes_within(&self, patience: Duration) -> Result<Option<T>, Never> {
        let come = tokio::time::timeout(patience, self.comes()).await;
        come.map_or(Ok(None), |come| come.map(Some))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_comes_when_it_is_passed_on_and_stays() {
        let (pass, turn) = turn();
        let (come, ()) = tokio::join!(turn.comes(), async { pass.on(7) });
        assert_eq!(come, Ok(7));
        assert_eq!(turn.comes().await, Ok(7));
    }

    #[tokio::test]
    async fn an_open_transaction_does_not_wait_for_ever() {
        let (pass, turn) = turn();
        assert_eq!(turn.comes_within(Duration::ZERO).await, Ok(None));
        pass.on(7);
        assert_eq!(turn.comes_soon().await, Ok(Some(7)));
    }

    #[tokio::test]
    async fn a_turn_that_nobody_passes_on_never_comes() {
        let (pass, turn) = turn::<()>();
        drop(pass);
        assert_eq!(turn.comes().await, Err(Never));
    }
}
