//! Whether a payment of which the books do not know was taken off the lines that can have paid it.
//! Refuses to touch rows; it adds a column only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0014_lost_money", up: UP, down: DOWN };

const UP: &[&str] = &["ALTER TABLE strangers ADD COLUMN booked_at BIGINT"];

const DOWN: &[&str] = &["ALTER TABLE strangers DROP COLUMN booked_at"];
