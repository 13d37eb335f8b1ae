SELECT min(due_at)
FROM (SELECT min(due_at) AS due_at FROM messages WHERE lane = 0 AND due_at IS NOT NULL
      UNION ALL
      SELECT min(due_at) FROM messages WHERE lane = 1 AND due_at IS NOT NULL
      UNION ALL
      SELECT min(due_at) FROM messages WHERE lane = 2 AND due_at IS NOT NULL)
