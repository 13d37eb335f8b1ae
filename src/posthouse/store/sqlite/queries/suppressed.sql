WITH given (id, pool, address) AS (
VALUES (?, ?, ?)
)
SELECT id, address
FROM given CROSS JOIN suppressions USING (pool, address)
