SELECT id FROM messages WHERE pool = $4 AND id >= $1 AND id < $2 ORDER BY id DESC LIMIT 1 OFFSET $3::bigint - 1
