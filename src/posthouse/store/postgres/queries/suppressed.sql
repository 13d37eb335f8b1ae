SELECT given.id, given.address
FROM (SELECT item ->> 0 AS id, item ->> 1 AS pool, item ->> 2 AS address
      FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN suppressions ON suppressions.pool = given.pool AND suppressions.address = given.address
