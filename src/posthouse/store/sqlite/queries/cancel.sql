-- A course marked with doubt ($[4]) or with recipients served ($[5]) has been sent, at least perhaps.
UPDATE messages SET status = 'cancelled', due_at = NULL, lease_until = NULL
WHERE id = ?1 AND (?2 IS NULL OR pool = ?2) AND status IN ('scheduled', 'queued')
  AND NOT coalesce(json_extract(course, '$[4]'), 0) AND NOT coalesce(json_extract(course, '$[5]'), 0)
RETURNING id
