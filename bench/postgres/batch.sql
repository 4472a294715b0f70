-- A hundred claims a transaction, given as one jsonb parameter (`rows`, from the bench): the same rows as claim.sql writes.
\set n random(1, 90000000000000000)
BEGIN;
SELECT id FROM campaigns WHERE slug = 'demo' AND state = 'running' FOR UPDATE;
WITH asked AS (
    SELECT CAST(:n AS BIGINT) * 100 + r.n AS id, r.amount
    FROM jsonb_to_recordset(CAST(:rows AS JSONB)) AS r (n BIGINT, amount BIGINT)
), claimed AS (
    INSERT INTO claims (id, campaign_id, openid, amount_fen, ip, at)
    SELECT id, 1, 'o' || CAST(id AS TEXT), amount, '127.0.0.1', now() FROM asked
    ON CONFLICT DO NOTHING RETURNING id, amount_fen
), queued AS (
    INSERT INTO payouts (id, claim_id, mch_billno, amount_fen, state, due_at)
    SELECT id, id, 'PB' || CAST(id AS TEXT), amount_fen, 'queued', now() FROM claimed RETURNING amount_fen
)
UPDATE campaigns SET left_fen = left_fen - (SELECT sum(amount_fen) FROM queued) WHERE id = 1;
COMMIT;
