-- With the time for its retries that it had at first.
WITH given (id, at) AS (
VALUES (?, ?)
)
UPDATE messages
SET status = in_doubt.status, due_at = in_doubt.due_at, ended = NULL,
    give_up_at = max(give_up_at, given.at + give_up_at - accepted_at)
FROM given CROSS JOIN in_doubt USING (id)
WHERE messages.id = given.id
