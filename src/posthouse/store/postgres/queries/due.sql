-- The oldest of each pool that has room, then the oldest of those: a pool that is full is stepped over in one seek,
-- however much waits in it. What another process is claiming now is skipped: therefore some more are looked at ($5)
-- than are taken ($4), and only what is taken is locked.
WITH RECURSIVE pools (pool) AS (
    (SELECT pool FROM messages WHERE lane = $1 AND due_at IS NOT NULL ORDER BY pool LIMIT 1)
    UNION ALL
    SELECT (SELECT messages.pool
            FROM messages
            WHERE lane = $1 AND due_at IS NOT NULL AND messages.pool > pools.pool
            ORDER BY messages.pool
            LIMIT 1)
    FROM pools
    WHERE pools.pool IS NOT NULL
)
SELECT messages.id, messages.size
FROM (SELECT oldest.id, oldest.due_at
      FROM pools
      CROSS JOIN LATERAL (SELECT id, due_at
                          FROM messages
                          WHERE lane = $1 AND messages.pool = pools.pool AND due_at <= $2
                          ORDER BY due_at, id
                          LIMIT $5) AS oldest
      WHERE pools.pool <> ALL ($3::text[])
      ORDER BY oldest.due_at, oldest.id
      LIMIT $5) AS candidate
JOIN messages ON messages.id = candidate.id
WHERE messages.due_at <= $2
ORDER BY candidate.due_at, candidate.id
LIMIT $4
FOR UPDATE OF messages SKIP LOCKED
