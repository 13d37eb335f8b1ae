WITH given (id, until) AS (
VALUES (?, ?)
)
UPDATE messages SET lease_until = given.until
FROM given
WHERE messages.id = given.id
