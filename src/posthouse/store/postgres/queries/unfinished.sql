-- How many are unfinished, counted no further than asked.
SELECT (SELECT count(*) FROM (SELECT 1 FROM messages WHERE due_at IS NOT NULL LIMIT $1) AS due)
     + (SELECT count(*) FROM (SELECT 1 FROM messages WHERE lease_until IS NOT NULL LIMIT $1) AS leased)
