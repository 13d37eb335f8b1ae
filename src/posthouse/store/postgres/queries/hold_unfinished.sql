-- The doubt (4) is part of the course: whatever is sent from now on is marked, and nothing ends as `failed`.
UPDATE messages
SET status = coalesce(told, 'held'), due_at = NULL, lease_until = NULL,
    course = jsonb_set(coalesce(course, $1)::jsonb, '{4}', 'true')::text
WHERE id IN (SELECT id FROM messages WHERE due_at IS NOT NULL
             UNION ALL
             SELECT id FROM messages WHERE lease_until IS NOT NULL)
