WITH given (id) AS (
VALUES (?)
)
SELECT id, pool, fence, attempts, accepted_at, give_up_at, expires_at, needs, size, recipients,
       wanted, course, owed, told, trace, content
FROM given CROSS JOIN messages USING (id) CROSS JOIN contents USING (id)
