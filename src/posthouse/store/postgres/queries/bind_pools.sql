-- Not in SQLite, where one writer makes it so: while attempts are begun in a pool, its suppressions stand still.
-- A statement of its own, before the list is read: a statement sees what was committed when it began.
SELECT pg_advisory_xact_lock_shared(20552, hashtext(pool))
FROM (SELECT pool FROM unnest($1::text[]) AS given (pool) ORDER BY hashtext(pool)) AS pools
