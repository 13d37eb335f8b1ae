-- By the indexes of what is unfinished.
SELECT pool, status, count(*)
FROM (SELECT pool, status FROM messages WHERE due_at IS NOT NULL
      UNION ALL
      SELECT pool, status FROM messages WHERE lease_until IS NOT NULL) AS unfinished
GROUP BY pool, status
