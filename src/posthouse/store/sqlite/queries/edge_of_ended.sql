SELECT id
FROM messages
WHERE ended = :status AND id >= :first AND id < :before
ORDER BY id DESC
LIMIT 1 OFFSET :scan - 1
