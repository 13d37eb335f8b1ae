UPDATE messages
SET status = CASE WHEN given.status IN ('sent', 'held') THEN coalesce(told, given.status) ELSE given.status END,
    due_at = NULL, lease_until = NULL
FROM (SELECT item ->> 0 AS id, item ->> 1 AS status
      FROM unnest($1::jsonb[]) AS items (item)) AS given
WHERE messages.id = given.id
