INSERT INTO restores (copied_at, restored_at) VALUES ($1, $2)
