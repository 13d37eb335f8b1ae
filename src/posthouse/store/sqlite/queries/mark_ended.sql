WITH given (id) AS (
VALUES (?)
)
UPDATE messages
SET ended = iif(status IN ('bounced', 'complained', 'failed', 'expired', 'cancelled', 'held', 'suppressed'), status, NULL)
FROM given
WHERE messages.id = given.id
