INSERT INTO switches (pool, provider, switch)
SELECT *
FROM unnest($1::text[], $2::text[], $3::text[]) AS given (pool, provider, switch)
ORDER BY pool COLLATE "C", provider COLLATE "C"
ON CONFLICT (pool, provider) DO UPDATE SET switch = excluded.switch
