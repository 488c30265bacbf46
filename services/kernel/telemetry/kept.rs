//! What one thread logs, for a test that reads it.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber, Subscriber, set_default};

/// The lines of a thread, as a subscriber wrote them.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub fn text(&self) -> String {
        let text = self.0.lock().expect("the log").clone();
        String::from_utf8(text).expect("text")
    }
}

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands what this thread logs to `subscriber`, until the guard is dropped.
pub fn keep(subscriber: impl Subscriber + Send + Sync) -> DefaultGuard {
    // With one subscriber in the process, whichever thread comes to a line first decides whether anybody wants it: a
    // test beside this one that keeps nothing would silence the line for both. With two, every one of them is asked.
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));
    LazyLock::force(&SECOND);
    set_default(subscriber)
}
