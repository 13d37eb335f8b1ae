INSERT INTO suppressions (pool, address, reason, source, at, by)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (pool, address) DO NOTHING
RETURNING pool, address
