-- Not in SQLite: what is to be kept of a partition of attempts or events.
SELECT id FROM messages WHERE id >= $1 AND id < $2 LIMIT $3
