UPDATE messages SET status = 'queued', due_at = given.due_at, lease_until = NULL
FROM unnest($1::text[], $2::double precision[]) AS given (id, due_at)
WHERE messages.id = given.id
