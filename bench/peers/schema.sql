-- What a team would write for the same promise: one packet a person, never over the budget, each payout queued once.
CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    left_fen INTEGER NOT NULL CHECK (left_fen >= 0)
);
CREATE TABLE claims (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    openid TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    ip TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (campaign_id, openid)
);
CREATE TABLE payouts (
    id INTEGER PRIMARY KEY,
    claim_id INTEGER NOT NULL UNIQUE REFERENCES claims (id),
    mch_billno TEXT NOT NULL UNIQUE,
    amount_fen INTEGER NOT NULL,
    state TEXT NOT NULL,
    due_at INTEGER NOT NULL
);
CREATE INDEX payouts_due ON payouts (state, due_at);
INSERT INTO campaigns (id, slug, state, left_fen) VALUES (1, 'demo', 'running', 1000000000);
