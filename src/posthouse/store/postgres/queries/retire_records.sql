DELETE FROM messages
WHERE id = ANY (ARRAY(SELECT id
                      FROM messages
                      WHERE id < $1 AND due_at IS NULL AND lease_until IS NULL
                        AND NOT EXISTS (SELECT 1 FROM in_doubt WHERE in_doubt.id = messages.id)
                      ORDER BY id
                      LIMIT $2
                      FOR UPDATE SKIP LOCKED))
RETURNING id
