-- Not in PostgreSQL, where `due` costs the same: the oldest of the only pool that waits in a lane. Nobody takes turns with
-- it, and its messages need not be looked for one by one.
SELECT json_group_array(json_array(id, size, pool))
FROM (SELECT id, size, pool
      FROM messages
      WHERE lane = ? AND pool = ? AND due_at <= ?
      ORDER BY due_at, id
      LIMIT ?)
