INSERT OR REPLACE INTO idempotency (pool, key, digest, message, status, forget_at) VALUES (?, ?, ?, ?, ?, ?)
