-- undone: see work.py. No two claims of one process have the same fence of a message, on disk or not.
WITH given (id, until, undone) AS (
VALUES (?, ?, ?)
)
UPDATE messages SET lease_until = until, fence = fence + 1 + undone, due_at = NULL
FROM given
WHERE messages.id = given.id
