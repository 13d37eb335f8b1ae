-- The numbers are given in the order of the rows.
INSERT INTO events (message, at, type, provider, recipient, detail)
SELECT message, at, type, provider, recipient, detail
FROM (SELECT item ->> 0 AS message, (item ->> 1)::double precision AS at, item ->> 2 AS type, item ->> 3 AS provider,
             item ->> 4 AS recipient, item ->> 5 AS detail, place
      FROM unnest($1::jsonb[]) WITH ORDINALITY AS items (item, place)) AS given
ORDER BY place
