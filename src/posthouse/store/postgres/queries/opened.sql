SELECT attempts.message, attempts.number, provider, started_at
FROM (SELECT item ->> 0 AS message, (item ->> 1)::integer AS number
      FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN attempts ON attempts.message = given.message AND attempts.number = given.number
WHERE outcome IS NULL
