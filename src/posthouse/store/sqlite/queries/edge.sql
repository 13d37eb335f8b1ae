-- The last of so many messages.
SELECT id FROM messages WHERE id >= :first AND id < :before ORDER BY id DESC LIMIT 1 OFFSET :scan - 1
