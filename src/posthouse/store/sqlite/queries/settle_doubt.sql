WITH given (id) AS (
VALUES (?)
)
DELETE FROM in_doubt WHERE id IN (SELECT id FROM given)
