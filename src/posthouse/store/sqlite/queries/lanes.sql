-- The lanes in which anything waits, due or not (mostly one, and the others need not be searched), each with the pool it
-- waits in where that is only one.
SELECT json_group_array(json_array(lane, iif(least = most, least, NULL)))
FROM (SELECT lane,
             (SELECT min(pool) FROM messages WHERE messages.lane = lanes.lane AND due_at IS NOT NULL) AS least,
             (SELECT max(pool) FROM messages WHERE messages.lane = lanes.lane AND due_at IS NOT NULL) AS most
      FROM (SELECT 0 AS lane UNION ALL SELECT 1 UNION ALL SELECT 2) AS lanes)
WHERE least IS NOT NULL
