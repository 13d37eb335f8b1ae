SELECT json_group_array(json_array(id, size))
FROM (SELECT id, size FROM messages WHERE lease_until <= ? ORDER BY lease_until LIMIT ?)
