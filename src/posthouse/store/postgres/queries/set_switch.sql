INSERT INTO switches (pool, provider, switch)
SELECT *
FROM (SELECT item ->> 0 AS pool, item ->> 1 AS provider, item ->> 2 AS switch
      FROM unnest($1::jsonb[]) AS items (item)) AS given
ORDER BY pool COLLATE "C", provider COLLATE "C"
ON CONFLICT (pool, provider) DO UPDATE SET switch = excluded.switch
