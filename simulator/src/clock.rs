//! The simulator's time: the machine's clock plus an offset that a test or a presenter turns forward.
//! It refuses to go backwards, because tokens, refunds and push timestamps could then contradict each other.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, FixedOffset, Utc};

/// Milliseconds of one day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Real time, or an instant that stands still, plus an offset, all in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    still_ms: Option<i64>,
    offset_ms: AtomicI64,
}

impl Clock {
    /// A clock that starts `offset_ms` ahead of the machine's, or of an instant where it stands until it is turned.
    pub(crate) fn ahead(still_ms: Option<i64>, offset_ms: i64) -> Self {
        Self { still_ms, offset_ms: AtomicI64::new(offset_ms) }
    }

    /// Unix milliseconds now.
    pub(crate) fn now_ms(&self) -> i64 {
        self.still_ms.unwrap_or_else(real_ms) + self.offset_ms.load(Ordering::SeqCst)
    }

    /// Turns the clock forward and tells the new offset in milliseconds.
    pub(crate) fn advance(&self, by_ms: i64) -> i64 {
        let by_ms = by_ms.max(0);
        self.offset_ms.fetch_add(by_ms, Ordering::SeqCst) + by_ms
    }
}

/// The one reading of the machine's clock.
#[expect(clippy::disallowed_methods, reason = "the simulator's real clock is made here and nowhere else")]
fn real_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2)
}

/// The day in Beijing as a running number, from unix milliseconds.
pub(crate) fn beijing_day(at_ms: i64) -> i64 {
    (at_ms + 8 * 3_600_000).div_euclid(DAY_MS)
}

/// A Beijing time in a chrono format, as WeChat Pay prints it.
pub(crate) fn beijing(at_ms: i64, format: &str) -> String {
    let zone = FixedOffset::east_opt(8 * 3600).expect("eight hours east is a valid offset");
    let at = DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default();
    at.with_timezone(&zone).format(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beijing_day_begins_at_sixteen_utc() {
        assert_eq!(beijing_day(16 * 3_600_000 - 1), 0);
        assert_eq!(beijing_day(16 * 3_600_000), 1);
        assert_eq!(beijing(0, "%Y-%m-%d %H:%M:%S"), "1970-01-01 08:00:00");
    }
}
