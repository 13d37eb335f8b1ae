WITH given (message, number, finished_at, outcome, status, detail, health, retry_after_s, quota) AS (
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
)
UPDATE attempts
SET finished_at = given.finished_at, outcome = given.outcome, status = given.status, detail = given.detail,
    health = given.health, retry_after_s = given.retry_after_s, quota = given.quota
FROM given
WHERE attempts.message = given.message AND attempts.number = given.number
