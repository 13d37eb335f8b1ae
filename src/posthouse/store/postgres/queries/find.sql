SELECT id, pool, status, lane, class, summary, accepted_at, due_at, expires_at, provider, provider_message_id,
       possible_duplicate, resent_from
FROM messages
WHERE id = $1 AND ($2::text IS NULL OR pool = $2)
