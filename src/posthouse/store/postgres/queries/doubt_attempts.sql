UPDATE attempts
SET finished_at = $1, outcome = 'unsure', detail = $2, health = 0
WHERE finished_at IS NULL AND message IN (SELECT id FROM messages WHERE due_at IS NOT NULL
             UNION ALL
             SELECT id FROM messages WHERE lease_until IS NOT NULL)
