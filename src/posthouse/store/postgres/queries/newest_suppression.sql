SELECT pool, (SELECT max(number) FROM suppressions WHERE suppressions.pool = given.pool)
FROM unnest($1::text[]) AS given (pool)
