UPDATE attempts
SET finished_at = given.finished_at, outcome = given.outcome, status = given.status, detail = given.detail,
    health = given.health, retry_after_s = given.retry_after_s, quota = given.quota
FROM (SELECT item ->> 0 AS message, (item ->> 1)::integer AS number, (item ->> 2)::double precision AS finished_at,
             item ->> 3 AS outcome, (item ->> 4)::integer AS status, item ->> 5 AS detail,
             (item ->> 6)::integer AS health, (item ->> 7)::double precision AS retry_after_s,
             (item ->> 8)::boolean AS quota
      FROM unnest($1::jsonb[]) AS items (item)) AS given
WHERE attempts.message = given.message AND attempts.number = given.number
