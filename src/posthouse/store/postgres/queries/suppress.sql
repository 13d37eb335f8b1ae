-- In one order for all writers: two that meet on two addresses would otherwise wait for each other.
INSERT INTO suppressions (pool, address, reason, source, at, by)
SELECT pool, address, reason, source, at, by
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::double precision[], $6::text[])
     WITH ORDINALITY AS given (pool, address, reason, source, at, by, place)
ORDER BY pool COLLATE "C", address COLLATE "C", place
ON CONFLICT (pool, address) DO NOTHING
RETURNING pool, address
