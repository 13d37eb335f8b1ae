-- Not in SQLite, where `find_key` does: here that one answers for many keys, after `add_key` has written the new ones.
SELECT message, digest, status
FROM idempotency
WHERE pool = $1 AND key = $2 AND forget_at > $3
