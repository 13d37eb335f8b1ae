-- The first entry of the index for each lane and pool.
WITH RECURSIVE lines (lane, pool) AS (
    SELECT lane, '' COLLATE "C" FROM unnest(ARRAY[0, 1, 2]) AS lanes (lane)
    UNION ALL
    SELECT lane, (SELECT messages.pool
                  FROM messages
                  WHERE messages.lane = lines.lane AND due_at IS NOT NULL AND messages.pool > lines.pool
                  ORDER BY messages.pool
                  LIMIT 1)
    FROM lines
    WHERE lines.pool IS NOT NULL
)
SELECT min((SELECT due_at
            FROM messages
            WHERE messages.lane = lines.lane AND messages.pool = lines.pool AND due_at IS NOT NULL
            ORDER BY due_at
            LIMIT 1))
FROM lines
