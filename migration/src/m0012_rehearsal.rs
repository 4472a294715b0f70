//! Rehearsals: the key of a draft's testers, the testers, and the mark on their claims.
//! Refuses to touch rows; every claim that is there is an ordinary one.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0012_rehearsal", up: UP, down: DOWN };

const UP: &[&str] = &[
    "ALTER TABLE campaigns ADD COLUMN tester_key TEXT",
    "ALTER TABLE claims ADD COLUMN rehearsal BIGINT NOT NULL DEFAULT 0 CHECK (rehearsal IN (0, 1))",
    // A claim stands on a follow: a tester has one of their own, in no campaign, so that no figure counts it.
    "CREATE TABLE testers (
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        appid TEXT NOT NULL,
        openid TEXT NOT NULL,
        follow_id BIGINT NOT NULL UNIQUE REFERENCES follows (id),
        active BIGINT NOT NULL CHECK (active IN (0, 1)),
        added_at BIGINT NOT NULL,
        PRIMARY KEY (campaign_id, appid, openid)
    )",
    "CREATE INDEX claims_rehearsed ON claims (campaign_id, payee_openid) WHERE rehearsal = 1",
];

const DOWN: &[&str] = &[
    "DROP INDEX claims_rehearsed",
    "DROP TABLE testers",
    "ALTER TABLE claims DROP COLUMN rehearsal",
    "ALTER TABLE campaigns DROP COLUMN tester_key",
];
