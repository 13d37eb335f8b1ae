SELECT status FROM messages WHERE id = ? AND (?2 IS NULL OR pool = ?2)
