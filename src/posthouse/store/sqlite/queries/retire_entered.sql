-- Numbers of events at the end may be given again.
UPDATE provider_ids_entered SET seq = min(seq, (SELECT coalesce(max(seq), 0) FROM events))
