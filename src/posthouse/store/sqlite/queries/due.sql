-- The oldest of each pool that has room, then the oldest of those: a pool that is full is stepped over in one seek,
-- however much waits in it.
WITH RECURSIVE pools (pool) AS (
    SELECT min(pool) FROM messages WHERE lane = ?1 AND due_at IS NOT NULL
    UNION ALL
    SELECT (SELECT min(pool) FROM messages WHERE lane = ?1 AND due_at IS NOT NULL AND pool > pools.pool)
    FROM pools
    WHERE pool IS NOT NULL
)
SELECT json_group_array(json_array(id, size))
FROM (SELECT messages.id AS id, size
      FROM pools
      JOIN messages ON messages.id IN (SELECT id
                                       FROM messages
                                       WHERE lane = ?1 AND pool = pools.pool AND due_at <= ?2
                                       ORDER BY due_at, id
                                       LIMIT ?4)
      WHERE pools.pool NOT IN (SELECT value FROM json_each(?3))
      ORDER BY due_at, messages.id
      LIMIT ?4)
