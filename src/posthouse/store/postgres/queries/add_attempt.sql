-- The same attempt again is nothing: whoever lost the answer of a commit asks once more, and still holds the lease.
INSERT INTO attempts (message, number, pool, provider, fence, started_at)
SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::bigint[], $6::double precision[])
ON CONFLICT (message, number) DO NOTHING
