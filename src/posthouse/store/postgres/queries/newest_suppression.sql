SELECT pool, (SELECT max(number) FROM suppressions WHERE suppressions.pool = given.pool)
FROM (SELECT item ->> 0 AS pool FROM unnest($1::jsonb[]) AS items (item)) AS given
