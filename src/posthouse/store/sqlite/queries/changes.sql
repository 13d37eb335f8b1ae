SELECT at, what, kind, name, address, pool, subject, reason, before, after, once, number
FROM audit
WHERE number < ?1
  AND (?2 IS NULL OR pool = ?2)
  AND (?3 IS NULL OR what = ?3)
  AND (?4 IS NULL OR at >= ?4)
ORDER BY number DESC
LIMIT ?5
