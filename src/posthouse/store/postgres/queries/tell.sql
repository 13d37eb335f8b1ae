UPDATE messages SET status = given.status, told = given.told
FROM (SELECT item ->> 0 AS id, item ->> 1 AS status, item ->> 2 AS told
      FROM unnest($1::jsonb[]) AS items (item)) AS given
WHERE messages.id = given.id
