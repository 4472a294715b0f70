//! Prize rules as JSON, the slots of pools cut in advance, and what is left of totals that are drawn from.
//! Refuses to touch rows; a campaign without a rule keeps the range from its least to its most.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0006_prizes", up: UP, down: DOWN };

const UP: &[&str] = &[
    "ALTER TABLE campaigns ADD COLUMN prize TEXT",
    "ALTER TABLE campaigns ADD COLUMN prize_grades TEXT",
    "ALTER TABLE campaigns ADD COLUMN scene_id TEXT",
    "ALTER TABLE members ADD COLUMN prize TEXT",
    "CREATE TABLE pool_slots (
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        position BIGINT NOT NULL,
        amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
        claim_id BIGINT UNIQUE,
        PRIMARY KEY (campaign_id, position)
    ) /* clustered */",
    "CREATE INDEX pool_slots_free ON pool_slots (campaign_id, position) WHERE claim_id IS NULL",
    "CREATE TABLE prize_state (
        campaign_id BIGINT PRIMARY KEY REFERENCES campaigns (id),
        left_fen BIGINT NOT NULL CHECK (left_fen >= 0),
        left_packets BIGINT NOT NULL CHECK (left_packets >= 0)
    )",
    "CREATE TABLE prize_shares (
        claim_id BIGINT PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        amount_fen BIGINT NOT NULL CHECK (amount_fen > 0)
    )",
    "CREATE INDEX prize_shares_by_campaign ON prize_shares (campaign_id)",
];

const DOWN: &[&str] = &[
    "DROP TABLE prize_shares",
    "DROP TABLE prize_state",
    "DROP TABLE pool_slots",
    "ALTER TABLE members DROP COLUMN prize",
    "ALTER TABLE campaigns DROP COLUMN scene_id",
    "ALTER TABLE campaigns DROP COLUMN prize_grades",
    "ALTER TABLE campaigns DROP COLUMN prize",
];
