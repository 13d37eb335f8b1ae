SELECT pool, provider,
       count(*) FILTER (WHERE started_at >= $2 AND (outcome IS NULL OR outcome IN ('accepted', 'unsure'))),
       count(*) FILTER (WHERE started_at >= $3 AND (outcome IS NULL OR outcome IN ('accepted', 'unsure'))),
       max(started_at)
FROM attempts
WHERE started_at >= $1
GROUP BY pool, provider
