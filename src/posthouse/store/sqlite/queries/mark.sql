-- Whether this file is a copy that nobody has opened yet, and when it was made.
SELECT copied_at FROM restores WHERE restored_at IS NULL
