SELECT idempotency.pool, idempotency.key, message, digest, status
FROM unnest($1::text[], $2::text[]) AS given (pool, key)
JOIN idempotency ON idempotency.pool = given.pool AND idempotency.key = given.key
