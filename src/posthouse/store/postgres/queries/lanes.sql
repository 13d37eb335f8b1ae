-- The lanes in which anything waits, due or not: mostly one, and the others need not be searched.
SELECT lane
FROM unnest(ARRAY[0, 1, 2]) AS lanes (lane)
WHERE (SELECT true FROM messages WHERE messages.lane = lanes.lane AND due_at IS NOT NULL LIMIT 1)
ORDER BY lane
