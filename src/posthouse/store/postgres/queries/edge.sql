-- The last of so many messages.
SELECT id FROM messages WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT 1 OFFSET $3::bigint - 1
