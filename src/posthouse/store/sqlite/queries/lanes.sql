-- The lanes in which anything waits, due or not: mostly one, and the others need not be searched.
SELECT json_group_array(lane)
FROM (SELECT 0 AS lane WHERE EXISTS (SELECT 1 FROM messages WHERE lane = 0 AND due_at IS NOT NULL)
      UNION ALL
      SELECT 1 WHERE EXISTS (SELECT 1 FROM messages WHERE lane = 1 AND due_at IS NOT NULL)
      UNION ALL
      SELECT 2 WHERE EXISTS (SELECT 1 FROM messages WHERE lane = 2 AND due_at IS NOT NULL))
