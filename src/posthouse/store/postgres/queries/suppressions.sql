SELECT pool, address, reason, source, at, by
FROM suppressions
WHERE pool = $1 AND address > $2
ORDER BY address
LIMIT $3
