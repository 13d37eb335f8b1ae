SELECT seq, (SELECT coalesce(max(seq), 0) FROM events) FROM provider_ids_entered
