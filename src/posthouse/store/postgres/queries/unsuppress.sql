-- Locked in one order for all writers.
DELETE FROM suppressions
USING (SELECT suppressions.pool, suppressions.address
       FROM (SELECT item ->> 0 AS pool, item ->> 1 AS address
             FROM unnest($1::jsonb[]) AS items (item)) AS given
       JOIN suppressions ON suppressions.pool = given.pool AND suppressions.address = given.address
       ORDER BY suppressions.pool, suppressions.address
       FOR UPDATE OF suppressions) AS listed
WHERE suppressions.pool = listed.pool AND suppressions.address = listed.address
RETURNING suppressions.pool, suppressions.address, reason, source, at, by
