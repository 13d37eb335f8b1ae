SELECT pool, provider, finished_at, outcome, health, retry_after_s, quota, started_at
FROM attempts
WHERE started_at >= $1 AND outcome IS NOT NULL
ORDER BY finished_at
