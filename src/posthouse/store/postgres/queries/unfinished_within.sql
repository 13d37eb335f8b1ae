-- Not in SQLite: what is to be kept of a partition of contents, the unfinished and what waits for a verdict after a
-- restore.
SELECT id
FROM (SELECT id FROM messages WHERE due_at IS NOT NULL
      UNION ALL
      SELECT id FROM messages WHERE lease_until IS NOT NULL
      UNION ALL
      SELECT id FROM in_doubt) AS unfinished
WHERE id >= $1 AND id < $2
LIMIT $3
