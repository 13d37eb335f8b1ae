SELECT copied_at, restored_at FROM restores ORDER BY number DESC LIMIT 1
