INSERT INTO nodes (id, seen_at)
VALUES ($1, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()
