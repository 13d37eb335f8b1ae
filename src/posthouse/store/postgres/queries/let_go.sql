-- With the time for its retries that it had at first.
UPDATE messages
SET status = in_doubt.status, due_at = in_doubt.due_at,
    give_up_at = greatest(give_up_at, given.at + give_up_at - accepted_at)
FROM (SELECT item ->> 0 AS id, (item ->> 1)::double precision AS at
      FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN in_doubt ON in_doubt.id = given.id
WHERE messages.id = given.id
