-- A course marked with doubt (4) or with recipients served (5) has been sent, at least perhaps.
-- All items in one statement, rows are locked in the order of their ids, as everywhere.
WITH free AS (
    SELECT messages.id, given.at
    FROM (SELECT item ->> 0 AS id, item ->> 1 AS pool, (item ->> 2)::double precision AS at
          FROM unnest($1::jsonb[]) AS items (item)) AS given
    JOIN messages ON messages.id = given.id AND (given.pool IS NULL OR messages.pool = given.pool)
    WHERE status IN ('scheduled', 'queued')
      AND NOT coalesce((course::json ->> 4)::boolean, false) AND NOT coalesce((course::json ->> 5)::boolean, false)
    ORDER BY messages.id
    FOR UPDATE OF messages
)
UPDATE messages SET status = 'cancelled', due_at = NULL, lease_until = NULL
FROM free
WHERE messages.id = free.id
RETURNING messages.id, free.at
