INSERT INTO audit (at, what, kind, name, address, pool, subject, reason, before, after, once)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (once) DO NOTHING
