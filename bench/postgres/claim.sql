-- One claim a transaction, the statements of ../peers/php/claim.php. The hot row comes last: its lock is held shortest.
\set n random(1, 9000000000000000000)
\set amount random(100, 300)
BEGIN;
SELECT id FROM campaigns WHERE slug = 'demo' AND state = 'running';
INSERT INTO claims (id, campaign_id, openid, amount_fen, ip, at)
    VALUES (:n, 1, 'o' || CAST(:n AS TEXT), :amount, '127.0.0.1', now());
INSERT INTO payouts (id, claim_id, mch_billno, amount_fen, state, due_at)
    VALUES (:n, :n, 'PB' || CAST(:n AS TEXT), :amount, 'queued', now());
UPDATE campaigns SET left_fen = left_fen - :amount WHERE id = 1 AND left_fen >= :amount;
COMMIT;
