WITH given (message, number, evidence) AS (
VALUES (?, ?, ?)
)
UPDATE attempts SET evidence = given.evidence
FROM given
WHERE attempts.message = given.message AND attempts.number = given.number
