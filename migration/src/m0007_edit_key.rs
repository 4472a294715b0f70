//! The edit-mode key that an asserted ticket was given for, hashed: a key that was changed ends what it gave.
//! Refuses to touch rows; it makes a column only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0007_edit_key", up: UP, down: DOWN };

const UP: &[&str] = &["ALTER TABLE tickets ADD COLUMN edit_key_hash TEXT"];

const DOWN: &[&str] = &["ALTER TABLE tickets DROP COLUMN edit_key_hash"];
