SELECT id, status, told FROM messages WHERE id = ? AND pool = ?
