//! When a budget will be empty if claims go on as they did lately.
//! Refuses to foresee anything from nothing: without a recent grant there is no forecast.
#![deny(clippy::float_arithmetic)]

use crate::Fen;
use crate::time::{UnixMs, minutes};

/// How long a stretch tells the pace.
pub const WINDOW_MS: i64 = minutes(15);

/// The instant at which `available` is used up at the pace of the last `window_ms`, in which `granted` was granted;
/// `None` when that is beyond all counting.
pub fn empty_at(available: Fen, granted: Fen, window_ms: i64, now: UnixMs) -> Option<UnixMs> {
    if granted.is_zero() || window_ms <= 0 {
        return None;
    }
    let wait = i128::from(available.get()) * i128::from(window_ms) / i128::from(granted.get());
    i64::try_from(wait).ok().and_then(|wait| now.0.checked_add(wait)).map(UnixMs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{hours, minutes};

    #[test]
    fn a_budget_lasts_as_long_as_its_pace_says() {
        let fen = |n| Fen::new(n).unwrap();
        let now = UnixMs::from_beijing(2026, 11, 21, 13, 20);
        let table = [
            (6_000, 1_500, Some(now.plus(hours(1)))),
            (0, 1_500, Some(now)),
            (6_000, 0, None),
            (1, 1_500, Some(now.plus(600))),
        ];
        for (available, granted, empty) in table {
            assert_eq!(empty_at(fen(available), fen(granted), minutes(15), now), empty, "{available} {granted}");
        }
        let for_ever = empty_at(fen(1_000_000_000_000), fen(1), hours(24 * 365), now);
        assert_eq!(for_ever, None, "what lasts longer than time can be counted is not foreseen");
    }
}
