SELECT json_group_array(json_array(id, size))
FROM (SELECT id, size
      FROM messages
      WHERE lane = ? AND due_at <= ? AND pool NOT IN (SELECT value FROM json_each(?))
      ORDER BY due_at
      LIMIT ?)
