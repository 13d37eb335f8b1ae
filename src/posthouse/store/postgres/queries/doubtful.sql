-- A slice of what waits for a verdict, those among it of which providers told meanwhile. Locked: two verdicts at once
-- are given one after the other.
SELECT in_doubt.id, messages.status = 'held'
FROM in_doubt JOIN messages ON messages.id = in_doubt.id
WHERE ($1::text IS NULL OR in_doubt.pool = $1) AND ($2::text[] IS NULL OR in_doubt.id = ANY ($2))
ORDER BY in_doubt.id
LIMIT $3
FOR UPDATE
