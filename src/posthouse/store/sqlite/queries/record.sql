WITH given (id, status, due_at, course, owed, provider_message_id) AS (
VALUES (?, ?, ?, ?, ?, ?)
)
UPDATE messages
SET status = iif(given.status IN ('sent', 'held'), coalesce(told, given.status), given.status),
    due_at = given.due_at, lease_until = NULL, course = given.course,
    owed = coalesce(given.owed, messages.owed),
    provider_message_id = coalesce(given.provider_message_id, messages.provider_message_id)
FROM given
WHERE messages.id = given.id
