INSERT INTO probes (pool, provider, node, until)
VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
ON CONFLICT (pool, provider) DO UPDATE SET node = excluded.node, until = excluded.until
WHERE probes.node = excluded.node OR probes.until < clock_timestamp()
RETURNING true
