SELECT pool, caller, count(*)
FROM messages
WHERE id >= $1 AND caller IS NOT NULL
GROUP BY pool, caller
