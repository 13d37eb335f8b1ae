WITH given (id, until) AS (
VALUES (?, ?)
)
UPDATE messages SET lease_until = until, fence = fence + 1, due_at = NULL
FROM given
WHERE messages.id = given.id
