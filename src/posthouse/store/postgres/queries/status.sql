-- For all items at once.
SELECT place, status
FROM (SELECT (item ->> 0)::integer AS place, item ->> 1 AS id, item ->> 2 AS pool
      FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN messages ON messages.id = given.id AND (given.pool IS NULL OR messages.pool = given.pool)
