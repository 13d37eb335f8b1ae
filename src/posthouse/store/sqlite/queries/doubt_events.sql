-- What a provider has told of meanwhile is as good as an answer.
INSERT INTO events (message, at, type, detail)
SELECT id, ?1, iif(told IS NULL, 'held', 'sent'), ?2
FROM messages
WHERE id IN (SELECT id FROM messages WHERE due_at IS NOT NULL
             UNION ALL
             SELECT id FROM messages WHERE lease_until IS NOT NULL)
