SELECT given.id, given.address
FROM unnest($1::text[], $2::text[], $3::text[]) AS given (id, pool, address)
JOIN suppressions ON suppressions.pool = given.pool AND suppressions.address = given.address
