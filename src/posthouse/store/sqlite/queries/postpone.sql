WITH given (id, due_at) AS (
VALUES (?, ?)
)
UPDATE messages SET status = 'queued', due_at = given.due_at, lease_until = NULL
FROM given
WHERE messages.id = given.id
