//! The ledger made hard to break: transfers that only grow in number, each reservation settled once; caps and their use.
//! Refuses to lose what was counted before: the new counters begin with what is under way and paid.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// This step.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0009_ledger"
    }
}

const UP: &[&str] = &[
    // A reservation (pending) is posted or voided by one transfer, a payment returned by one: `resolves` is unique.
    "ALTER TABLE transfers ADD COLUMN resolves BIGINT",
    "UPDATE transfers SET resolves = (SELECT r.id FROM transfers r
        WHERE r.payout_id = transfers.payout_id AND r.event = 'reserve') WHERE event IN ('pay', 'void')",
    "UPDATE transfers SET resolves = (SELECT r.id FROM transfers r
        WHERE r.payout_id = transfers.payout_id AND r.event = 'pay') WHERE event = 'return'",
    "CREATE UNIQUE INDEX transfers_resolve_once ON transfers (resolves)",
    "CREATE TABLE caps (
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        kind TEXT NOT NULL CHECK (kind IN ('account', 'link', 'day', 'hour')),
        object_id BIGINT NOT NULL,
        limit_fen BIGINT NOT NULL CHECK (limit_fen >= 0),
        PRIMARY KEY (campaign_id, kind, object_id)
    )",
    "CREATE TABLE cap_uses (
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        kind TEXT NOT NULL CHECK (kind IN ('asserted', 'account', 'link', 'day', 'hour')),
        object_id BIGINT NOT NULL,
        bucket BIGINT NOT NULL,
        used_fen BIGINT NOT NULL CHECK (used_fen >= 0),
        PRIMARY KEY (campaign_id, kind, object_id, bucket)
    ) /* clustered */",
    "INSERT INTO cap_uses (campaign_id, kind, object_id, bucket, used_fen)
        SELECT campaign_id, kind, object_id, bucket, SUM(amount_fen) FROM (
            SELECT c.campaign_id, 'account' AS kind, c.account_id AS object_id, 0 AS bucket, p.amount_fen
                FROM payouts p JOIN claims c ON c.id = p.claim_id WHERE p.state NOT IN ('returned', 'failed')
            UNION ALL SELECT c.campaign_id, 'day', 0, (c.at + 28800000) / 86400000, p.amount_fen
                FROM payouts p JOIN claims c ON c.id = p.claim_id WHERE p.state NOT IN ('returned', 'failed')
            UNION ALL SELECT c.campaign_id, 'hour', 0, c.at / 3600000, p.amount_fen
                FROM payouts p JOIN claims c ON c.id = p.claim_id WHERE p.state NOT IN ('returned', 'failed')
            UNION ALL SELECT c.campaign_id, 'link', f.link_id, 0, p.amount_fen
                FROM payouts p JOIN claims c ON c.id = p.claim_id JOIN follows f ON f.id = c.follow_id
                WHERE p.state NOT IN ('returned', 'failed') AND f.link_id IS NOT NULL
            UNION ALL SELECT c.campaign_id, 'asserted', 0, 0, p.amount_fen
                FROM payouts p JOIN claims c ON c.id = p.claim_id
                WHERE p.state NOT IN ('returned', 'failed') AND c.grade = 'asserted'
        ) AS held GROUP BY campaign_id, kind, object_id, bucket",
    "ALTER TABLE campaigns ADD COLUMN paced BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE campaigns ADD COLUMN low_fen BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE accounts ADD COLUMN on_follow TEXT NOT NULL DEFAULT 'reply'",
];

/// Nobody changes or drops a transfer, whatever a program believes: the database itself says no.
const GUARD_SQLITE: &[&str] = &[
    "CREATE TRIGGER transfers_never_change BEFORE UPDATE ON transfers
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER transfers_never_vanish BEFORE DELETE ON transfers
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
];
const GUARD_POSTGRES: &[&str] = &[
    "CREATE FUNCTION transfers_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
    "CREATE TRIGGER transfers_never_change BEFORE UPDATE OR DELETE ON transfers
        FOR EACH ROW EXECUTE FUNCTION transfers_refuse()",
];

const UNGUARD_SQLITE: &[&str] = &["DROP TRIGGER transfers_never_change", "DROP TRIGGER transfers_never_vanish"];
const UNGUARD_POSTGRES: &[&str] =
    &["DROP TRIGGER transfers_never_change ON transfers", "DROP FUNCTION transfers_refuse()"];

const DOWN: &[&str] = &[
    "ALTER TABLE accounts DROP COLUMN on_follow",
    "ALTER TABLE campaigns DROP COLUMN low_fen",
    "ALTER TABLE campaigns DROP COLUMN paced",
    "DROP TABLE cap_uses",
    "DROP TABLE caps",
    "DROP INDEX transfers_resolve_once",
    "ALTER TABLE transfers DROP COLUMN resolves",
];

fn is_postgres(manager: &SchemaManager) -> bool {
    manager.get_database_backend() == DatabaseBackend::Postgres
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await?;
        crate::run(manager, if is_postgres(manager) { GUARD_POSTGRES } else { GUARD_SQLITE }).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, if is_postgres(manager) { UNGUARD_POSTGRES } else { UNGUARD_SQLITE }).await?;
        crate::run(manager, DOWN).await
    }
}
