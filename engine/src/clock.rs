//! The one clock. Real time plus an offset that tests and the demo turn by hand.
//! Refuses to go backwards on its own.

use rules::time::UnixMs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Tells the time. Clones share the offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    still: Option<UnixMs>,
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self::default()
    }

    /// A clock that only moves when it is turned: a run on it can be repeated to the millisecond.
    pub fn still(at: UnixMs) -> Self {
        Self { still: Some(at), ..Self::default() }
    }

    /// Now.
    pub fn now(&self) -> UnixMs {
        let base = self.still.unwrap_or_else(machine);
        UnixMs(base.0.saturating_add(self.offset_ms.load(Ordering::Relaxed)))
    }

    /// Turns the clock `ms` milliseconds on, for tests.
    pub fn advance(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the clock so that now is `now`: the demo follows the simulator's clock.
    pub fn follow(&self, now: UnixMs) {
        let here = self.now();
        self.offset_ms.fetch_add(now.since(here), Ordering::Relaxed);
    }
}

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn machine() -> UnixMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
