SELECT pool, caller, count(*)
FROM messages
WHERE id >= ? AND caller IS NOT NULL
GROUP BY pool, caller
