WITH given (pool, address) AS (
VALUES (?, ?)
)
DELETE FROM suppressions
WHERE (pool, address) IN (SELECT pool, address FROM given)
RETURNING pool, address, reason, source, at, by
