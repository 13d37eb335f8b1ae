WITH given (id, number, provider, doubt) AS (
VALUES (?, ?, ?, ?)
)
UPDATE messages
SET status = 'sending', attempts = given.number, provider = given.provider,
    possible_duplicate = possible_duplicate OR given.doubt
FROM given
WHERE messages.id = given.id
