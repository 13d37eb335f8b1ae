SELECT number, provider, started_at, finished_at, outcome, status, detail, evidence
FROM attempts WHERE message = $1 ORDER BY number
