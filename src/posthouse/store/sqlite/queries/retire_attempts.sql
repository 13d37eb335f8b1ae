DELETE FROM attempts WHERE message = ?
