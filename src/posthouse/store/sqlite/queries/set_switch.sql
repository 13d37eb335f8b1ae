INSERT INTO switches (pool, provider, switch)
VALUES (?, ?, ?)
ON CONFLICT (pool, provider) DO UPDATE SET switch = excluded.switch
