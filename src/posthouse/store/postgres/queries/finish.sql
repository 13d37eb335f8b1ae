UPDATE messages
SET status = CASE WHEN given.status IN ('sent', 'held') THEN coalesce(told, given.status) ELSE given.status END,
    due_at = NULL, lease_until = NULL
FROM unnest($1::text[], $2::text[]) AS given (id, status)
WHERE messages.id = given.id
