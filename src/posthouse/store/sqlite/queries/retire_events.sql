DELETE FROM events WHERE message = ?
