UPDATE provider_ids_entered SET seq = ?
