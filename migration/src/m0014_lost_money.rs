//! Whether a payment of which the books do not know was taken off the lines that can have paid it.
//! Refuses to take anything off for a standstill that ended before this: staff saw to that.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0014_lost_money", up: UP, down: DOWN };

const UP: &[&str] = &[
    "ALTER TABLE strangers ADD COLUMN booked_at BIGINT",
    "UPDATE strangers SET booked_at = at WHERE NOT EXISTS (SELECT 1 FROM settings WHERE name = 'restored_at')",
];

const DOWN: &[&str] = &["ALTER TABLE strangers DROP COLUMN booked_at"];
