//! How many claims make a window: as many as a side does in the time of one, by what it did in the window before.
//! Refuses windows too short to mean anything and too long to finish.

/// Claims a window at least: every connection gets some.
const LEAST: usize = 300;
const MOST: usize = 60_000;

/// A side's pace.
pub struct Pace {
    secs: f64,
    per_sec: f64,
}

impl Pace {
    /// Windows of about `secs` seconds.
    pub const fn new(secs: f64) -> Self {
        Self { secs, per_sec: 0.0 }
    }

    /// How many claims the next window asks for.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number, clamped")]
    pub fn next(&self) -> usize {
        ((self.per_sec * self.secs) as usize).clamp(LEAST, MOST)
    }

    /// Learns what a window did.
    pub const fn learn(&mut self, per_sec: f64) {
        self.per_sec = per_sec;
    }
}
