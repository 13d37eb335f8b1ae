-- Writes what is new or was forgotten, and answers with that. What is known it locks. In one order for all writers:
-- two that meet on two keys would otherwise wait for each other.
INSERT INTO idempotency (pool, key, digest, message, status, accepted_at, forget_at)
SELECT *
FROM (SELECT item ->> 0 AS pool, item ->> 1 AS key, decode(item ->> 2, 'base64') AS digest, item ->> 3 AS message,
             item ->> 4 AS status, (item ->> 5)::double precision AS accepted_at,
             (item ->> 6)::double precision AS forget_at
      FROM unnest($1::jsonb[]) AS items (item)) AS given
ORDER BY pool COLLATE "C", key COLLATE "C"
ON CONFLICT (pool, key) DO UPDATE
SET digest = excluded.digest, message = excluded.message, status = excluded.status,
    accepted_at = excluded.accepted_at, forget_at = excluded.forget_at
WHERE idempotency.forget_at <= excluded.accepted_at
RETURNING pool, key
