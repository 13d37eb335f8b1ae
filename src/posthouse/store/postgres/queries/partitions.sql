-- Not in SQLite: the partitions of the tables that have any, as PostgreSQL describes their bounds.
SELECT parent.relname, child.relname, pg_get_expr(child.relpartbound, child.oid)
FROM pg_inherits
JOIN pg_class AS parent ON parent.oid = inhparent
JOIN pg_class AS child ON child.oid = inhrelid
WHERE parent.oid IN ('contents'::regclass, 'attempts'::regclass, 'events'::regclass)
