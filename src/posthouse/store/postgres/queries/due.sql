-- The pools take turns: first it is found out how many of each that makes, then so many of each are locked. What another
-- process is claiming now is skipped, and the next ones are taken. (SQLite's recursion keeps a line by itself.)
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
),
line AS (
    SELECT pools.pool, coalesce(held, 0) AS held
    FROM pools
    LEFT JOIN unnest($3::text[], $4::integer[], $5::integer[]) AS portion (pool, room, held) USING (pool)
    CROSS JOIN LATERAL (SELECT due_at, id
                        FROM messages
                        WHERE lane = $1 AND messages.pool = pools.pool AND due_at <= $2
                        ORDER BY due_at, id
                        LIMIT least($6::integer, coalesce(room, $6::integer))) AS oldest
    ORDER BY coalesce(held, 0) + row_number() OVER (PARTITION BY pools.pool ORDER BY oldest.due_at, oldest.id),
             oldest.due_at, oldest.id
    LIMIT $6::integer
),
turns AS MATERIALIZED (
    SELECT pool, held, count(*) AS taken FROM line GROUP BY pool, held
)
SELECT id, size, turns.pool
FROM turns
CROSS JOIN LATERAL (SELECT id, size, due_at
                    FROM messages
                    WHERE lane = $1 AND messages.pool = turns.pool AND due_at <= $2
                    ORDER BY due_at, id
                    LIMIT turns.taken
                    FOR UPDATE SKIP LOCKED) AS oldest
ORDER BY held + row_number() OVER (PARTITION BY turns.pool ORDER BY due_at, id), due_at, id
