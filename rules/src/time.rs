//! Instants and days: unix milliseconds and Beijing days.
//! Refuses to know what time it is now; whoever asks brings the instant along.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMs(pub i64);

/// A Beijing day (UTC+8), counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BeijingDay(pub i64);

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// `n` seconds in milliseconds.
pub const fn secs(n: i64) -> i64 {
    n * 1000
}

/// `n` minutes in milliseconds.
pub const fn minutes(n: i64) -> i64 {
    n * 60_000
}

/// `n` hours in milliseconds.
pub const fn hours(n: i64) -> i64 {
    n * HOUR_MS
}

impl UnixMs {
    /// This instant and `ms` milliseconds more (saturating).
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole unix seconds.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The Beijing day this instant falls on.
    pub const fn day(self) -> BeijingDay {
        BeijingDay((self.0 + 8 * HOUR_MS).div_euclid(DAY_MS))
    }

    /// The minute since 1970, for rollups.
    pub const fn minute(self) -> i64 {
        self.0.div_euclid(60_000)
    }

    /// Year, month, day, hour, minute and second in Beijing.
    pub const fn beijing(self) -> BeijingTime {
        let local = self.0 + 8 * HOUR_MS;
        let in_day = local.rem_euclid(DAY_MS) / 1000;
        let (year, month, day) = civil(local.div_euclid(DAY_MS));
        BeijingTime { year, month, day, hour: in_day / 3600, minute: in_day / 60 % 60, second: in_day % 60 }
    }

    /// The instant of a Beijing wall-clock time. Errors are impossible: out-of-range parts carry over.
    pub const fn from_beijing(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> Self {
        Self(days_from_civil(year, month, day) * DAY_MS + hour * HOUR_MS + minute * 60_000 - 8 * HOUR_MS)
    }

    /// Reads what `<input type=datetime-local>` sends (`2026-11-21T09:30`), as Beijing time.
    pub fn parse_beijing(text: &str) -> Option<Self> {
        let (date, clock) = text.trim().split_once(['T', ' '])?;
        let mut date = date.splitn(3, '-').map(str::parse::<i64>);
        let mut clock = clock.splitn(3, ':').map(str::parse::<i64>);
        let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
        let sane = (1970..=2200).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute);
        let instant = Self::from_beijing(year, month, day, hour, minute);
        (sane && instant.beijing().day == day).then_some(instant)
    }

    /// What `<input type=datetime-local>` wants, in Beijing time.
    pub fn to_input(self) -> String {
        let t = self.beijing();
        format!("{:04}-{:02}-{:02}T{:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute)
    }
}

impl BeijingDay {
    /// Its first instant.
    pub const fn start(self) -> UnixMs {
        UnixMs(self.0 * DAY_MS - 8 * HOUR_MS)
    }

    /// The day after.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Reads `2026-11-21`.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 10).then(|| UnixMs::parse_beijing(&format!("{text}T00:00")))?.map(UnixMs::day)
    }
}

/// `2026-11-21`.
impl fmt::Display for BeijingDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.start().beijing();
        write!(f, "{:04}-{:02}-{:02}", t.year, t.month, t.day)
    }
}

/// An instant taken apart on Beijing's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each part is its own name")]
pub struct BeijingTime {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

/// `2026-11-21 09:30:05`, Beijing time.
impl fmt::Display for BeijingTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }
}

// Days from civil and back: Howard Hinnant, "chrono-compatible low-level date algorithms".
const fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beijing_day_begins_at_four_in_the_afternoon_utc() {
        let eve = UnixMs::from_beijing(2026, 11, 20, 23, 59);
        assert_eq!(eve.plus(minutes(1)).day().0, eve.day().0 + 1);
        assert_eq!(UnixMs(0).beijing().to_string(), "1970-01-01 08:00:00");
    }

    #[test]
    fn a_day_is_read_as_it_is_written_and_begins_at_midnight_in_beijing() {
        let day = UnixMs::from_beijing(2026, 11, 21, 23, 59).day();
        assert_eq!((day.to_string().as_str(), day.start()), ("2026-11-21", UnixMs::from_beijing(2026, 11, 21, 0, 0)));
        assert_eq!(BeijingDay::parse("2026-11-21"), Some(day));
        for bad in ["", "2026-11-2", "2026-02-30", "20261121", "2026-11-21 "] {
            assert_eq!(BeijingDay::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_a_form_sends_comes_back_the_same() {
        for text in ["2026-11-21T09:30", "2024-02-29T00:00", "2026-12-31T23:59"] {
            assert_eq!(UnixMs::parse_beijing(text).map(UnixMs::to_input).as_deref(), Some(text));
        }
        for bad in ["", "2026-02-30T10:00", "2026-13-01T10:00", "tomorrow", "2026-11-21T25:00"] {
            assert_eq!(UnixMs::parse_beijing(bad), None, "{bad}");
        }
    }
}
