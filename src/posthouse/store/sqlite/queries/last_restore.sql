SELECT copied_at, restored_at FROM restores WHERE restored_at IS NOT NULL ORDER BY number DESC LIMIT 1
