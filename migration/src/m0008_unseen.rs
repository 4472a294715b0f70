//! Followers who are known by what they wrote only: nobody saw them follow.
//! Refuses to touch rows; it makes a column only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0008_unseen", up: UP, down: DOWN };

const UP: &[&str] = &["ALTER TABLE followers ADD COLUMN unseen BIGINT NOT NULL DEFAULT 0"];

const DOWN: &[&str] = &["ALTER TABLE followers DROP COLUMN unseen"];
