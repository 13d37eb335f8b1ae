-- In one order for all writers: two that meet on two addresses would otherwise wait for each other.
INSERT INTO suppressions (pool, address, reason, source, at, by)
SELECT pool, address, reason, source, at, by
FROM (SELECT item ->> 0 AS pool, item ->> 1 AS address, item ->> 2 AS reason, item ->> 3 AS source,
             (item ->> 4)::double precision AS at, item ->> 5 AS by, place
      FROM unnest($1::jsonb[]) WITH ORDINALITY AS items (item, place)) AS given
ORDER BY pool COLLATE "C", address COLLATE "C", place
ON CONFLICT (pool, address) DO NOTHING
RETURNING pool, address
