DELETE FROM messages
WHERE id = ANY (ARRAY(SELECT id
                      FROM messages
                      WHERE id < $1 AND due_at IS NULL AND lease_until IS NULL
                      ORDER BY id
                      LIMIT $2
                      FOR UPDATE SKIP LOCKED))
RETURNING id
