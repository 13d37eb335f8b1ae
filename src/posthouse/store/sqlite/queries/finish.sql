WITH given (id, status) AS (
VALUES (?, ?)
)
UPDATE messages
SET status = iif(given.status IN ('sent', 'held'), coalesce(told, given.status), given.status),
    due_at = NULL, lease_until = NULL
FROM given
WHERE messages.id = given.id
