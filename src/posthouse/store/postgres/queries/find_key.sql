SELECT idempotency.pool, idempotency.key, message, digest, status
FROM (SELECT item ->> 0 AS pool, item ->> 1 AS key
      FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN idempotency ON idempotency.pool = given.pool AND idempotency.key = given.key
