SELECT json_group_array(json_array(id, size))
FROM (SELECT id, size
      FROM messages
      WHERE due_at IS NOT NULL AND min(coalesce(expires_at, give_up_at), give_up_at) <= ?
      LIMIT ?)
