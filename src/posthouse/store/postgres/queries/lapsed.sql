SELECT id, size
FROM messages
WHERE lease_until <= database_time($1, $2)
ORDER BY lease_until, id
LIMIT $3
FOR UPDATE SKIP LOCKED
