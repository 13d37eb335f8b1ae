-- For all items at once.
SELECT place, status
FROM unnest($1::integer[], $2::text[], $3::text[]) AS given (place, id, pool)
JOIN messages ON messages.id = given.id AND (given.pool IS NULL OR messages.pool = given.pool)
