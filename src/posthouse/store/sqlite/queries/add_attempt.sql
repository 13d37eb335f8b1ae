INSERT INTO attempts (message, number, pool, provider, fence, started_at)
VALUES (?, ?, ?, ?, ?, ?)
