DELETE FROM idempotency
USING (SELECT pool, key FROM idempotency WHERE forget_at < $1 ORDER BY forget_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old
WHERE idempotency.pool = old.pool AND idempotency.key = old.key
RETURNING idempotency.key
