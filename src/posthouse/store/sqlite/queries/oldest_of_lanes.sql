-- The first entry of the index for each lane and pool. A lane without a row has nothing due.
WITH RECURSIVE lines (lane, pool) AS (
    SELECT column1, '' FROM (VALUES (0), (1), (2))
    UNION ALL
    SELECT lane, (SELECT min(pool) FROM messages WHERE lane = lines.lane AND due_at IS NOT NULL AND pool > lines.pool)
    FROM lines
    WHERE pool IS NOT NULL
)
SELECT lane,
       min((SELECT min(due_at) FROM messages WHERE lane = lines.lane AND pool = lines.pool AND due_at IS NOT NULL)) AS due
FROM lines
GROUP BY lane
HAVING due IS NOT NULL
