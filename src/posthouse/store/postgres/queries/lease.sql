UPDATE messages SET lease_until = database_time($2, $3), fence = fence + 1, due_at = NULL
FROM unnest($1::text[]) AS given (id)
WHERE messages.id = given.id
