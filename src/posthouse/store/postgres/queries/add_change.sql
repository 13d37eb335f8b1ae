-- In the order in which they are given.
INSERT INTO audit (at, what, kind, name, address, pool, subject, reason, before, after, once)
SELECT at, what, kind, name, address, pool, subject, reason, before, after, once
FROM (SELECT (item ->> 0)::double precision AS at, item ->> 1 AS what, item ->> 2 AS kind, item ->> 3 AS name,
             item ->> 4 AS address, item ->> 5 AS pool, item ->> 6 AS subject, item ->> 7 AS reason,
             item ->> 8 AS before, item ->> 9 AS after, item ->> 10 AS once, place
      FROM unnest($1::jsonb[]) WITH ORDINALITY AS items (item, place)) AS given
ORDER BY place
ON CONFLICT (once) DO NOTHING
