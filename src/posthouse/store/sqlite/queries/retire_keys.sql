DELETE FROM idempotency
WHERE (pool, key) IN (SELECT pool, key FROM idempotency WHERE forget_at < ? LIMIT ?)
