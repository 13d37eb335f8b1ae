-- Not in SQLite, where one writer makes it so: whoever adds to the suppressions of a pool has them alone.
SELECT pg_advisory_xact_lock(20552, hashtext(pool))
FROM (SELECT pool FROM unnest($1::text[]) AS given (pool) ORDER BY hashtext(pool)) AS pools
