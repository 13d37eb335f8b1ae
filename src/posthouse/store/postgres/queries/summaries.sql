SELECT messages.id, summary
FROM (SELECT item ->> 0 AS id FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN messages ON messages.id = given.id
