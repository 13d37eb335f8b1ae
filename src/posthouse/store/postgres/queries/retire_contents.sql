DELETE FROM contents
WHERE id = ANY (ARRAY(SELECT contents.id
                      FROM contents JOIN messages ON messages.id = contents.id
                      WHERE contents.id >= $1 AND contents.id < $2 AND due_at IS NULL AND lease_until IS NULL
                        AND NOT EXISTS (SELECT 1 FROM in_doubt WHERE in_doubt.id = contents.id)
                      ORDER BY contents.id
                      LIMIT $3
                      FOR UPDATE OF contents SKIP LOCKED))
  AND id >= $1 AND id < $2
RETURNING id
