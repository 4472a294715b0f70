-- The rivals' tables of ../peers/schema.sql, in PostgreSQL's types.
CREATE TABLE campaigns (
    id BIGINT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    left_fen BIGINT NOT NULL CHECK (left_fen >= 0)
);
CREATE TABLE claims (
    id BIGINT PRIMARY KEY,
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    openid TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    ip TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    UNIQUE (campaign_id, openid)
);
CREATE TABLE payouts (
    id BIGINT PRIMARY KEY,
    claim_id BIGINT NOT NULL UNIQUE REFERENCES claims (id),
    mch_billno TEXT NOT NULL UNIQUE,
    amount_fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    due_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX payouts_due ON payouts (state, due_at);
INSERT INTO campaigns (id, slug, state, left_fen) VALUES (1, 'demo', 'running', 1000000000000);
