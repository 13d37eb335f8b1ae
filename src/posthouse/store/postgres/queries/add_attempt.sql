-- The same attempt again is nothing: whoever lost the answer of a commit asks once more, and still holds the lease.
INSERT INTO attempts (message, number, pool, provider, fence, started_at)
SELECT *
FROM (SELECT item ->> 0 AS message, (item ->> 1)::integer AS number, item ->> 2 AS pool, item ->> 3 AS provider,
             (item ->> 4)::bigint AS fence, (item ->> 5)::double precision AS started_at
      FROM unnest($1::jsonb[]) AS items (item)) AS given
ON CONFLICT (message, number) DO NOTHING
