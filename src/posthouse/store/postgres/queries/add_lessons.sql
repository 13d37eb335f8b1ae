-- The same number again is nothing: whoever lost the answer of a commit asks once more.
INSERT INTO lessons (node, number, behind_s, facts)
VALUES ($1, $2, database_time(0, $3), $4)
ON CONFLICT (node, number) DO NOTHING
