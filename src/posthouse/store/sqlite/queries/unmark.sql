DELETE FROM restores WHERE restored_at IS NULL
