-- A slice of what waits for a verdict, those among it of which providers told meanwhile.
SELECT in_doubt.id, messages.status = 'held'
FROM in_doubt CROSS JOIN messages USING (id)
WHERE (?1 IS NULL OR in_doubt.pool = ?1) AND (?2 IS NULL OR in_doubt.id IN (SELECT value FROM json_each(?2)))
ORDER BY in_doubt.id
LIMIT ?3
