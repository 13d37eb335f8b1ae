DELETE FROM messages
WHERE id IN (SELECT id
             FROM messages
             WHERE id < ? AND due_at IS NULL AND lease_until IS NULL
               AND NOT EXISTS (SELECT 1 FROM in_doubt WHERE in_doubt.id = messages.id)
             ORDER BY id
             LIMIT ?)
RETURNING id, provider_message_id
