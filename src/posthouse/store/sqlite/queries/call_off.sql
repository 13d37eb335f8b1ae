WITH given (id) AS (
VALUES (?)
)
UPDATE messages SET status = 'cancelled', ended = 'cancelled'
FROM given
WHERE messages.id = given.id
