UPDATE attempts
SET finished_at = given.finished_at, outcome = given.outcome, status = given.status, detail = given.detail,
    health = given.health, retry_after_s = given.retry_after_s, quota = given.quota
FROM unnest($1::text[], $2::integer[], $3::double precision[], $4::text[], $5::integer[], $6::text[],
            $7::integer[], $8::double precision[], $9::boolean[])
     AS given (message, number, finished_at, outcome, status, detail, health, retry_after_s, quota)
WHERE attempts.message = given.message AND attempts.number = given.number
