SELECT attempts.message, attempts.number, provider, started_at
FROM unnest($1::text[], $2::integer[]) AS given (message, number)
JOIN attempts ON attempts.message = given.message AND attempts.number = given.number
WHERE outcome IS NULL
