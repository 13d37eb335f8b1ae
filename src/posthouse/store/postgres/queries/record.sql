UPDATE messages
SET status = CASE WHEN given.status IN ('sent', 'held') THEN coalesce(told, given.status) ELSE given.status END,
    due_at = given.due_at, lease_until = NULL, course = given.course,
    owed = coalesce(given.owed, messages.owed),
    provider_message_id = coalesce(given.provider_message_id, messages.provider_message_id)
FROM unnest($1::text[], $2::text[], $3::double precision[], $4::text[], $5::text[], $6::text[])
     AS given (id, status, due_at, course, owed, provider_message_id)
WHERE messages.id = given.id
