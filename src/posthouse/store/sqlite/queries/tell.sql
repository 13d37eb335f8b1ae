WITH given (id, status, told, ended) AS (
VALUES (?, ?, ?, ?)
)
UPDATE messages SET status = given.status, told = given.told, ended = given.ended
FROM given
WHERE messages.id = given.id
