WITH given (id) AS (
VALUES (?)
)
SELECT id, summary
FROM given CROSS JOIN messages USING (id)
