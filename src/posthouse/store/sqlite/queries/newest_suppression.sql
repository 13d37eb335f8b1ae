WITH given (pool) AS (
VALUES (?)
)
SELECT pool, (SELECT max(number) FROM suppressions WHERE pool = given.pool) FROM given
