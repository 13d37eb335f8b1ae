-- Not in SQLite, where one writer makes it so: while attempts are begun in a pool, its suppressions stand still.
SELECT bound_pool, newest FROM bound($1) WHERE newest IS NOT NULL
