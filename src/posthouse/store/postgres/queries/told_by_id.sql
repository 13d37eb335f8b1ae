-- Locks the messages, in the order of their ids: news of one message is written down by one at a time.
SELECT messages.id, pool, status, told
FROM (SELECT item ->> 0 AS id FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN messages ON messages.id = given.id
ORDER BY messages.id
FOR UPDATE OF messages
