-- Writes what is new or was forgotten, and answers with that. What is known it locks. In one order for all writers:
-- two that meet on two keys would otherwise wait for each other.
INSERT INTO idempotency (pool, key, digest, message, status, accepted_at, forget_at)
SELECT *
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::double precision[],
            $7::double precision[]) AS given (pool, key, digest, message, status, accepted_at, forget_at)
ORDER BY pool COLLATE "C", key COLLATE "C"
ON CONFLICT (pool, key) DO UPDATE
SET digest = excluded.digest, message = excluded.message, status = excluded.status,
    accepted_at = excluded.accepted_at, forget_at = excluded.forget_at
WHERE idempotency.forget_at <= excluded.accepted_at
RETURNING pool, key
