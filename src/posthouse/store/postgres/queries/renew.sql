UPDATE messages SET lease_until = database_time(given.until, $3)
FROM unnest($1::text[], $2::double precision[]) AS given (id, until)
WHERE messages.id = given.id
