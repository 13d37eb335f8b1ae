UPDATE messages SET status = 'queued', due_at = given.due_at, lease_until = NULL
FROM (SELECT item ->> 0 AS id, (item ->> 1)::double precision AS due_at
      FROM unnest($1::jsonb[]) AS items (item)) AS given
WHERE messages.id = given.id
