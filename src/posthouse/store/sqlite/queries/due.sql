-- The pools stand in a line: each with its oldest message, behind as many others as it has messages in hand. Whoever is
-- first is taken, and the next one of its pool comes in one place further back. SQLite's recursion is such a line where
-- it has an ORDER BY: a claim costs what it takes, however much waits and in however many pools.
WITH RECURSIVE pools (pool) AS (
    SELECT min(pool) FROM messages WHERE lane = ?1 AND due_at IS NOT NULL
    UNION ALL
    SELECT (SELECT min(pool) FROM messages WHERE lane = ?1 AND due_at IS NOT NULL AND pool > pools.pool)
    FROM pools
    WHERE pool IS NOT NULL
),
portions (pool, room, held) AS MATERIALIZED (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?3)
),
line (place, due_at, id, size, pool, room) AS (
    SELECT coalesce(held, 0), oldest.due_at, oldest.id, oldest.size, pools.pool, coalesce(room, ?4)
    FROM pools
    LEFT JOIN portions USING (pool)
    JOIN messages AS oldest ON oldest.id = (SELECT id
                                            FROM messages
                                            WHERE lane = ?1 AND pool = pools.pool AND due_at <= ?2
                                            ORDER BY due_at, id
                                            LIMIT 1)
    WHERE coalesce(room, ?4) > 0
    UNION ALL
    SELECT place + 1, next.due_at, next.id, next.size, line.pool, room - 1
    FROM line
    JOIN messages AS next ON next.id = (SELECT id
                                        FROM messages
                                        WHERE lane = ?1 AND pool = line.pool AND due_at <= ?2
                                          AND (due_at, id) > (line.due_at, line.id)
                                        ORDER BY due_at, id
                                        LIMIT 1)
    WHERE room > 1
    ORDER BY 1, 2, 3
    LIMIT ?4
)
SELECT json_group_array(json_array(id, size, pool)) FROM line
