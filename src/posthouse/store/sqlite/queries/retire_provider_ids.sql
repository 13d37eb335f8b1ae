DELETE FROM provider_ids WHERE message = ? AND provider_message_id = ?
