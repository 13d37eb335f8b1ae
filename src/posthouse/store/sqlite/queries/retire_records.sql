DELETE FROM messages
WHERE id IN (SELECT id FROM messages WHERE id < ? AND due_at IS NULL AND lease_until IS NULL ORDER BY id LIMIT ?)
RETURNING id, provider_message_id
