//! Two indexes less on a claim's way: a person's claims are found through their tickets, and only transfers that resolve
//! another are in the index that keeps each from being resolved twice. Refuses to touch rows.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0013_fewer_indexes", up: UP, down: DOWN };

const UP: &[&str] = &[
    "DROP INDEX claims_by_payee",
    "CREATE UNIQUE INDEX transfers_resolve_each_once ON transfers (resolves) WHERE resolves IS NOT NULL",
    "DROP INDEX transfers_resolve_once",
];

const DOWN: &[&str] = &[
    "CREATE UNIQUE INDEX transfers_resolve_once ON transfers (resolves)",
    "DROP INDEX transfers_resolve_each_once",
    "CREATE INDEX claims_by_payee ON claims (campaign_id, payee_openid)",
];
