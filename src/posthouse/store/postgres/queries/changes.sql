SELECT at, what, kind, name, address, pool, subject, reason, before, after, once, number
FROM audit
WHERE number < $1
  AND ($2::text IS NULL OR pool = $2)
  AND ($3::text IS NULL OR what = $3)
  AND ($4::double precision IS NULL OR at >= $4)
ORDER BY number DESC
LIMIT $5
