SELECT id FROM messages WHERE pool = :pool AND id >= :first AND id < :before ORDER BY id DESC LIMIT 1 OFFSET :scan - 1
