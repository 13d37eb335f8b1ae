-- The doubt ($[4]) is part of the course: whatever is sent from now on is marked, and nothing ends as `failed`.
UPDATE messages
SET status = coalesce(told, 'held'), due_at = NULL, lease_until = NULL,
    course = json_set(coalesce(course, ?), '$[4]', json('true')),
    ended = iif(told IS NULL OR told IN ('bounced', 'complained'), coalesce(told, 'held'), NULL)
WHERE id IN (SELECT id FROM messages WHERE due_at IS NOT NULL
             UNION ALL
             SELECT id FROM messages WHERE lease_until IS NOT NULL)
