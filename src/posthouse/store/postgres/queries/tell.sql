UPDATE messages SET status = given.status, told = given.told
FROM unnest($1::text[], $2::text[], $3::text[]) AS given (id, status, told)
WHERE messages.id = given.id
