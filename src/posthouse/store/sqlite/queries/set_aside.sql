INSERT INTO in_doubt (id, pool, status, due_at)
SELECT id, pool, iif(status = 'scheduled', 'scheduled', 'queued'), coalesce(due_at, ?)
FROM messages
WHERE told IS NULL AND id IN (SELECT id FROM messages WHERE due_at IS NOT NULL
             UNION ALL
             SELECT id FROM messages WHERE lease_until IS NOT NULL)
RETURNING 1
