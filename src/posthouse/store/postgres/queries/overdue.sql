SELECT id, size
FROM messages
WHERE due_at IS NOT NULL AND least(expires_at, give_up_at) <= $1
ORDER BY least(expires_at, give_up_at), id
LIMIT $2
FOR UPDATE SKIP LOCKED
